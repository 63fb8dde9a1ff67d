"""The forms of a name, in the order in which they are tried."""

import pytest

from tokenizer_registry.name_data import shipped_name_data
from tokenizer_registry.name_forms import forms


def written(name: str) -> list[str]:
    """Return the names that are looked up for a name."""
    return list(dict.fromkeys(form.name for form in forms(name, shipped_name_data())))


@pytest.mark.parametrize(
    ("name", "tried"),
    [
        ("gpt-4o", ["gpt-4o"]),
        ("GPT-4o", ["gpt-4o"]),
        (
            "openrouter/openai/gpt-4o:free",
            ["openrouter/openai/gpt-4o:free", "openrouter/openai/gpt-4o", "gpt-4o:free", "gpt-4o"],
        ),
        (
            "us.anthropic.claude-opus-4-6-v1:0",
            [
                "us.anthropic.claude-opus-4-6-v1:0",
                "anthropic.claude-opus-4-6-v1:0",
                "claude-opus-4-6-v1:0",
                "claude-opus-4-6-v1",
                "claude-opus-4-6",
            ],
        ),
        ("codestral@2405", ["codestral@2405", "codestral-2405"]),
        ("llama-v3p1-8b-fp8", ["llama-v3p1-8b-fp8", "llama-3.1-8b-fp8", "llama-3.1-8b"]),
        ("unheard-of/gpt-4o:free", ["unheard-of/gpt-4o:free", "unheard-of/gpt-4o"]),
    ],
)
def test_rewrites_come_in_their_order(name: str, tried: list[str]) -> None:
    assert written(name) == tried


def test_every_step_has_evidence_and_leads_to_the_form() -> None:
    for form in forms("openrouter/Meta-Llama/Meta-Llama-3.1-8B-Instruct-FP8:free", shipped_name_data()):
        assert all(step.evidence for step in form.steps)
        assert [step.name for step in form.steps][-1:] == [form.name]


@pytest.mark.parametrize(
    ("name", "host", "region"),
    [
        ("bedrock/eu-west-1/anthropic.claude-opus-5", "bedrock", "eu-west-1"),
        ("bedrock/converse/us.anthropic.claude-opus-5", "bedrock", "us"),
        ("azure/global-standard/gpt-4o", "azure", None),
        ("oci/meta.llama-3.3-70b-instruct", "oci", None),
        ("openrouter/perplexity/sonar", "openrouter", None),
    ],
)
def test_the_first_host_sells_the_model(name: str, host: str, region: str | None) -> None:
    *_, last = forms(name, shipped_name_data())
    assert (last.host, last.region) == (host, region)


@pytest.mark.parametrize(
    "name", ["meta-llama/qwen/x", "meta-llama/together/x", "azure/mars/x", "1-month-commitment/x", "openrouter/groq/x"]
)
def test_a_path_that_contradicts_itself_is_not_opened(name: str) -> None:
    assert written(name) == [name]
