"""The curated files: every slip is refused and named."""

from pathlib import Path

import pytest

from pricing_data.errors import DamagedCuration
from pricing_data.refresh.model_rules import read_model_rules, read_pins


@pytest.mark.parametrize(
    "entry",
    [
        '{ price_policy = "free" }',
        "{ }",
        '{ price_policy = "none", litellm = "x" }',
        '{ price_policy = "first_party" }',
        '{ price_policy = "first_party", litelm = "x" }',
        '{ price_policy = "reference_host", litellm = "x" }',
        '{ price_policy = "first_party", litellm = "x", host = "bedrock" }',
    ],
)
def test_a_bad_upstream_line_is_named(tmp_path: Path, entry: str) -> None:
    """A policy that does not fit its ids, or a misspelt field, is refused with the model's name."""
    path = tmp_path / "upstream.toml"
    path.write_text(f"[models]\na = {entry}\n", encoding="utf-8")
    with pytest.raises(DamagedCuration) as caught:
        read_model_rules(path)
    assert caught.value.entry == "a"


@pytest.mark.parametrize(
    "text", ["", "recorded_at = 2026-01-01", 'recorded_at = 2026-01-01\nsource = [{package = "x"}]']
)
def test_incomplete_pins_are_refused(tmp_path: Path, text: str) -> None:
    """A refresh with a source missing, or one that is not pinned in full, does not start."""
    path = tmp_path / "sources.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DamagedCuration):
        read_pins(path)
