"""What the input of a chat costs: sound and images have rates of their own at some models."""

from decimal import Decimal

from pricing_data.named_prices import NamedPrice
from pricing_data.usage import Usage
from tokenizer_registry.chat.parts import ChatCount


def input_usage(counted: ChatCount) -> Usage:
    """Return the usage of a call with this chat, which has a number."""
    parts = counted.parts
    return Usage(
        counted.tokens or 0,
        input_audio_tokens=parts.audio.tokens or 0,
        input_image_tokens=parts.images.tokens or 0,
    )


def has_media(counted: ChatCount) -> bool:
    """Return whether parts of the chat may have rates of their own."""
    return bool(counted.parts.audio.tokens or counted.parts.images.tokens)


def chat_input_cost(price: NamedPrice, counted: ChatCount) -> Decimal | None:
    """Return the cost of the chat as input in USD, None without a count or a price. Raise UnpricedUsage."""
    return None if counted.tokens is None else price.input_cost(input_usage(counted))


def parts_priced_apart(price: NamedPrice) -> frozenset[str]:
    """Return the parts of a chat whose tokens cost other than those of texts, or have no price."""
    rates = price.rates
    apart = {"audio": rates.input_audio != rates.input, "images": rates.input_image not in {None, rates.input}}
    return frozenset(name for name, is_apart in apart.items() if is_apart)
