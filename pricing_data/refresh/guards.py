"""What is not taken from the sources without a person's word."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from pricing_data.cost import plain
from pricing_data.price import Price, Rates
from pricing_data.rate_paths import rates_by_path
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.review_queue import ReviewNote
from pricing_data.refresh.source_snapshot import RefusedAmount, SourceSnapshot, same_price, slipped

MAX_RATIO = Decimal(3)
ZERO_BEFORE = "zero becomes non-zero: it was given as 0 before"


def change_fault(old: Price, new: Price) -> str | None:
    """Return why a change is not taken without a cited entry of a person, None if it is."""
    undated = new.effective_from == new.recorded_at and not same_price(old.tariff.rates, new.tariff.rates)
    if undated and new.second_opinions and not _backed(new):
        return f"a change without a date, which no other source confirms: now {_shown(old.input)}"
    known, changed = rates_by_path(old.tariff), rates_by_path(new.tariff)
    for path, after in changed.items():
        before = known.get(path)
        if before is not None and (fault := ratio_fault(before, after)):
            return f"{path} {fault}: {plain(before)} to {plain(after)}"
    return None


def new_fault(new: Price) -> str | None:
    """Return why the first price of a model is not taken: it differs from another source by a slip of units."""
    for opinion in new.second_opinions:
        if new.input is not None and slipped(new.input, opinion.value):
            return f"looks like a slip of units: {opinion.source} gives {plain(opinion.value)}"
    return None


def ratio_fault(before: Decimal, after: Decimal) -> str | None:
    """Return what is unusual about a change, None if nothing is."""
    if slipped(before, after):
        return "looks like a slip of units"
    return f"changes more than {MAX_RATIO} times" if max(before, after) > MAX_RATIO * min(before, after) else None


def broken_source(last: Price, model_rule: ModelRule, snapshots: Mapping[str, SourceSnapshot]) -> ReviewNote | None:
    """The source of the last row gives an input price that cannot be one: a zero, a negative, too many decimals."""
    package = last.source.package
    key = model_rule.ids.get(package)
    if key is None or key in snapshots[package].offers:
        return None
    for fault in snapshots[package].faults:
        if fault.key == key and fault.field == "input":
            reason = f"input is {fault.reason}; the last price stays"
            return ReviewNote(model_rule.model, "held", reason, fault.value, None, package, "input")
    return None


def was_zero(model: str, notes_before: Sequence[ReviewNote], new: Price) -> bool:
    """Whether the source of a model's first price gave 0 for it at the last refresh."""
    return any(
        note.model == model
        and note.source == new.source.package
        and (note.reason == ZERO_BEFORE or (note.field == "input" and note.amount == 0))
        for note in notes_before
    )


def fault_notes(model_rule: ModelRule, snapshots: Mapping[str, SourceSnapshot]) -> list[ReviewNote]:
    """Return notes of the amounts of a model's own entries that were refused."""
    return [
        ReviewNote(
            model_rule.model, "refused", f"{fault.field} is {fault.reason}", fault.value, None, package, fault.field
        )
        for package, key in model_rule.ids.items()
        for fault in snapshots[package].faults
        if _entry(fault) == key
    ]


def _entry(fault: RefusedAmount) -> str:
    return fault.key.removesuffix(" (batch)")


def _backed(row: Price) -> bool:
    """Whether another source asks what the row says."""
    own = row.tariff.rates
    return any(same_price(own, Rates(opinion.value, opinion.output)) for opinion in row.second_opinions)


def _shown(value: Decimal | None) -> str:
    return "no price" if value is None else plain(value)
