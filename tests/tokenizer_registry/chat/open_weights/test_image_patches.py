"""Images of open vision models: sizes that hosts counted, and the size rules of their processors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.chat.open_weights.image_patches import (
    llama_4_tiles,
    pixtral_patches,
    qwen_patches,
    together_tiles,
)

SIDES = st.integers(1, 20_000)


@pytest.mark.parametrize(
    ("width", "height", "tokens"),
    [(597, 566, 420), (28, 28, 4), (56, 56, 4), (10_000, 10_000, 1225)],
)
def test_qwen_2_rounds_sides_and_keeps_the_area(width: int, height: int, tokens: int) -> None:
    """597 x 566 is measured at Nebius and at Z.ai."""
    assert qwen_patches(width, height, 28, 56 * 56, 28 * 28 * 1280) == tokens


@pytest.mark.parametrize(
    ("width", "height", "side", "largest", "tokens"),
    [(128, 128, 28, 1540, 30), (400, 301, 28, 1540, 176), (597, 566, 16, 1024, 1404), (1024, 1024, 16, 1024, 4160)],
)
def test_mistral_has_a_break_after_each_row(width: int, height: int, side: int, largest: int, tokens: int) -> None:
    """The first three are measured at Mistral."""
    assert pixtral_patches(width, height, side, largest) == tokens


@pytest.mark.parametrize(
    ("width", "height", "tokens"), [(336, 336, 144), (100, 100, 144), (672, 336, 144 * 3 + 2), (3008, 2000, 2319)]
)
def test_llama_4_has_tiles_and_the_whole(width: int, height: int, tokens: int) -> None:
    """With separators between columns and after rows, without the markers."""
    assert llama_4_tiles(width, height) == tokens


@pytest.mark.parametrize(
    ("width", "height", "tokens"), [(559, 559, 1601), (800, 500, 3202), (500, 800, 3202), (1000, 1000, 6404)]
)
def test_together_bills_tiles(width: int, height: int, tokens: int) -> None:
    """As its own page and recorded calls have it."""
    assert together_tiles(width, height) == tokens


@given(SIDES, SIDES)
def test_no_size_goes_beyond_the_bounds(width: int, height: int) -> None:
    """Whatever the proportion."""
    assert 1 <= pixtral_patches(width, height, 28, 1540) <= 56 * 55
    assert 144 <= llama_4_tiles(width, height) <= 144 * 17 + 16 * 16
    assert 1601 <= together_tiles(width, height) <= 6404
