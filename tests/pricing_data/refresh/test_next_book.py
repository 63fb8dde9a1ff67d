"""A refresh over an existing book: what is appended, and what is held for a person."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pytest

from pricing_data.book import PriceBook
from pricing_data.book.overrides import Correction, Override, PricesFile
from pricing_data.price import Price, PriceSource, Rates, Tariff
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.next_book import RefreshInputs, RefreshResult, refresh, unread
from pricing_data.refresh.review_queue import ReviewNote, review_queue_text
from pricing_data.refresh.source_snapshot import AmountReader, Offer, RefusedAmount, SourceSnapshot
from pricing_data.usage import Terms, Usage
from tests.pricing_data.conftest import SHA256, price

TODAY = date(2026, 7, 1)
IDS = {"genai-prices": "g/a", "litellm": "a"}
UPSTREAM = {"a": ModelRule("a", "first_party", IDS)}


def midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def snapshot(package: str, *offers: tuple[str, date | None], faults: tuple[RefusedAmount, ...] = ()) -> SourceSnapshot:
    source = PriceSource(package, "2.0", SHA256, "x", "a")
    made = tuple(
        Offer(source, midnight(since), "upstream_dated" if since else "first_observed", Tariff(Rates(Decimal(amount))))
        for amount, since in offers
    )
    return SourceSnapshot(package, {IDS[package]: made} if made else {}, faults)


def run(
    before: list[Price],
    *snapshots: SourceSnapshot,
    cited: PricesFile = PricesFile(),  # noqa: B008  frozen
    notes: tuple[ReviewNote, ...] = (),
    today: date = TODAY,
) -> RefreshResult:
    found = {package: snapshot(package) for package in IDS} | {r.package: r for r in snapshots}
    return refresh(before, RefreshInputs(UPSTREAM, cited, found, notes, today))


BEFORE = [price("a", date(2026, 1, 1), "0.000002", date(2026, 6, 1))]


def test_nothing_new_appends_nothing() -> None:
    """Sources that say what the book says leave it as it is."""
    done = run(BEFORE, snapshot("genai-prices", ("0.000002", None)))
    assert (list(done.rows), done.appended, done.notes) == (BEFORE, (), ())


def test_an_undated_change_holds_from_today() -> None:
    """A new price without a date is appended from the day of the refresh; the old row stays."""
    done = run(BEFORE, snapshot("genai-prices", ("0.000003", None)))
    assert done.rows[0] == BEFORE[0]
    assert [(row.effective_from, row.input) for row in done.appended] == [(TODAY, Decimal("0.000003"))]


def test_a_dated_change_holds_from_its_day() -> None:
    """A dated change is appended with its own day."""
    day = date(2026, 6, 20)
    done = run(BEFORE, snapshot("genai-prices", ("0.000002", None), ("0.000003", day)))
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
    done = run(BEFORE, snapshot("genai-prices", (amount, date(2026, 6, 20))))
    assert done.appended == ()
    assert [note.kind for note in done.notes] == ["held"]
    assert reason in done.notes[0].reason


def test_a_change_of_three_times_is_taken() -> None:
    """The guard begins above three times."""
    assert len(run(BEFORE, snapshot("genai-prices", ("0.000006", None))).appended) == 1


def test_an_undated_change_that_nobody_confirms_is_held() -> None:
    """Where the sources disagree and none gives a date, the last published price stays."""
    done = run(BEFORE, snapshot("genai-prices", ("0.000003", None)), snapshot("litellm", ("0.000002", None)))
    assert done.appended == ()
    assert "no other source confirms" in done.notes[0].reason


def test_a_model_that_vanished_is_retired() -> None:
    """A model that no source lists any more keeps its last price, in state retired; a second refresh adds nothing."""
    done = run(BEFORE)
    assert [(row.state, row.input, row.effective_from) for row in done.appended] == [
        ("retired", BEFORE[0].input, TODAY)
    ]
    assert [note.kind for note in done.notes] == ["retired"]
    again = run(list(done.rows))
    assert (again.appended, again.notes) == ((), ())


def test_a_model_that_returns_is_priced_again() -> None:
    """A retired model that a source lists again leaves that state, at the same price too."""
    gone = run(BEFORE)
    back = run(list(gone.rows), snapshot("genai-prices", ("0.000002", None)), today=date(2026, 7, 2))
    assert [(change.kind, change.row.state) for change in back.changes] == [("returned", "single")]


def test_a_price_announced_for_later_is_in_force_on_its_instant(book_of: Callable[..., PriceBook]) -> None:
    """A book made in November has the price of December: it holds from its instant on, without another refresh."""
    at = datetime(2026, 12, 1, 16, tzinfo=UTC)
    done = run(BEFORE, announced("0.000002", ("0.000003", at)), today=date(2026, 11, 20))
    assert [(row.begins, row.input, row.recorded_at) for row in done.appended] == [
        (at, Decimal("0.000003"), date(2026, 11, 20))
    ]
    book = book_of(*done.rows)
    usage = Usage(1_000_000)
    for moment, usd in ((at - timedelta(seconds=1), "2"), (at, "3"), (date(2026, 12, 1), "2"), (date(2027, 1, 1), "3")):
        assert book.call_cost("a", usage, Terms(moment)).total == Decimal(usd)


def test_an_announced_price_passes_the_guards() -> None:
    """A rise above three times that is announced waits for a person, as one of today does."""
    done = run(BEFORE, announced("0.000002", ("0.00001", datetime(2026, 12, 1, tzinfo=UTC))))
    assert (done.appended, [note.kind for note in done.notes]) == ((), ["held"])


def announced(now: str, *later: tuple[str, datetime]) -> SourceSnapshot:
    """A source with an undated price and others from instants on."""
    source = PriceSource("genai-prices", "2.0", SHA256, "x", "a")
    made = [Offer(source, None, "first_observed", Tariff(Rates(Decimal(now))))]
    made += [Offer(source, at, "upstream_dated", Tariff(Rates(Decimal(amount)))) for amount, at in later]
    return SourceSnapshot("genai-prices", {IDS["genai-prices"]: tuple(made)}, ())


def test_a_new_word_of_another_source_renews_a_row() -> None:
    """Where only the opinion of another source on one rate has changed, the same price is appended once, with the
    new state of that rate; it does not count as a change."""
    own = Rates(Decimal("0.000002"), cached_input=Decimal("0.000001"))
    first = run([], rates_of("genai-prices", own), rates_of("litellm", own))
    other = Rates(Decimal("0.000002"), cached_input=Decimal("0.0000005"))
    done = run(list(first.rows), rates_of("genai-prices", own), rates_of("litellm", other), today=date(2026, 7, 2))
    assert [change.kind for change in done.changes] == ["renewed"]
    row = done.appended[0]
    assert (row.tariff, row.statement("input").state, row.statement("cached_input").state) == (
        first.rows[-1].tariff,
        "agreed",
        "disputed",
    )
    assert row.statement("cached_input").opinions == (("litellm", "cached_input", Decimal("0.0000005")),)
    assert done.changed_percent() == 0
    again = run(list(done.rows), rates_of("genai-prices", own), rates_of("litellm", other), today=date(2026, 7, 3))
    assert again.appended == ()


def rates_of(package: str, rates: Rates) -> SourceSnapshot:
    source = PriceSource(package, "2.0", SHA256, "x", "a")
    return SourceSnapshot(package, {IDS[package]: (Offer(source, None, "first_observed", Tariff(rates)),)}, ())


def test_a_rate_that_is_learned_begins_today() -> None:
    """A rate that the book lacks and a source states now is appended from the day of the refresh, never in old rows."""
    known = Rates(Decimal("0.000002"), cached_input=Decimal("0.0000002"))
    done = run(BEFORE, rates_of("genai-prices", known))
    assert [(row.effective_from, row.cached_input) for row in done.appended] == [(TODAY, Decimal("0.0000002"))]
    assert done.rows[0] == BEFORE[0]


def test_a_refused_amount_is_noted() -> None:
    """An amount that a source gave and that cannot be a price is listed with its reason."""
    fault = RefusedAmount("litellm", "a", "output", "-1", "not above zero")
    done = run(BEFORE, snapshot("genai-prices", ("0.000002", None)), snapshot("litellm", faults=(fault,)))
    assert [(note.kind, note.value) for note in done.notes] == [("refused", "-1")]
    assert '"refused"' in review_queue_text(done.notes)


def test_a_new_model_enters_with_its_history() -> None:
    """A model that the book lacks brings all its dated prices at once."""
    days = [("0.00001", date(2026, 1, 1)), ("0.000002", date(2026, 2, 1))]
    done = run([], snapshot("genai-prices", *days))
    assert [row.input for row in done.appended] == [Decimal("0.00001"), Decimal("0.000002")]


def test_ids_that_nothing_answers_to_are_listed() -> None:
    """A misspelt upstream id does not pass unseen."""
    nothing = {package: snapshot(package) for package in IDS}
    assert unread(UPSTREAM, nothing, {}) == ["a: genai-prices g/a", "a: litellm a"]
    assert unread(UPSTREAM, nothing, {"litellm": snapshot("litellm", ("0.000002", None))}) == ["a: genai-prices g/a"]


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
    amounts = AmountReader("p")
    assert amounts.per_mtok("k", "input", value) is None
    assert [(fault.key, fault.field) for fault in amounts.faults] == [("k", "input")]
    assert reason in amounts.faults[0].reason


def test_amounts_are_exact() -> None:
    """An amount per million tokens becomes one per token without rounding; an absent one stays absent."""
    amounts = AmountReader("p")
    assert amounts.per_mtok("k", "input", Decimal("0.0375")) == Decimal("0.0000000375")
    assert amounts.per_mtok("k", "input", None) is None
    assert amounts.faults == []


def fault(value: str, reason: str = "not above zero") -> RefusedAmount:
    return RefusedAmount("genai-prices", "g/a", "input", value, reason)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("0", "not above zero"),
        ("-0.1", "not above zero"),
        ("NaN", "not a finite number"),
        ("0.0000000000001", "more than 12 decimals"),
    ],
)
def test_a_source_that_breaks_changes_nothing(value: str, reason: str) -> None:
    """When the source of a price gives a zero or nonsense, the price stays and the model is held, not retired;
    another source does not step in."""
    broken = snapshot("genai-prices", faults=(fault(value, reason),))
    for other in (snapshot("litellm"), snapshot("litellm", ("0.000001", None))):
        done = run(BEFORE, broken, other)
        assert done.appended == ()
        assert {note.kind for note in done.notes} == {"refused", "held"}


def test_zero_becoming_a_price_is_held_until_it_is_allowed() -> None:
    """The first price of a model that was given as 0 before waits for a cited word, however often it is seen."""
    notes = run([], snapshot("genai-prices", faults=(fault("0"),))).notes
    priced = snapshot("genai-prices", ("0.000002", None))
    for _ in range(2):
        done = run([], priced, notes=notes)
        assert (done.appended, [note.kind for note in done.notes]) == ((), ["held"])
        notes = done.notes
    allowed = PricesFile(allowed=frozenset({("a", Decimal("0.000002"))}))
    assert len(run([], priced, notes=notes, cited=allowed).appended) == 1


def test_an_allowed_change_passes_its_guard() -> None:
    """A cited word lets exactly the named price pass."""
    offered = snapshot("genai-prices", ("0.0000061", None))
    for amount, taken in (("0.0000061", 1), ("0.0000062", 0)):
        cited = PricesFile(allowed=frozenset({("a", Decimal(amount))}))
        assert len(run(BEFORE, offered, cited=cited).appended) == taken


def test_a_first_price_off_by_a_unit_is_held() -> None:
    """A new model whose two sources differ by a thousand does not enter the book."""
    done = run([], snapshot("genai-prices", ("0.000002", None)), snapshot("litellm", ("0.000000002", None)))
    assert (done.appended, done.notes[0].kind) == ((), "held")


def test_an_announced_rise_that_is_withdrawn_does_not_apply_itself() -> None:
    """A price recorded for next week is taken back by a correction when the sources no longer announce it."""
    day = date(2026, 7, 5)
    announced = run(BEFORE, snapshot("genai-prices", ("0.000002", None), ("0.000003", day)))
    assert announced.appended[0].effective_from == day
    done = run(list(announced.rows), snapshot("genai-prices", ("0.000002", None)), today=date(2026, 7, 2))
    assert [(change.kind, change.row.input, change.row.effective_from) for change in done.changes] == [
        ("corrected", Decimal("0.000002"), day)
    ]
    assert done.appended[0].corrects


def test_a_second_change_within_a_day_is_a_correction() -> None:
    """Two refreshes of one day with different prices leave both rows, the later one in force."""
    first = run(BEFORE, snapshot("genai-prices", ("0.000003", None)))
    second = run(list(first.rows), snapshot("genai-prices", ("0.000004", None)))
    assert [(row.effective_from, row.corrects is not None) for row in second.appended] == [(TODAY, True)]


CITED = PriceSource("overrides.toml", "1", SHA256, "override", "a", "https://example.org")


def override(replaces: str | None, expires: date | None = None) -> PricesFile:
    amount = Decimal(replaces) if replaces else None
    rates = Rates(Decimal("0.000009"))
    return PricesFile((Override("a", date(2026, 5, 1), rates, amount, expires, CITED, "r"),))


def test_an_override_stands_while_the_sources_say_what_it_replaces() -> None:
    """It wins over the price that it names, past every guard, and where there was none; its state says so."""
    offered = snapshot("genai-prices", ("0.000002", None))
    for done in (run(BEFORE, offered, cited=override("0.000002")), run([], cited=override(None))):
        assert [(row.input, row.state) for row in done.appended] == [(Decimal("0.000009"), "override")]
        again = run(
            list(done.rows),
            *([offered] if done.rows[0] == BEFORE[0] else []),
            cited=override("0.000002" if done.rows[0] == BEFORE[0] else None),
        )
        assert again.appended == ()


@pytest.mark.parametrize(
    "cited",
    [override("0.000003"), override(None), override("0.000002", expires=TODAY)],
    ids=["changed", "known", "expired"],
)
def test_an_override_lapses(cited: PricesFile) -> None:
    """It lapses when the sources change, when they begin to know the model, and on its last day."""
    done = run(BEFORE, snapshot("genai-prices", ("0.000002", None)), cited=cited)
    assert done.appended == ()
    assert [note.kind for note in done.notes] == ["lapsed"]


def test_after_an_override_the_sources_hold_again() -> None:
    """When an override is taken away the sources' price returns, however far it lies from the override's."""
    offered = snapshot("genai-prices", ("0.000002", None))
    over = run(BEFORE, offered, cited=override("0.000002"))
    done = run(list(over.rows), offered, today=date(2026, 7, 2))
    assert [(row.input, row.state) for row in done.appended] == [(Decimal("0.000002"), "single")]


def test_a_cited_correction_is_appended_once() -> None:
    """A correction of an earlier day is a row that stands in for the wrong one, with its reason."""
    day = BEFORE[0].effective_from
    cited = PricesFile(corrections=(Correction("a", day, Rates(Decimal("0.000001")), CITED, "misread"),))
    offered = snapshot("genai-prices", ("0.000001", None))
    done = run(BEFORE, offered, cited=cited)
    assert [(row.effective_from, row.input, row.corrects) for row in done.appended] == [
        (day, Decimal("0.000001"), "misread")
    ]
    assert run(list(done.rows), offered, cited=cited).appended == ()


def test_the_share_of_changed_models() -> None:
    """New models do not count; a model with several new rows counts once."""
    done = run(BEFORE, snapshot("genai-prices", ("0.000002", None), ("0.000003", date(2026, 6, 20))))
    assert done.changed_percent() == 100
    assert run([], snapshot("genai-prices", ("0.000002", None))).changed_percent() == 0
