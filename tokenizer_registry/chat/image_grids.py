"""Tiles and patches that an image is cut into, from its width and height in pixels."""

import math
from fractions import Fraction
from typing import Final

TILE_SIDE: Final = 512
MAX_TILED_SIDE: Final = 2048
MAX_SHORT_SIDE: Final = 768
PATCH_SIDE: Final = 32


def tile_count(width: int, height: int) -> int:
    """Return the squares of 512 px after an image is fitted into 2048 px and its short side into 768 px.

    Source: OpenAI's guide on images, 2026.
    """
    long, short = Fraction(max(width, height)), Fraction(min(width, height))
    if long > MAX_TILED_SIDE:
        long, short = Fraction(MAX_TILED_SIDE), max(Fraction(int(short * MAX_TILED_SIDE / long)), Fraction(1))
    if short > MAX_SHORT_SIDE:
        long, short = Fraction(int(long * MAX_SHORT_SIDE / short)), Fraction(MAX_SHORT_SIDE)
    return math.ceil(long / TILE_SIDE) * math.ceil(short / TILE_SIDE)


def patch_tokens(width: int, height: int, budget: int, largest_side: int) -> int:
    """Return the patches of 32 px of an image that is first fitted into a side and a number of patches.

    Source: OpenAI's guide on images, 2026.
    """
    if max(width, height) > largest_side:
        scale = largest_side / max(width, height)
        width, height = max(int(width * scale), 1), max(int(height * scale), 1)
    patches = math.ceil(width / PATCH_SIDE) * math.ceil(height / PATCH_SIDE)
    if patches <= budget:
        return patches
    scale = math.sqrt(budget * PATCH_SIDE**2 / (width * height))
    columns, rows = width * scale / PATCH_SIDE, height * scale / PATCH_SIDE
    scale *= min(max(math.floor(columns), 1) / columns, max(math.floor(rows), 1) / rows)
    width, height = max(int(width * scale), 1), max(int(height * scale), 1)
    return min(math.ceil(width / PATCH_SIDE) * math.ceil(height / PATCH_SIDE), budget)


def claude_patches(width: int, height: int, largest_side: int, budget: int) -> int:
    """Return the patches of 28 px of an image, brought to the largest size that is within a side and a budget.

    Source: Anthropic's page on vision, 2026.
    """
    if _fits(width, height, largest_side, budget):
        return _grid(width, height, 28)
    long, short = max(width, height), min(width, height)
    low, high = 1, min(long, largest_side)
    while low < high:
        middle = (low + high + 1) // 2
        if _grid(middle, _short_side(middle, long, short), 28) <= budget:
            low = middle
        else:
            high = middle - 1
    return _grid(low, _short_side(low, long, short), 28)


def is_resized_strip(width: int, height: int, largest_side: int, budget: int) -> bool:
    """Return whether an image is made smaller and is more than twice as long in one direction as in the other.

    Anthropic's page has more patches for the only such image in its table than the rule for all others gives.
    """
    return max(width, height) > 2 * min(width, height) and not _fits(width, height, largest_side, budget)


def _fits(width: int, height: int, largest_side: int, budget: int) -> bool:
    return max(width, height) <= largest_side and _grid(width, height, 28) <= budget


def _short_side(long: int, of_long: int, of_short: int) -> int:
    return max(round(Fraction(long * of_short, of_long)), 1)


def _grid(width: int, height: int, side: int) -> int:
    return math.ceil(width / side) * math.ceil(height / side)


def fitted_grid(width: int, height: int, budget: int) -> int:
    """Return columns times rows of the grid of an image's proportion that fits a budget, as Gemini 3 and Gemma 4 do.

    Source: transformers 5.24.0, gemma4/image_processing; measured on recorded calls.
    """
    columns = max(math.isqrt(budget * width // height), 1)
    rows = max(math.isqrt(budget * height // width), 1)
    return min(columns * rows, budget)


def gemini_tiles(width: int, height: int) -> int:
    """Return the tiles of an image in Gemini 2: one up to 384 px a side, else its grid and one for the whole."""
    if max(width, height) <= 384:
        return 1
    side = min(max(int(min(width, height) / 1.5), 256), 768)
    return _grid(width, height, side) + 1
