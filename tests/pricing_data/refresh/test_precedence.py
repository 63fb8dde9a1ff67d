"""Which source's value of each rate holds from which instant, on small hand-made sources."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from pricing_data.cost import plain
from pricing_data.price import Price, PriceSource, Rates, Window
from pricing_data.rate_paths import rates_by_path
from pricing_data.refresh.decisions import PriceDecision
from pricing_data.refresh.evidence import CuratedFacts
from pricing_data.refresh.model_releases import ModelRelease
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.provider_rules import ProviderRule
from pricing_data.refresh.row_building import prices
from pricing_data.refresh.source_snapshot import Offer, SourceSnapshot
from pricing_data.refresh.tariff_values import tariff_of
from tests.pricing_data.conftest import SHA256

TODAY = datetime(2026, 6, 1, tzinfo=UTC)
GENAI, LITELLM, HISTORY = "genai-prices", "litellm", "model-prices"
IDS = {GENAI: "g/a", LITELLM: "a", HISTORY: "m/a"}
CITED = PriceSource("rules", "1", SHA256, "x", "batch", "https://example.org")


def day(month: int, number: int = 1, year: int = 2026) -> datetime:
    return datetime(year, month, number, tzinfo=UTC)


JANUARY, MARCH, APRIL, MAY = day(1), day(3), day(4), day(5)


def offer(
    package: str,
    amount: str,
    since: datetime | None = None,
    basis: str = "documented",
    not_before: date | None = None,
    version: str = "1",
    schedule: tuple[Window, ...] = (),
    **others: str,
) -> Offer:
    """An offer; `others` are further rates by path, with `__` for the dot and `_above_N` for a tier."""
    named = {_path(name): Decimal(value) for name, value in others.items()}
    tariff = tariff_of({"input": Decimal(amount), **named, **({"schedule": schedule} if schedule else {})})
    return Offer(PriceSource(package, version, SHA256, "x", "a"), since, basis, tariff, not_before)


def _path(name: str) -> str:
    rate, _, bound = name.replace("__", ".").partition("_above_")
    return f"{rate}>{bound}" if bound else rate


def seen(package: str, amount: str, since: datetime, before: datetime | None = None, **others: str) -> Offer:
    """An offer of an old release."""
    return offer(package, amount, since, "observed", before.date() if before else None, "0.9", (), **others)


def rows(
    *offers: Offer,
    release: datetime | None = None,
    priced_from: date | None = None,
    decisions: tuple[PriceDecision, ...] = (),
    rules: tuple[ProviderRule, ...] = (),
) -> list[Price]:
    model_rule = ModelRule("a", "first_party", IDS, priced_from=priced_from)
    old = [o for o in offers if o.source.version != "1"]
    now, before = (
        {p: SourceSnapshot(p, {key: tuple(o for o in some if o.source.package == p)}, ()) for p, key in IDS.items()}
        for some in ([o for o in offers if o not in old], old)
    )
    releases = {"a": ModelRelease(release.date(), "name")} if release else {}
    facts = CuratedFacts(releases, before, {"a": decisions}, rules)
    return prices(model_rule, facts.evidence(model_rule, now, TODAY))


def facts(found: list[Price]) -> list[tuple[str, str, str, str]]:
    return [(str(r.effective_from), str(r.input), r.source.package, r.state) for r in found]


def rates(found: list[Price], path: str) -> list[tuple[str, str | None]]:
    """The value of a path in each row."""
    values = [(r, rates_by_path(r.tariff).get(path)) for r in found]
    return [(str(r.effective_from), None if value is None else plain(value)) for r, value in values]


def test_no_source_gives_no_price() -> None:
    """A model that no source sells has no row, rather than one at zero."""
    assert rows() == []


def test_the_primary_alone_is_dated_by_the_refresh() -> None:
    """An undated price of a model whose release is unknown holds from the day it was read, and says so."""
    found = rows(offer(GENAI, "0.000002"))
    assert facts(found) == [("2026-06-01", "0.000002", GENAI, "single")]
    assert found[0].basis == "first_observed"


def test_the_primary_alone_holds_from_the_release() -> None:
    """What the primary states without a day it states of all the past: it holds from the model's release."""
    found = rows(offer(GENAI, "0.000002"), release=JANUARY)
    assert facts(found) == [("2026-01-01", "0.000002", GENAI, "single")]
    assert found[0].basis == "release"


def test_the_secondary_stands_in_for_the_primary() -> None:
    """Where neither the primary nor model-prices knows a model, LiteLLM's price holds."""
    assert facts(rows(offer(LITELLM, "0.000002"))) == [("2026-06-01", "0.000002", LITELLM, "single")]


def test_a_dated_price_dates_the_primary() -> None:
    """A price on which both agree is the primary's, from the documented day."""
    found = rows(offer(GENAI, "0.000002"), offer(HISTORY, "0.000002", MARCH))
    assert facts(found) == [("2026-03-01", "0.000002", GENAI, "agreed")]
    assert found[0].basis == "documented"


def test_the_primary_wins_over_a_list_without_a_change() -> None:
    """A single other price of model-prices does not overrule the primary; the row is disputed."""
    found = rows(offer(GENAI, "0.000002"), offer(HISTORY, "0.000003", MARCH))
    assert facts(found) == [("2026-03-01", "0.000002", GENAI, "disputed")]


def test_a_dated_change_beats_an_undated_majority() -> None:
    """The newest dated change wins even where two other sources give the older price."""
    changes = offer(HISTORY, "0.000003", MARCH), offer(HISTORY, "0.000001", MAY)
    found = rows(offer(GENAI, "0.000003"), offer(LITELLM, "0.000003"), *changes)
    assert facts(found)[-1] == ("2026-05-01", "0.000001", HISTORY, "disputed")


def test_a_change_that_both_tell_is_one_row() -> None:
    """The day is that of the earlier documented telling, the source the primary."""
    primary = offer(GENAI, "0.000003"), offer(GENAI, "0.000001", APRIL)
    changes = offer(HISTORY, "0.000003", MARCH), offer(HISTORY, "0.000001", day(4, 3))
    assert [fact[:3] for fact in facts(rows(*primary, *changes))] == [
        ("2026-03-01", "0.000003", GENAI),
        ("2026-04-01", "0.000001", GENAI),
    ]


def test_the_documented_day_beats_that_of_a_commit_and_of_an_observation() -> None:
    """One change that was seen on other days begins on the day that is documented, for every source."""
    primary = offer(GENAI, "0.000003"), offer(GENAI, "0.000001", APRIL, "upstream_dated")
    for basis, late in (("upstream_commit", day(4, 20)), ("upstream_commit", day(3, 20)), ("observed", day(5, 20))):
        other = offer(HISTORY, "0.000003", JANUARY, basis), offer(HISTORY, "0.000001", late, basis)
        assert [fact[:2] for fact in facts(rows(*primary, *other))] == [
            ("2026-01-01", "0.000003"),
            ("2026-04-01", "0.000001"),
        ], (basis, late)


def test_an_undated_first_price_needs_a_first_day() -> None:
    """A price that ended on a known day but began on none has no row; a release or a curated day gives it one."""
    primary = offer(GENAI, "0.000003"), offer(GENAI, "0.000001", APRIL)
    assert facts(rows(*primary)) == [("2026-04-01", "0.000001", GENAI, "single")]
    assert [row.begins for row in rows(*primary, priced_from=MARCH.date())] == [MARCH, APRIL]
    assert [row.begins for row in rows(*primary, release=JANUARY)] == [JANUARY, APRIL]


def test_of_several_prices_of_one_instant_the_last_holds() -> None:
    """A slip that a source mended leaves no row."""
    found = rows(offer(HISTORY, "0.000003", MARCH), offer(HISTORY, "0.000001", MARCH))
    assert facts(found) == [("2026-03-01", "0.000001", HISTORY, "single")]


def test_a_rate_stands_in_no_row_before_its_first_day() -> None:
    """A rate that a dated source learned later begins on that day: the row before does not have it."""
    found = rows(offer(HISTORY, "0.000003", MARCH), offer(HISTORY, "0.000003", APRIL, cached_input="0.000001"))
    assert rates(found, "cached_input") == [("2026-03-01", None), ("2026-04-01", "0.000001")]
    assert (found[1].statement("input").since, found[1].statement("cached_input").since) == (
        MARCH.date(),
        APRIL.date(),
    )


def test_a_rate_that_the_secondary_learned_begins_when_it_was_seen() -> None:
    """What only LiteLLM states begins with its first observation, not with the price; what it knew of the model from
    its first listing on holds from the release."""
    changes = (
        seen(LITELLM, "0.000003", MARCH, output="0.000009"),
        seen(LITELLM, "0.000003", MAY, APRIL, output="0.000009", cached_input="0.000001"),
    )
    found = rows(
        offer(GENAI, "0.000003"), *changes, offer(LITELLM, "0.000003", output="0.000009", cached_input="0.000001"),
        release=JANUARY,
    )  # fmt: skip
    assert rates(found, "cached_input") == [("2026-01-01", None), ("2026-05-01", "0.000001")]
    assert rates(found, "output")[0] == ("2026-01-01", "0.000009")
    cached = found[1].statement("cached_input")
    assert (cached.since, cached.basis, cached.not_before) == (MAY.date(), "observed", APRIL.date())


def test_a_changed_cache_price_is_a_change() -> None:
    """A new price for cached tokens alone begins a new row."""
    cached = (offer(HISTORY, "0.000003", at, cached_input=c) for at, c in ((MARCH, "0.000001"), (APRIL, "0.000002")))
    assert [row.begins for row in rows(*cached)] == [MARCH, APRIL]


def test_observations_give_the_past_of_an_undated_price() -> None:
    """A price that two releases of a source had before it came to the primary's held before it."""
    changes = seen(LITELLM, "0.000009", JANUARY), seen(LITELLM, "0.000002", APRIL, MARCH)
    found = rows(offer(GENAI, "0.000002"), *changes, offer(LITELLM, "0.000002"), release=day(12, 1, 2025))
    assert facts(found) == [
        ("2025-12-01", "0.000009", LITELLM, "single"),
        ("2026-04-01", "0.000002", GENAI, "agreed"),
    ]
    assert (found[0].basis, found[1].basis, found[1].not_before) == ("release", "observed", MARCH.date())


def test_a_slip_that_was_mended_is_no_past_price() -> None:
    """A value that stood for less than a month in one source, or while another stated the primary's, proves nothing."""
    brief = seen(LITELLM, "0.000009", MARCH), seen(LITELLM, "0.000002", day(3, 15), MARCH)
    assert [row.input for row in rows(offer(GENAI, "0.000002"), *brief, release=JANUARY)] == [Decimal("0.000002")]
    wrong = seen(LITELLM, "0.000009", JANUARY), seen(LITELLM, "0.000002", APRIL, MARCH)
    witness = offer(HISTORY, "0.000002", JANUARY)
    assert [row.input for row in rows(offer(GENAI, "0.000002"), *wrong, witness)] == [Decimal("0.000002")]


def test_another_price_that_is_never_taken_back_is_a_dispute() -> None:
    """LiteLLM's other price does not become the past of the primary's while LiteLLM still states it."""
    found = rows(offer(GENAI, "0.000002"), seen(LITELLM, "0.000009", JANUARY), offer(LITELLM, "0.000009"))
    assert facts(found) == [("2026-01-01", "0.000002", GENAI, "disputed")]


def test_rates_of_two_prices_are_never_mixed() -> None:
    """A source whose input price is not the one that holds supplies no other rates: they belong to its own price."""
    changes = (
        offer(HISTORY, "0.000004", MARCH, cached_input="0.0000004"),
        offer(HISTORY, "0.000002", MAY),
    )
    found = rows(offer(GENAI, "0.000004", cached_input="0.0000004"), *changes)
    assert rates(found, "cached_input") == [("2026-03-01", "0.0000004"), ("2026-05-01", None)]


def test_tiers_of_two_sources_are_never_in_one_row() -> None:
    """The bounds are those of the first source that has tiers; others supply only rates of the same bounds."""
    found = rows(
        offer(GENAI, "0.000003", input_above_272000="0.000006"),
        offer(HISTORY, "0.000003", MARCH, "upstream_commit", input_above_200000="0.000006"),
        offer(LITELLM, "0.000003", cached_input_above_272000="0.0000006"),
        release=MARCH,
    )
    assert [[tier.above_tokens for tier in row.tariff.tiers] for row in found] == [[272_000]]
    assert found[-1].tariff.tiers[0].rates == Rates(Decimal("0.000006"), cached_input=Decimal("0.0000006"))


def test_a_source_without_tiers_does_not_overrule_one_that_has_them() -> None:
    """A newer price from a list that knows no tiers leaves those of another source whose price it is."""
    found = rows(offer(GENAI, "0.000003", input_above_200000="0.000006"), offer(HISTORY, "0.000003", MARCH))
    assert [tier.rates.input for tier in found[0].tariff.tiers] == [Decimal("0.000006")]
    found = rows(offer(GENAI, "0.000003"), offer(LITELLM, "0.000003", input_above_200000="0.000006"), release=MARCH)
    assert [tier.above_tokens for tier in found[-1].tariff.tiers] == [200_000]


def test_dropped_tiers_are_a_change() -> None:
    """When the source dates the end of dearer rates for long prompts, the row before keeps them; others do not bring
    them back."""
    tiered = offer(GENAI, "0.000003", MARCH, input_above_200000="0.000006")
    for other in ((), (offer(LITELLM, "0.000003", input_above_200000="0.000006"),)):
        found = rows(tiered, offer(GENAI, "0.000003", APRIL), *other)
        assert [len(row.tariff.tiers) for row in found] == [1, 0]


def test_services_have_first_days_of_their_own() -> None:
    """A service that began later is in no row before it."""
    primary = offer(GENAI, "0.000003", release := JANUARY), offer(GENAI, "0.000003", MAY, batch__input="0.0000015")
    assert rates(rows(*primary, release=release), "batch.input") == [("2026-01-01", None), ("2026-05-01", "0.0000015")]


def test_a_cited_rule_gives_what_no_source_states() -> None:
    """A documented factor of the provider gives a rate from its day on, in tiers too, and names itself."""
    rule = ProviderRule(
        ("x",), ("a*",), (), ("input", "output"), None, "batch", None, None, Decimal("0.5"), MARCH, CITED
    )
    tiered = offer(GENAI, "0.000004", output="0.000008", input_above_200000="0.00001")
    found = rows(tiered, rules=(rule,), release=JANUARY)
    assert rates(found, "batch.input") == [("2026-01-01", None), ("2026-03-01", "0.000002")]
    assert rates(found, "batch.input>200000")[1] == ("2026-03-01", "0.000005")
    assert found[1].statement("batch.output").source == CITED
    stated = rows(offer(GENAI, "0.000004", batch__input="0.000003"), rules=(rule,), release=JANUARY)
    assert rates(stated, "batch.input") == [("2026-01-01", "0.000003")]


def decision(path: str, **verdict: object) -> tuple[PriceDecision, ...]:
    source = PriceSource("decisions.toml", "1", SHA256, "decision", "a", "https://example.org")
    return (PriceDecision("a", path, "r", source, **verdict),)  # type: ignore[arg-type]


def test_a_decision_wins_over_the_sources() -> None:
    """A person may name the source to take, the value, or that a rate is not known."""
    offers = offer(GENAI, "0.000004", cached_input="0.0000004"), offer(LITELLM, "0.000004", cached_input="0.000002")
    cases = [
        (decision("cached_input", take=LITELLM), "0.000002"),
        (decision("cached_input", value=Decimal("0.000001")), "0.000001"),
        (decision("cached_input"), None),
    ]
    for decisions, value in cases:
        assert rates(rows(*offers, decisions=decisions, release=JANUARY), "cached_input")[-1][1] == value
    dated = decision("cached_input", value=Decimal("0.000001"), since=MARCH)
    found = rates(rows(*offers, decisions=dated, release=JANUARY), "cached_input")
    assert found == [("2026-01-01", "0.0000004"), ("2026-03-01", "0.000001")]


def test_states_are_told_by_rate() -> None:
    """A row is agreed in its price and disputed in one of its rates: the statement has who states what."""
    found = rows(
        offer(GENAI, "0.000004", output="0.000008", cached_input="0.0000004", cache_write="0.000005"),
        offer(LITELLM, "0.000004", output="0.000008", cached_input="0.000002"),
        release=JANUARY,
    )
    row = found[-1]
    assert (row.state, row.statement("cached_input").state, row.statement("cache_write").state) == (
        "agreed",
        "disputed",
        "single",
    )
    assert row.statement("cached_input").opinions == ((LITELLM, "cached_input", Decimal("0.000002")),)


def test_a_host_is_named_as_the_basis() -> None:
    """A price of a reference host says so in its basis."""
    model_rule = ModelRule("a", "reference_host", {LITELLM: "a"}, host="bedrock")
    snapshots = {LITELLM: SourceSnapshot(LITELLM, {"a": (offer(LITELLM, "0.000002"),)}, ())}
    found = prices(model_rule, CuratedFacts().evidence(model_rule, snapshots, TODAY))
    assert [row.basis for row in found] == ["host:bedrock"]


WINDOW = Window(time(1), time(4), Rates(Decimal("0.000004")))


def test_an_hour_of_the_day_is_no_dispute() -> None:
    """A source without hours that gives the price of some hour agrees; one that gives another does not."""
    own = offer(GENAI, "0.000002", schedule=(WINDOW,))
    assert rows(own, offer(LITELLM, "0.000004"))[0].state == "agreed"
    assert rows(own, offer(LITELLM, "0.000003"))[0].state == "disputed"


def test_one_dissenter_makes_a_dispute() -> None:
    """Agreed means that every source which lists the model says the same."""
    found = rows(offer(GENAI, "0.000002"), offer(LITELLM, "0.000003"), offer(HISTORY, "0.000002", MARCH))
    assert facts(found) == [("2026-03-01", "0.000002", GENAI, "disputed")]


def test_hours_are_kept_with_the_tariff() -> None:
    """A schedule passes through precedence unchanged; one that names weekdays is preferred to one without."""
    assert rows(offer(GENAI, "0.000002", schedule=(WINDOW,)))[0].tariff.schedule == (WINDOW,)
    weekdays = Window(time(1), time(4), WINDOW.rates, (1, 2, 3, 4, 5))
    found = rows(offer(GENAI, "0.000002", schedule=(WINDOW,)), offer(HISTORY, "0.000002", MARCH, schedule=(weekdays,)))
    assert found[-1].tariff.schedule == (weekdays,)


def test_an_announced_price_is_in_force_on_its_instant() -> None:
    """A change that a source dates later than the refresh is a row already, to the hour."""
    at = datetime(2026, 12, 1, 16, tzinfo=UTC)
    found = rows(offer(GENAI, "0.000002"), offer(GENAI, "0.000003", at, "upstream_dated"), release=JANUARY)
    assert [(row.begins, row.input) for row in found] == [
        (JANUARY, Decimal("0.000002")),
        (at, Decimal("0.000003")),
    ]


def test_a_price_first_seen_long_after_the_release_is_not_that_of_the_release() -> None:
    """Within 200 days it is taken to hold from the release on; later it begins when it was seen."""
    release = datetime(2025, 1, 1, tzinfo=UTC)
    for days, begins in ((200, release), (201, release + timedelta(days=201))):
        found = rows(offer(GENAI, "0.000002", release + timedelta(days=days), "observed"), release=release)
        assert [row.begins for row in found] == [begins]


def test_a_release_newer_than_the_pinned_one_is_left_out() -> None:
    """Observations of versions after the one that is read now do not come before what it states."""
    later = offer(LITELLM, "0.000009", MAY, "observed", APRIL.date(), version="2")
    assert facts(rows(seen(LITELLM, "0.000002", JANUARY), later, offer(LITELLM, "0.000002"))) == [
        ("2026-01-01", "0.000002", LITELLM, "single")
    ]
