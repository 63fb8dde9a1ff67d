"""The review queue: what a refresh did not take from the sources, and why. A file of JSON lines beside the book."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from pricing_data.errors import DamagedCuration

# held      waits for review: a guard caught it, or it is announced for later
# refused   an amount that cannot be a price
# retired   no source lists the model any more
# lapsed    an override that is no longer in effect
KINDS = ("held", "refused", "retired", "lapsed")


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """A price in the sources that the book does not take, and why. `value` is USD per token."""

    model: str
    kind: str
    reason: str
    value: str | None = None
    effective_from: str | None = None
    source: str | None = None
    field: str | None = None

    @property
    def amount(self) -> Decimal | None:
        """Return the value as a number, None for a missing or malformed one."""
        try:
            amount = Decimal(self.value or "NaN")
        except InvalidOperation:
            return None
        return amount if amount.is_finite() else None


def review_queue_text(notes: Iterable[ReviewNote]) -> str:
    """Return the notes as JSON lines."""
    kept = ({name: value for name, value in asdict(note).items() if value} for note in notes)
    return "".join(json.dumps(note, ensure_ascii=False) + "\n" for note in kept)


def read_review_queue(path: Path) -> tuple[ReviewNote, ...]:
    """Return the notes of a file; none if there is no such file. Raise DamagedCuration."""
    if not path.exists():
        return ()
    notes: list[ReviewNote] = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            notes.append(ReviewNote(**json.loads(line)))
        except (ValueError, TypeError) as fault:
            raise DamagedCuration(path, f"line {number}", repr(fault)) from fault
    return tuple(notes)
