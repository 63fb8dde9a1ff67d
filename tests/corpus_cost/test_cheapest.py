"""The models that a call costs least with, against a plain loop over the catalogue."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus_cost.cheapest import CheapestQuery, Ranking, cheapest
from corpus_cost.model_constraints import REASONS, ModelConstraints
from pricing_data import PriceBook
from pricing_data.pricing import lines_of
from pricing_data.usage import Terms, Usage
from tests.corpus_cost.conftest import DAY
from tests.corpus_cost.made_facts import facts_of, made_facts
from tests.pricing_data.slow_cost import slow_cost
from tokenizer_registry import Registry, UncountableText
from tokenizer_registry.facts import value_of

TEXTS = {
    "english": "The weighbridge at the harbour opens at six; each lorry is weighed twice, loaded and empty. " * 60,
    "chinese": "港口的地磅六点开放。每辆卡车称两次:一次满载,一次空车。重量才是关键,而不是大小。" * 60,
    "code": "def net(gross: int, tare: int) -> int:\n    return gross - tare  # kilograms\n\n" * 60,
}
TERMS = Terms(DAY)
AUTHORS = frozenset(("OpenAI", "Meta", "Alibaba", "Mistral"))

constraint_sets = st.builds(
    ModelConstraints,
    min_context=st.none() | st.sampled_from((1, 8_192, 100_000, 10_000_000)),
    authors=st.none() | st.frozensets(st.sampled_from(sorted(AUTHORS)), min_size=1),
    open_weights=st.none() | st.booleans(),
    modality=st.none() | st.sampled_from(("text", "image", "video")),
)
queries = st.builds(
    CheapestQuery,
    terms=st.builds(
        Terms,
        st.dates(date(2023, 1, 1), DAY),
        st.sampled_from(("standard", "standard", "batch")),
        st.sampled_from((None, None, "eu")),
    ),
    output_tokens=st.sampled_from((0, 1, 300, 5_000)),
    constraints=constraint_sets,
    allow_estimates=st.booleans(),
)


@pytest.fixture(scope="module")
def known(registry: Registry) -> Registry:
    """The shipped models and vocabularies, with made facts."""
    made = Registry(
        registry.models.values(),
        registry.vocabularies.values(),
        registry.vocabularies_folder,
        fetchable=registry.fetchable.values(),
        estimates=registry.estimates,
        engines=registry.engines,
    )
    made.facts = made_facts(registry.models)
    return made


def plain_loop(registry: Registry, book: PriceBook, text: str, query: CheapestQuery) -> list[tuple[Fraction, str]]:
    """Return cost and name of every model that serves, by walking the catalogue one model at a time."""
    found = []
    for name, model in registry.models.items():
        facts, wanted = registry.facts[name], query.constraints
        window, price = value_of(facts.context_window), book.price(name, query.terms.at)
        (count,) = registry.count(text, [name], query.allow_estimates)
        if price is None or count.tokens is None:
            continue
        total = slow_cost(price, Usage(count.tokens, query.output_tokens), query.terms)
        taken, written = value_of(facts.input_modalities), value_of(facts.output_modalities)
        released, retires = value_of(facts.released), value_of(facts.retires)
        longest, longest_input = value_of(facts.max_output_tokens), value_of(facts.max_input_tokens)
        day = query.terms.at
        if (
            total is not None
            and (wanted.min_context is None or (window or 0) >= wanted.min_context)
            and (window is None or count.tokens + query.output_tokens <= window)
            and (longest_input is None or count.tokens <= longest_input)
            and (wanted.authors is None or model.author in wanted.authors)
            and (wanted.open_weights is None or value_of(facts.open_weights) is wanted.open_weights)
            and (taken is None or "text" in taken)
            and (wanted.modality is None or wanted.modality in (taken or ()))
            and (written is None or "text" in written or not query.output_tokens)
            and (longest is None or query.output_tokens <= longest)
            and (released is None or released <= day)
            and (retires is None or retires > day)
        ):
            found.append((total, name))
    return sorted(found)


def pairs(ranking: Ranking) -> list[tuple[Fraction, str]]:
    """Return cost and name of each model of a ranking."""
    return [(Fraction(each.usd), each.model) for each in ranking.models]


@pytest.mark.parametrize("name", TEXTS)
def test_a_context_of_100k_equals_a_plain_loop(registry: Registry, book: PriceBook, name: str) -> None:
    """For English, Chinese and code: the same models, each at the same exact cost, in the same order."""
    query = CheapestQuery(TERMS, 500, ModelConstraints(min_context=100_000))
    ranking = cheapest(registry, book, TEXTS[name], query)
    assert pairs(ranking) == plain_loop(registry, book, TEXTS[name], query)
    assert len(ranking.models) > 100


@settings(max_examples=40)
@given(query=queries, name=st.sampled_from(sorted(TEXTS)))
def test_any_constraints_equal_a_plain_loop(known: Registry, book: PriceBook, query: CheapestQuery, name: str) -> None:
    """Whatever is demanded: every model is either ranked, as the loop says, or left out for a reason."""
    text = TEXTS[name]
    ranking = cheapest(known, book, text, query)
    assert pairs(ranking) == plain_loop(known, book, text, query)
    names = [each.model for each in ranking.models] + [each.model for each in ranking.left_out]
    assert sorted(names) == sorted(known.models)
    assert {each.reason for each in ranking.left_out} <= set(REASONS)


@settings(max_examples=40)
@given(query=queries)
def test_a_looser_demand_loses_no_model(known: Registry, book: PriceBook, query: CheapestQuery) -> None:
    """Without one of the constraints, every model that served still serves, at the same cost."""
    narrow = set(pairs(cheapest(known, book, TEXTS["code"], query)))
    for name in ModelConstraints._fields:
        looser = query._replace(constraints=query.constraints._replace(**{name: None}))
        assert narrow <= set(pairs(cheapest(known, book, TEXTS["code"], looser)))


@settings(max_examples=40)
@given(query=queries)
def test_lines_and_context_add_up(known: Registry, book: PriceBook, query: CheapestQuery) -> None:
    """The lines of a cost sum to it, and what is left of a window is never negative."""
    for each in cheapest(known, book, TEXTS["english"], query).models:
        assert sum(line.amount for line in lines_of(each.total)) == each.usd
        if each.context_window is not None:
            used = (each.counted.tokens or 0) + query.output_tokens
            assert each.context_left == each.context_window - used >= 0


def test_the_tier_is_that_which_the_call_reaches(registry: Registry, book: PriceBook) -> None:
    """A text above 200,000 tokens is priced at the rates for long contexts."""
    text = " ".join(str(number % 9_973) for number in range(60_000))
    query = CheapestQuery(Terms(date(2026, 6, 1)), constraints=ModelConstraints(authors=frozenset(("Google",))))
    ranking = cheapest(registry, book, text, query)
    (found,) = [each for each in ranking.models if each.model == "gemini-2.5-pro"]
    assert found.counted.tokens == 293_067
    assert str(found.usd.normalize()) == "0.7326675"


@pytest.mark.parametrize(
    ("facts", "reason", "why"),
    [
        ({"context_window": 3}, "context", "its context window is 3 tokens"),
        ({}, "context", "its context window is not known"),
        ({"context_window": 12}, "context", "its context window is 12 tokens, and the call needs 13"),
        (
            {"context_window": 90, "max_input_tokens": 2},
            "context",
            "its input is at most 2 tokens, and the call has 3",
        ),
        ({"context_window": 90, "max_output_tokens": 9}, "output_limit", "its output is at most 9 tokens"),
        ({"context_window": 90, "retires": DAY}, "retired", f"it was retired on {DAY}"),
        ({"context_window": 90, "released": date(2027, 1, 1)}, "not_released", "it was released on 2027-01-01"),
        ({"context_window": 90, "input_modalities": ("audio",)}, "modality", "it takes no text"),
        ({"context_window": 90, "output_modalities": ("embedding",)}, "modality", "it writes no text"),
    ],
)
def test_each_reason_names_its_value(
    known: Registry, book: PriceBook, facts: dict[str, object], reason: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that is left out says by which fact."""
    monkeypatch.setattr(known, "facts", {**known.facts, "gpt-4o": facts_of(**facts)})
    query = CheapestQuery(TERMS, 10, ModelConstraints(min_context=12))
    ranking = cheapest(known, book, "one two three", query)
    (left_out,) = [each for each in ranking.left_out if each.model == "gpt-4o"]
    assert (left_out.reason, left_out.why) == (reason, why)


def test_nothing_fits(known: Registry, book: PriceBook) -> None:
    """Constraints that no model meets leave every model out."""
    query = CheapestQuery(TERMS, constraints=ModelConstraints(min_context=10**9))
    ranking = cheapest(known, book, "one", query)
    assert ranking.models == ()
    assert len(ranking.left_out) == len(known.models)


def test_a_text_without_a_count_is_an_error(known: Registry, book: PriceBook) -> None:
    """A lone surrogate is no text."""
    with pytest.raises(UncountableText):
        cheapest(known, book, "\ud800", CheapestQuery(TERMS))
