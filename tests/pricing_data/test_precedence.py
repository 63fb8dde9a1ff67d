"""Which source's price holds from which day, on small hand-made sources."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

from pricing_data.curation import Upstream
from pricing_data.offers import Offer, Reading
from pricing_data.precedence import prices, steps, told
from pricing_data.price import Price, Rates, Source, Tariff, Tier, Window
from tests.pricing_data.conftest import SHA256

TODAY = date(2026, 6, 1)
GENAI, LITELLM, HISTORY = "genai-prices", "litellm", "model-prices"
IDS = {GENAI: "g/a", LITELLM: "a", HISTORY: "m/a"}


def midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


def offer(package: str, amount: str, since: date | None = None, cached: str | None = None) -> Offer:
    rates = Rates(Decimal(amount), None, Decimal(cached) if cached else None)
    return Offer(Source(package, "1", SHA256, "x", "a"), midnight(since), "documented", Tariff(rates))


def timeline(*offers: Offer, **curated: date) -> list[Price]:
    upstream = Upstream("a", "first_party", IDS, priced_from=curated.get("priced_from"))
    readings = {
        package: Reading(package, {key: tuple(o for o in offers if o.source.package == package)}, ())
        for package, key in IDS.items()
    }
    sources = told(upstream, readings)
    return prices(upstream, steps(upstream, sources, TODAY), sources, TODAY)


def facts(rows: list[Price]) -> list[tuple[str, str, str, str]]:
    return [(str(r.effective_from), str(r.input), r.source.package, r.state) for r in rows]


MARCH, APRIL, MAY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 5, 1)


def test_no_source_gives_no_price() -> None:
    """A model that no source sells has no row, rather than one at zero."""
    assert timeline() == []


def test_the_primary_alone_is_dated_by_the_refresh() -> None:
    """An undated price holds from the day it was read, and says so."""
    rows = timeline(offer(GENAI, "0.000002"))
    assert facts(rows) == [("2026-06-01", "0.000002", GENAI, "single")]
    assert rows[0].basis == "first_observed"


def test_the_secondary_stands_in_for_the_primary() -> None:
    """Where neither the primary nor the history knows a model, the secondary's price holds."""
    assert facts(timeline(offer(LITELLM, "0.000002"))) == [("2026-06-01", "0.000002", LITELLM, "single")]


def test_the_history_dates_the_primary() -> None:
    """A price on which both agree is the primary's, from the history's day."""
    rows = timeline(offer(GENAI, "0.000002"), offer(HISTORY, "0.000002", MARCH))
    assert facts(rows) == [("2026-03-01", "0.000002", GENAI, "agreed")]
    assert rows[0].basis == "documented"


def test_the_primary_wins_over_a_history_without_a_change() -> None:
    """A single older price of the history does not overrule the primary; the row is disputed."""
    rows = timeline(offer(GENAI, "0.000002"), offer(HISTORY, "0.000003", MARCH))
    assert facts(rows) == [("2026-06-01", "0.000002", GENAI, "disputed")]


def test_a_dated_change_beats_an_undated_majority() -> None:
    """The newest dated change wins even where two other sources give the older price."""
    history = offer(HISTORY, "0.000003", MARCH), offer(HISTORY, "0.000001", MAY)
    rows = timeline(offer(GENAI, "0.000003"), offer(LITELLM, "0.000003"), *history)
    assert facts(rows)[-1] == ("2026-05-01", "0.000001", HISTORY, "disputed")


def test_a_change_that_both_tell_is_one_row() -> None:
    """The day is that of the earlier telling, the tariff the primary's."""
    primary = offer(GENAI, "0.000003"), offer(GENAI, "0.000001", APRIL)
    history = offer(HISTORY, "0.000003", MARCH), offer(HISTORY, "0.000001", date(2026, 4, 3))
    assert facts(timeline(*primary, *history)) == [
        ("2026-03-01", "0.000003", HISTORY, "agreed"),
        ("2026-04-01", "0.000001", GENAI, "agreed"),
    ]


def test_an_undated_first_price_is_left_out() -> None:
    """A price that ended on a known day but began on none is not dated by a guess."""
    rows = timeline(offer(GENAI, "0.000003"), offer(GENAI, "0.000001", APRIL))
    assert facts(rows) == [("2026-04-01", "0.000001", GENAI, "single")]


def test_a_curated_first_day_dates_the_first_price() -> None:
    """A person may say from which day the undated first price held."""
    rows = timeline(offer(GENAI, "0.000003"), offer(GENAI, "0.000001", APRIL), priced_from=MARCH)
    assert [row.effective_from for row in rows] == [MARCH, APRIL]


def test_of_several_prices_of_one_day_the_last_holds() -> None:
    """A slip that a source mended within the day leaves no row."""
    rows = timeline(offer(HISTORY, "0.000003", MARCH), offer(HISTORY, "0.000001", MARCH))
    assert facts(rows) == [("2026-03-01", "0.000001", HISTORY, "single")]


def test_more_knowledge_is_not_a_change() -> None:
    """When a source learns a price for cached tokens, the row of the unchanged price gains it."""
    rows = timeline(offer(HISTORY, "0.000003", MARCH), offer(HISTORY, "0.000003", APRIL, cached="0.000001"))
    assert len(rows) == 1
    assert (rows[0].effective_from, rows[0].cached_input) == (MARCH, Decimal("0.000001"))


def test_a_changed_cache_price_is_a_change() -> None:
    """A new price for cached tokens alone starts a new row."""
    cached = (offer(HISTORY, "0.000003", day, cached=c) for day, c in ((MARCH, "0.000001"), (APRIL, "0.000002")))
    assert [row.effective_from for row in timeline(*cached)] == [MARCH, APRIL]


def test_dropped_tiers_are_a_change() -> None:
    """When the dearer rates for long prompts end, the row before keeps them."""
    rates = Rates(Decimal("0.000003"))
    source = Source(GENAI, "1", SHA256, "x", "a")
    tiered = Tariff(rates, (Tier(200_000, Rates(Decimal("0.000006"))),))
    rows = timeline(
        Offer(source, midnight(MARCH), "documented", tiered),
        Offer(source, midnight(APRIL), "documented", Tariff(rates)),
    )
    assert [len(row.tariff.tiers) for row in rows] == [1, 0]


def test_the_primary_adds_tiers_to_the_history() -> None:
    """Where the history dates a price and only the primary knows its tiers, the row has both, until they end."""
    rates, source = Rates(Decimal("0.000003")), Source(GENAI, "1", SHA256, "x", "a")
    tiered = Tariff(rates, (Tier(200_000, Rates(Decimal("0.000006"))),))
    primary = Offer(source, None, "first_observed", tiered), Offer(source, midnight(MAY), "documented", Tariff(rates))
    rows = timeline(*primary, offer(HISTORY, "0.000003", MARCH))
    assert [(row.effective_from, len(row.tariff.tiers)) for row in rows] == [(MARCH, 1), (MAY, 0)]


def test_a_host_is_named_as_the_basis() -> None:
    """A price of a reference host says so in its basis."""
    upstream = Upstream("a", "reference_host", {LITELLM: "a"}, host="bedrock")
    readings = {LITELLM: Reading(LITELLM, {"a": (offer(LITELLM, "0.000002"),)}, ())}
    sources = told(upstream, readings)
    rows = prices(upstream, steps(upstream, sources, TODAY), sources, TODAY)
    assert [row.basis for row in rows] == ["host:bedrock"]


def test_an_hour_of_the_day_is_no_dispute() -> None:
    """A source without hours that gives the price of some hour agrees; one that gives another does not."""
    window = Window(time(1), time(4), Rates(Decimal("0.000004")))
    tariff = Tariff(Rates(Decimal("0.000002")), schedule=(window,))
    own = Offer(Source(GENAI, "1", SHA256, "x", "a"), None, "first_observed", tariff)
    assert timeline(own, offer(LITELLM, "0.000004"))[0].state == "agreed"
    assert timeline(own, offer(LITELLM, "0.000003"))[0].state == "disputed"


def test_one_dissenter_makes_a_dispute() -> None:
    """Agreed means that every source which lists the model says the same."""
    rows = timeline(offer(GENAI, "0.000002"), offer(LITELLM, "0.000003"), offer(HISTORY, "0.000002", MARCH))
    assert facts(rows) == [("2026-03-01", "0.000002", GENAI, "disputed")]


def test_hours_are_kept_with_the_tariff() -> None:
    """A schedule of hours passes through precedence unchanged."""
    window = Window(time(1), time(4), Rates(Decimal("0.000004")))
    tariff = Tariff(Rates(Decimal("0.000002")), schedule=(window,))
    rows = timeline(Offer(Source(GENAI, "1", SHA256, "x", "a"), None, "first_observed", tariff))
    assert rows[0].tariff.schedule == (window,)
