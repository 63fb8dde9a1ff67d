"""Open weights at the hosts that an operator names."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from pricing_data.price import PriceSource, Rates, Tariff
from pricing_data.refresh.model_rules import ModelRule
from pricing_data.refresh.naming.authors import Author
from pricing_data.refresh.naming.hosts import Host, read_hosts, spelling, with_hosts
from pricing_data.refresh.source_snapshot import Offer, SourceSnapshot
from tests.pricing_data.conftest import SHA256

AUTHORS = (Author("Meta", ("meta", "meta-llama")),)
UPSTREAMS = {
    "llama-3.1-8b-instruct": ModelRule("llama-3.1-8b-instruct", "none", {}),
    "gpt-4o": ModelRule("gpt-4o", "first_party", {"litellm": "gpt-4o"}),
}
GROQ, BEDROCK = Host("groq", {"litellm": ("groq",)}), Host("bedrock", {"litellm": ("bedrock",)})


def snapshot(*sold: tuple[str, str, str]) -> dict[str, SourceSnapshot]:
    def offers() -> Iterator[tuple[str, tuple[Offer, ...]]]:
        for provider, key, amount in sold:
            source = PriceSource("litellm", "1", SHA256, provider, key)
            yield key, (Offer(source, None, "first_observed", Tariff(Rates(Decimal(amount)))),)

    return {"litellm": SourceSnapshot("litellm", dict(offers()), ())}


def chosen(hosts: list[Host], *sold: tuple[str, str, str]) -> tuple[str | None, dict[str, str]]:
    found = with_hosts(UPSTREAMS, hosts, AUTHORS, snapshot(*sold))
    assert found["gpt-4o"] == UPSTREAMS["gpt-4o"]
    model_rule = found["llama-3.1-8b-instruct"]
    return model_rule.host, dict(model_rule.ids)


ON_GROQ = ("groq", "groq/llama-3.1-8b-instruct", "0.00000005")
ON_BEDROCK = ("bedrock", "meta.llama3-1-8b-instruct-v1:0", "0.00000022")


def test_the_first_host_that_sells_it_is_taken() -> None:
    """The operator's order decides; a host without the model is passed over; without hosts there is no price."""
    assert chosen([BEDROCK, GROQ], ON_GROQ, ON_BEDROCK) == ("bedrock", {"litellm": ON_BEDROCK[1]})
    assert chosen([GROQ, BEDROCK], ON_GROQ, ON_BEDROCK) == ("groq", {"litellm": ON_GROQ[1]})
    assert chosen([BEDROCK, GROQ], ON_GROQ) == ("groq", {"litellm": ON_GROQ[1]})
    assert chosen([], ON_GROQ) == (None, {})


def test_two_prices_of_one_host_are_none() -> None:
    """Where a host sells spellings of a name at different prices, nobody guesses; its exact name wins."""
    turbo, fp8 = ("groq", "groq/llama-3.1-8b-instruct-turbo", "0.1"), ("groq", "x/llama-3.1-8b-instruct-fp8", "0.2")
    assert chosen([GROQ], turbo, fp8) == (None, {})
    assert chosen([GROQ], turbo, fp8, ON_GROQ) == ("groq", {"litellm": ON_GROQ[1]})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("llama-3.1-8b-instruct", "llama3-1-8b-instruct", True),
        ("Meta-Llama-3.1-8B-Instruct-Turbo", "llama-3.1-8b-instruct", True),
        ("llama-3.1-8b", "llama-3-18b", False),
        ("llama-3.1-8b", "llama-3.1-8b-instruct", False),
        ("qwen3-32b", "qwen3-3.2b", False),
    ],
)
def test_spellings(one: str, other: str, same: bool) -> None:
    """Spellings of one name meet; different sizes, versions and tunings never do."""
    assert (spelling(one) == spelling(other)) is same


def test_known_hosts_have_providers() -> None:
    """Each host that may be named is a seller in at least one source."""
    assert all(any(host.providers.values()) for host in read_hosts().values())
