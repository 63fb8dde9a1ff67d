"""Adds to rows of exports what their names of models stand for."""

from pricing_data.errors import BadUsage
from pricing_data.named_models import NamedModel, ResolveModel
from pricing_data.usage_files.row import UsageRow

# Names that are kept; an export has few different ones.
MAX_NAMES = 10_000


class RowNames:
    """Resolves the names of models in rows, each once. A row with an unknown name gets a fault."""

    def __init__(self, resolve: ResolveModel) -> None:
        self._resolve = resolve
        self._known: dict[str, NamedModel | str] = {}

    def named(self, row: UsageRow) -> UsageRow:
        """Return a row with its model, or with the fault of its name. A row that has a fault stays as it is."""
        found = self._known.get(row.model)
        if found is None:
            found = self._find(row.model)
        if row.fault is not None or row.terms is None:
            return row
        if isinstance(found, str):
            return row._replace(fault=found)
        return row if found.is_plain and found.model == row.model else row._replace(named=found)

    def _find(self, name: str) -> NamedModel | str:
        found: NamedModel | str
        try:
            found = self._resolve(name, None)
        except BadUsage as fault:
            found = fault.reason
        if len(self._known) >= MAX_NAMES:
            self._known.clear()
        self._known[name] = found
        return found
