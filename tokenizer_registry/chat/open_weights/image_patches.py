"""Tiles and patches of vision models with open weights. Sources: transformers 5.24.0, mistral-common 1.13.1."""

import math
from typing import Final

LLAMA_4_TILE: Final = 336
LLAMA_4_PATCHES: Final = 144
LLAMA_4_TILES: Final = 16
TOGETHER_TILE: Final = 560
TOGETHER_PATCHES: Final = 1601
TOGETHER_TILES: Final = 4


def qwen_patches(width: int, height: int, side: int, least_pixels: int, most_pixels: int) -> int:
    """Return the patches of an image whose sides are rounded to `side` and whose area is kept within two bounds."""
    columns, rows = (max(round(length / side), 1) * side for length in (width, height))
    if columns * rows > most_pixels:
        scale = math.sqrt(width * height / most_pixels)
        columns, rows = (max(math.floor(length / scale / side), 1) * side for length in (width, height))
    elif columns * rows < least_pixels:
        scale = math.sqrt(least_pixels / (width * height))
        columns, rows = (math.ceil(length * scale / side) * side for length in (width, height))
    return (columns // side) * (rows // side)


def pixtral_patches(width: int, height: int, side: int, largest: int) -> int:
    """Return the patches of an image that is fitted into a side, and a break or an end after each row."""
    ratio = max(width / largest, height / largest)
    if ratio > 1:
        width, height = round(width / ratio), round(height / ratio)
    columns, rows = (max((length - 1) // side + 1, 1) for length in (width, height))
    return (columns + 1) * rows


def llama_4_tiles(width: int, height: int) -> int:
    """Return the patches of the tiles that fit an image best, the separators, and the image as a whole."""
    columns, rows = _canvas(width, height)
    if columns * rows == 1:
        return LLAMA_4_PATCHES
    return LLAMA_4_PATCHES * (columns * rows + 1) + (columns - 1) * rows + rows


def _canvas(width: int, height: int) -> tuple[int, int]:
    """Return the grid with the largest scale up to 1, or the smallest one above; of equals the one with less area."""
    grids = [
        (columns, rows)
        for columns in range(1, LLAMA_4_TILES + 1)
        for rows in range(1, LLAMA_4_TILES + 1)
        if columns * rows <= LLAMA_4_TILES
    ]
    scales = {grid: min(grid[0] * LLAMA_4_TILE / width, grid[1] * LLAMA_4_TILE / height) for grid in grids}
    growing = [scale for scale in scales.values() if scale >= 1]
    chosen = min(growing) if growing else max(scales.values())
    return min((grid for grid in grids if scales[grid] == chosen), key=lambda grid: grid[0] * grid[1])


def together_tiles(width: int, height: int) -> int:
    """Return what Together bills: tiles of 560 px, at most two a side. Source: docs.together.ai."""
    columns, rows = (min(2, math.ceil(length / TOGETHER_TILE)) for length in (width, height))
    return min(columns * rows, TOGETHER_TILES) * TOGETHER_PATCHES
