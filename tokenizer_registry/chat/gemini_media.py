"""Images, sounds, pages and videos of a request to a Gemini model."""

import math
from typing import Final

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.image_grids import fitted_grid, gemini_tiles
from tokenizer_registry.chat.parts import PartSum, TokenRange
from tokenizer_registry.chat.request import MediaBlock
from tokenizer_registry.chat.rules import Rule

TILE_TOKENS: Final = 258
# Tiles of a page on Vertex AI, as one recorded call has it.
PAGE_TILES: Final = 5
# A page in portrait of A4 or Letter, in any unit.
PAGE_SIZES: Final = ((595, 842), (612, 792))


def count_media(context: CountingContext, block: MediaBlock) -> None:
    """Add an image, a sound, a file or a video to its part."""
    match block.kind:
        case "image":
            _count_image(context, block)
        case "audio":
            _count_audio(context, block)
        case "video":
            _count_video(context, block)
        case _:
            _count_file(context, block)


def _level(block: MediaBlock) -> str:
    """The level of a resolution: `high` of `MEDIA_RESOLUTION_HIGH` and the like."""
    level = (block.detail or "default").lower().removeprefix("media_resolution_").removesuffix("_budget")
    return "default" if level == "unspecified" else level


def _budget(rule: Rule, block: MediaBlock) -> int:
    return int(rule.values.get(_level(block), rule.values["default"]))


def _lacks_level(part: PartSum, block: MediaBlock) -> bool:
    """Note a resolution of Gemini's that the rules do not know, and return whether there is one."""
    is_other = (block.detail or "").lower().startswith("media_resolution_") and _level(block) != "default"
    if is_other:
        part.lack(f"what {block.path} costs at {block.detail}")
    return is_other


def _count_image(context: CountingContext, block: MediaBlock) -> None:
    rule, part = context.hosted_rule("gemini-images"), context.sums.images
    form, is_sized = rule.values["form"], block.width is not None and block.height is not None
    if form in {"flat", "tiles"} and _lacks_level(part, block):
        return
    if form == "flat" and (is_sized or not block.fault):
        part.add(TILE_TOKENS, rule.name)
    elif block.width is None or block.height is None:
        reason = f" ({block.fault})" if block.fault else ""
        most = {"flat": TILE_TOKENS, "tiles": None}
        low, high = (TILE_TOKENS, most[form]) if form in most else (1, _budget(rule, block))
        part.lack(f"{block.path}: width, height{reason}", rule.name, low, high)
    elif form == "tiles":
        part.add(TILE_TOKENS * gemini_tiles(block.width, block.height), rule.name)
    else:
        part.add(fitted_grid(block.width, block.height, _budget(rule, block)), rule.name)


def _count_audio(context: CountingContext, block: MediaBlock) -> None:
    rule, part = context.hosted_rule("gemini-audio"), context.sums.audio
    if block.seconds is None:
        part.lack(f"{block.path}: seconds", rule.name)
        return
    seconds = math.ceil(block.seconds) if rule.values["whole_seconds"] else block.seconds
    part.add(math.ceil(seconds * rule.values["tokens_per_second"]), rule.name)
    context.widen(part, rule.name)


def _count_video(context: CountingContext, block: MediaBlock) -> None:
    rule, part = context.hosted_rule("gemini-video"), context.sums.files
    if _lacks_level(part, block):
        return
    if block.seconds is None:
        part.lack(f"{block.path}: seconds", rule.name)
        return
    part.add(math.ceil(block.seconds) * rule.values["tokens_per_second"], rule.name)
    context.widen(part, rule.name)


def _count_file(context: CountingContext, block: MediaBlock) -> None:
    rule, part = context.hosted_rule("gemini-pages"), context.sums.files
    if block.text is not None:
        context.add_text(part, block.text, "gemini-text-file")
        context.widen(part, "gemini-text-file")
    elif (block.media_type or "").partition(";")[0] != "application/pdf":
        part.lack(f"how {context.model} counts {block.path} ({block.media_type})")
    elif block.pages is None:
        part.lack(f"{block.path}: pages", rule.name)
    elif _lacks_level(part, block):
        return
    elif rule.values["form"] == "tiles":
        tiles = (PAGE_TILES, 1, 2 * PAGE_TILES)
        part.estimate(TokenRange(*(TILE_TOKENS * each * block.pages for each in tiles)), rule.name)
    elif rule.values["form"] == "flat":
        part.add(TILE_TOKENS * block.pages, rule.name)
        context.widen(part, rule.name)
    else:
        sizes = [fitted_grid(*size, rule.values["budget"]) * block.pages for size in PAGE_SIZES]
        part.estimate(TokenRange(sizes[0], min(sizes), rule.values["budget"] * block.pages), rule.name)
