"""A refresh over an existing book: what is appended, and what is held for a person."""

from datetime import date
from decimal import Decimal

import pytest

from pricing_data.curation import Upstream
from pricing_data.offers import Amounts, Fault, Offer, Reading
from pricing_data.price import Price, Rates, Source, Tariff
from pricing_data.refresh import Refresh, refresh, unread
from tests.pricing_data.conftest import SHA256, price

TODAY = date(2026, 7, 1)
IDS = {"genai-prices": "g/a", "litellm": "a"}
UPSTREAM = {"a": Upstream("a", "first_party", IDS)}


def reading(package: str, *offers: tuple[str, date | None], faults: tuple[Fault, ...] = ()) -> Reading:
    source = Source(package, "2.0", SHA256, "x", "a")
    made = tuple(
        Offer(source, since, "upstream_dated" if since else "first_observed", Tariff(Rates(Decimal(amount))))
        for amount, since in offers
    )
    return Reading(package, {IDS[package]: made} if made else {}, faults)


def run(before: list[Price], *readings: Reading) -> Refresh:
    found = {package: reading(package) for package in IDS} | {r.package: r for r in readings}
    return refresh(before, UPSTREAM, {}, found, TODAY)


BEFORE = [price("a", date(2026, 1, 1), "0.000002", date(2026, 6, 1))]


def test_nothing_new_appends_nothing() -> None:
    """Sources that say what the book says leave it as it is."""
    done = run(BEFORE, reading("genai-prices", ("0.000002", None)))
    assert (list(done.rows), done.appended, done.notes) == (BEFORE, (), ())


def test_an_undated_change_holds_from_today() -> None:
    """A new price without a date is appended from the day of the refresh; the old row stays."""
    done = run(BEFORE, reading("genai-prices", ("0.000003", None)))
    assert done.rows[0] == BEFORE[0]
    assert [(row.effective_from, row.input) for row in done.appended] == [(TODAY, Decimal("0.000003"))]


def test_a_dated_change_holds_from_its_day() -> None:
    """A dated change is appended with its own day."""
    day = date(2026, 6, 20)
    done = run(BEFORE, reading("genai-prices", ("0.000002", None), ("0.000003", day)))
    assert [(row.effective_from, row.recorded_at) for row in done.appended] == [(day, TODAY)]


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        ("0.0000061", "more than 3 times"),
        ("0.0000006", "more than 3 times"),
        ("0.0002", "slip of units"),
        ("0.00000002", "slip of units"),
        ("0.00000000206", "slip of units"),
    ],
)
def test_a_strange_change_is_held(amount: str, reason: str) -> None:
    """A change above three times, or by about a hundred or a thousand, waits for a person."""
    done = run(BEFORE, reading("genai-prices", (amount, date(2026, 6, 20))))
    assert done.appended == ()
    assert [note.kind for note in done.notes] == ["held"]
    assert reason in done.notes[0].reason


def test_a_change_of_three_times_is_taken() -> None:
    """The guard begins above three times."""
    assert len(run(BEFORE, reading("genai-prices", ("0.000006", None))).appended) == 1


def test_a_disputed_undated_change_is_held() -> None:
    """Where the sources disagree and none gives a date, the last published price stays."""
    done = run(BEFORE, reading("genai-prices", ("0.000003", None)), reading("litellm", ("0.000002", None)))
    assert done.appended == ()
    assert "dispute" in done.notes[0].reason


def test_a_model_that_vanished_keeps_its_price() -> None:
    """A model that no source sells any more stays in the book and is noted."""
    done = run(BEFORE)
    assert list(done.rows) == BEFORE
    assert [note.kind for note in done.notes] == ["vanished"]


@pytest.mark.parametrize(("day", "taken"), [(date(2026, 7, 8), True), (date(2026, 7, 9), False)])
def test_a_price_announced_for_later_is_held(day: date, taken: bool) -> None:
    """A future price enters the book only in the last week before its day."""
    done = run(BEFORE, reading("genai-prices", ("0.000002", None), ("0.000003", day)))
    assert bool(done.appended) == taken
    assert [note.kind for note in done.notes] == ([] if taken else ["held"])


def test_a_refused_amount_is_noted() -> None:
    """An amount that a source gave and that cannot be a price is listed with its reason."""
    fault = Fault("litellm", "a", "output", "-1", "not above zero")
    done = run(BEFORE, reading("genai-prices", ("0.000002", None)), reading("litellm", faults=(fault,)))
    assert [(note.kind, note.value) for note in done.notes] == [("refused", "-1")]
    assert '"refused"' in done.notes_text


def test_a_new_model_enters_with_its_history() -> None:
    """A model that the book lacks brings all its dated prices at once."""
    days = [("0.00001", date(2026, 1, 1)), ("0.000002", date(2026, 2, 1))]
    done = run([], reading("genai-prices", *days))
    assert [row.input for row in done.appended] == [Decimal("0.00001"), Decimal("0.000002")]


def test_ids_that_nothing_answers_to_are_listed() -> None:
    """A misspelt upstream id does not pass unseen."""
    assert unread(UPSTREAM, {package: reading(package) for package in IDS}) == ["a: genai-prices g/a", "a: litellm a"]


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Decimal(-1), "not above zero"),
        (Decimal(0), "not above zero"),
        (Decimal("NaN"), "not a finite number"),
        (Decimal("Infinity"), "not a finite number"),
        (Decimal("0.0000001"), "more than 12 decimals"),
        (Decimal(1001), "above 0.001"),
        (0.5, "not an exact number"),
        (True, "not an exact number"),
        ("a lot", "not an exact number"),
    ],
)
def test_amounts_are_refused(value: object, reason: str) -> None:
    """An amount per million tokens that cannot be an exact price is left out and listed."""
    amounts = Amounts("p")
    assert amounts.per_mtok("k", "input", value) is None
    assert [(fault.key, fault.field) for fault in amounts.faults] == [("k", "input")]
    assert reason in amounts.faults[0].reason


def test_amounts_are_exact() -> None:
    """An amount per million tokens becomes one per token without rounding; an absent one stays absent."""
    amounts = Amounts("p")
    assert amounts.per_mtok("k", "input", Decimal("0.0375")) == Decimal("0.0000000375")
    assert amounts.per_mtok("k", "input", None) is None
    assert amounts.faults == []
