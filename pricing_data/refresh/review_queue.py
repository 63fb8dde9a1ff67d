"""What a refresh did not take from the sources, and why: a line for each, kept beside the book."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pricing_data.errors import DamagedCuration

# held      waits for a person: a guard caught it, or it is announced for later
# refused   an amount that cannot be a price
# retired   no source lists the model any more
# lapsed    an override whose time is over
KINDS = ("held", "refused", "retired", "lapsed")


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """A price that the sources give and the book does not take, and why. `value` is USD per token."""

    model: str
    kind: str
    reason: str
    value: str | None = None
    effective_from: str | None = None
    source: str | None = None
    field: str | None = None

    @property
    def amount(self) -> Decimal | None:
        """The value as a number; None if there is none, or it is not one."""
        try:
            amount = Decimal(self.value or "NaN")
        except InvalidOperation:
            return None
        return amount if amount.is_finite() else None


def review_queue_text(notes: Iterable[ReviewNote]) -> str:
    """The notes as JSON lines."""
    kept = ({name: value for name, value in asdict(note).items() if value} for note in notes)
    return "".join(json.dumps(note, ensure_ascii=False) + "\n" for note in kept)


def read_review_queue(path: Path) -> tuple[ReviewNote, ...]:
    """The notes of a file; none if there is no such file. Raises DamagedCuration."""
    if not path.exists():
        return ()
    notes: list[ReviewNote] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            notes.append(ReviewNote(**json.loads(line)))
        except (ValueError, TypeError) as fault:
            raise DamagedCuration(path, f"line {number}", repr(fault)) from fault
    return tuple(notes)
