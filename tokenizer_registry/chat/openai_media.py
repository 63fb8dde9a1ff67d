"""Images, sounds and files of a request to an OpenAI model."""

import math
from collections.abc import Mapping
from typing import Any

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.image_grids import patch_tokens, tile_count
from tokenizer_registry.chat.model_tables import row_of
from tokenizer_registry.chat.parts import TokenRange
from tokenizer_registry.chat.request import MediaBlock


def count_media(context: CountingContext, block: MediaBlock) -> None:
    """Add an image, a sound or a file to its part."""
    match block.kind:
        case "image":
            _count_image(context, block)
        case "audio":
            _count_audio(context, block)
        case _:
            _count_file(context, block)


def _count_image(context: CountingContext, block: MediaBlock) -> None:
    rule, part = context.optional_rule("openai-images"), context.sums.images
    if rule is None:
        part.lack(f"how {context.model} counts images")
        return
    style = row_of(rule.values["models"], context.model)
    if style is None:
        part.lack(f"how {context.model} counts images")
    elif block.width is None or block.height is None:
        reason = f" ({block.fault})" if block.fault else ""
        low, high = _unknown_size(style, block)
        part.lack(f"{block.path}: width, height{reason}", rule.name, low, high)
    elif "tile" in style:
        tokens = _tiles(style, block, block.width, block.height)
        low = tokens * style.get("low_percent", 100) // 100
        part.add(tokens, rule.name)
        if low != tokens:
            part.widen(tokens - low, 0, rule.name)
    elif (block.detail or "auto") not in style:
        part.lack(f"what detail {block.detail!r} of {block.path} costs", rule.name)
    else:
        tokens = _patches(style, block, block.width, block.height)
        part.estimate(TokenRange(tokens, max(tokens - 1, 0), tokens + 1), rule.name)


def _tiles(style: Mapping[str, Any], block: MediaBlock, width: int, height: int) -> int:
    base: int = style["base"]
    tile: int = style["tile"]
    return base if block.detail == "low" else base + tile * tile_count(width, height)


def _patches(style: Mapping[str, Any], block: MediaBlock, width: int, height: int) -> int:
    budget, side = style[block.detail or "auto"]
    patches = patch_tokens(width, height, budget, side)
    return math.ceil(patches * int(style["percent"]) / 100) + int(style["extra"])


def _unknown_size(style: Mapping[str, Any], block: MediaBlock) -> tuple[int, int | None]:
    """The least and the most that an image of any size costs: one tile or patch, and as many as fit."""
    if "tile" not in style:
        budget, side = style.get(block.detail or "auto", style["auto"])
        most = min(budget, math.ceil(side / 32) ** 2)
        return 1, math.ceil(most * style["percent"] / 100) + int(style["extra"]) + 1
    base, tile = int(style["base"]), int(style["tile"])
    return (base, base) if block.detail == "low" else (base + tile, base + 8 * tile)


def _count_audio(context: CountingContext, block: MediaBlock) -> None:
    rule, part = context.rule("openai-audio"), context.sums.audio
    if block.seconds is None:
        part.lack(f"{block.path}: seconds", rule.name)
        return
    part.add(int(block.seconds * rule.values["tokens_per_second"]), rule.name)
    context.widen(part, rule.name)


def _count_file(context: CountingContext, block: MediaBlock) -> None:
    context.sums.files.lack(f"{block.path}: the text and the page images that are made of the file")
