"""Images of vision models with open weights, by the size rules of their processors."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from tokenizer_registry.chat.context import CountingContext
from tokenizer_registry.chat.image_grids import fitted_grid
from tokenizer_registry.chat.open_weights.image_patches import (
    llama_4_tiles,
    pixtral_patches,
    qwen_patches,
    together_tiles,
)
from tokenizer_registry.chat.open_weights.shipped import ChatTemplate
from tokenizer_registry.chat.request import MediaBlock

IMAGES: Final = "open-images"
# How an image is cut, by the form that a rule names: from width, height and the rule's values to tokens.
FORMS: Final[Mapping[str, Callable[[int, int, Mapping[str, Any]], int]]] = MappingProxyType(
    {
        "qwen": lambda width, height, values: qwen_patches(
            width, height, values["side"], values["least_pixels"], values["most_pixels"]
        ),
        "pixtral": lambda width, height, values: pixtral_patches(width, height, values["side"], values["largest"]),
        "llama-4": lambda width, height, values: llama_4_tiles(width, height),
        "grid": lambda width, height, values: fitted_grid(width, height, values["budget"]),
        "tiles": lambda width, height, values: together_tiles(width, height),
        "flat": lambda width, height, values: int(values["tokens"]),
    }
)


def count_image(context: CountingContext, block: MediaBlock, template: ChatTemplate) -> None:
    """Add an image; a template that takes images has counted one token in its place already."""
    part = context.sums.images
    hosted = context.optional_rule(f"{IMAGES}-{context.host}") or context.optional_rule(IMAGES)
    if hosted is None:
        part.lack(f"how {context.model} counts {block.path}")
        return
    if hosted.values["form"] != "flat" and (block.width is None or block.height is None):
        reason = f" ({block.fault})" if block.fault else ""
        part.lack(f"{block.path}: width, height{reason}", hosted.name)
        return
    tokens = FORMS[hosted.values["form"]](block.width or 1, block.height or 1, hosted.values)
    placed = hosted.values.get("placed", 1) if template.image else 0
    part.add(tokens + hosted.values.get("markers", 0) - placed, hosted.name)
