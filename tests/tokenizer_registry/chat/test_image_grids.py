"""Grids of images: the providers' own examples, and properties for all sizes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenizer_registry.chat.image_grids import claude_patches, fitted_grid, gemini_tiles, patch_tokens, tile_count

SIDES = st.integers(1, 20_000)
STANDARD, HIGH = (1568, 1568), (2576, 4784)


@pytest.mark.parametrize(
    ("width", "height", "standard", "high"),
    [
        (200, 200, 64, 64),
        (1000, 1000, 1296, 1296),
        (1092, 1092, 1521, 1521),
        (1920, 1080, 1560, 2691),
        # The page has these two numbers beside 4000 x 1500, whose grids they cannot be: 46 x 34 and 72 x 54.
        (2000, 1500, 1564, 3888),
        (3840, 2160, 1560, 4784),
        (1001, 1001, 1296, 1296),
    ],
)
def test_claude_has_the_documented_patches(width: int, height: int, standard: int, high: int) -> None:
    """In both tiers, also turned."""
    for sides in ((width, height), (height, width)):
        assert (claude_patches(*sides, *STANDARD), claude_patches(*sides, *HIGH)) == (standard, high)


@pytest.mark.parametrize(
    ("width", "height", "tiles"), [(1024, 1024, 4), (2048, 4096, 6), (512, 512, 1), (513, 512, 2), (1, 1, 1)]
)
def test_openai_has_the_documented_tiles(width: int, height: int, tiles: int) -> None:
    """Of 512 px."""
    assert tile_count(width, height) == tiles


@pytest.mark.parametrize(("width", "height", "patches"), [(1024, 1024, 1024), (1800, 2400, 1452), (540, 360, 204)])
def test_openai_has_the_documented_patches(width: int, height: int, patches: int) -> None:
    """Within the budget of 2025."""
    assert patch_tokens(width, height, 1536, 65_535) == patches


@pytest.mark.parametrize(("width", "height", "tokens"), [(597, 566, 1088), (128, 128, 1089), (400, 301, 1102)])
def test_gemini_3_has_the_measured_grid(width: int, height: int, tokens: int) -> None:
    """Of the budget of 1,120."""
    assert fitted_grid(width, height, 1120) == tokens


@pytest.mark.parametrize(("width", "height", "tiles"), [(384, 384, 1), (540, 360, 7), (3008, 2000, 13), (700, 1003, 7)])
def test_gemini_2_has_the_measured_tiles(width: int, height: int, tiles: int) -> None:
    """One more than the grid."""
    assert gemini_tiles(width, height) == tiles


@given(width=SIDES, height=SIDES)
def test_grids_are_symmetric_and_within_their_budgets(width: int, height: int) -> None:
    """For images of any proportion."""
    assert 1 <= claude_patches(width, height, *STANDARD) <= 1568
    assert claude_patches(width, height, *HIGH) == claude_patches(height, width, *HIGH)
    assert 1 <= patch_tokens(width, height, 1536, 2048) <= 1536
    assert 1 <= fitted_grid(width, height, 1120) <= 1120
    assert fitted_grid(width, height, 280) == fitted_grid(height, width, 280)
    assert 1 <= tile_count(width, height) <= 8


@given(width=SIDES, height=SIDES)
def test_claude_patches_are_those_of_the_largest_size_that_fits(width: int, height: int) -> None:
    """A slow search over all long edges finds none larger."""

    def grid(long: int) -> int:
        short = max(round(long * min(width, height) / max(width, height)), 1)
        return -(-long // 28) * -(-short // 28)

    fitting = [long for long in range(1, min(max(width, height), 1568) + 1) if grid(long) <= 1568]
    assert claude_patches(width, height, *STANDARD) == grid(fitting[-1])
