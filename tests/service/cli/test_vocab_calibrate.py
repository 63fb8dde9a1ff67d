"""`weighbridge vocab calibrate`, against a server whose tokenizer is known."""

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner, Result

from service.cli.main import main
from tests.service.tokens.providers.fake_provider import KEY, FakeProvider, running
from tokenizer_registry.approximation.samples import samples


@pytest.fixture
def fake() -> Iterator[FakeProvider]:
    """Yield a running fake provider."""
    with running() as server:
        yield server


def calibrate(fake: FakeProvider, *arguments: str, key: str = KEY) -> Result:
    """The command with Anthropic's and OpenAI's keys and addresses set."""
    environ = {
        "WEIGHBRIDGE_ANTHROPIC_API_KEY": key,
        "WEIGHBRIDGE_ANTHROPIC_URL": fake.url,
        "WEIGHBRIDGE_OPENAI_API_KEY": key,
        "WEIGHBRIDGE_OPENAI_URL": fake.url,
        "COLUMNS": "150",
    }
    return CliRunner().invoke(main, ["vocab", "calibrate", *arguments], env=environ)


def test_a_model_that_has_the_providers_vocabulary_has_no_error(fake: FakeProvider) -> None:
    """All texts are sent once; where both sides count alike every error is 0, and every text lies in the band."""
    done = calibrate(fake, "--model", "davinci")
    assert done.exit_code == 0, done.output
    assert sorted(fake.texts("davinci")) == sorted(["a", *(sample.text for sample in samples())])
    assert (
        f"davinci, counted with r50k_base: {len(samples())} of {len(samples())} texts lie within the error band."
        in done.output
    )
    assert "+0.00%" in done.output


def test_the_error_of_an_estimate_is_measured(fake: FakeProvider) -> None:
    """The provider's counts, without the message frame, are compared with the service's own and with the band."""
    done = calibrate(fake, "--model", "claude-opus-4-5", "--samples", "9", "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.output)
    assert (report["model"], report["counted_with"]) == ("claude-opus-4-5", "claude-3")
    assert len(report["samples"]) == 9
    assert len({entry["kind"] for entry in report["samples"]}) == 8
    (letter,) = [entry for entry in report["samples"] if entry["name"] == "chinese-simplified"]
    assert (letter["token_count"], letter["within_band"]) == (210, False)
    assert letter["provider_token_count"] > 210


def test_the_table_has_a_row_for_each_kind(fake: FakeProvider) -> None:
    """Mean, spread and the worst text are shown for each kind of text and for all."""
    output = calibrate(fake, "--model", "claude-opus-4-5").output
    for kind in ("english", "code", "east-asian", "all"):
        assert any(line.startswith(f"{kind}\t") for line in output.splitlines())


@pytest.mark.parametrize(
    ("arguments", "key", "sentence"),
    [
        (("--model", "claude-opus-4-5"), "wrong", "anthropic did not count: HTTP 401."),
        (("--model", "grok-4"), KEY, "No key for the provider of 'grok-4'"),
        (("--model", "gemini-3.5-flash"), KEY, "WEIGHBRIDGE_GOOGLE_API_KEY"),
        (("--model", "claude-opus-4-5x"), KEY, "There is no model 'claude-opus-4-5x'. Did you mean claude-opus-4-5?"),
    ],
)
def test_what_cannot_be_measured_is_said(
    fake: FakeProvider, arguments: tuple[str, ...], key: str, sentence: str
) -> None:
    """A wrong key, a model without a provider here, and a provider without a key end the command with a sentence."""
    done = calibrate(fake, *arguments, key=key)
    assert done.exit_code == 1
    assert sentence in " ".join(done.output.split())
    assert key not in done.output
