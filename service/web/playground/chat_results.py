"""Counting of a chat or a request of a visitor, within the limits of the playground."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from pricing_data import Price
from service.http import json
from service.http.errors import TEXT_TOO_LARGE, Refusal
from service.tokens.chat_counting import ChatCounting
from service.tokens.counting_pool import Caller, CountingPool
from service.web.playground.chat_reading import (
    SHAPE_NAMES,
    FieldFault,
    ReadChat,
    read_typed_chat,
    read_typed_request,
)
from service.web.playground.chat_table import PART_NAMES, ChatTable, build_chat_table
from service.web.playground.draft import ChatDraft
from tokenizer_registry.chat.request import CommonRequest, MediaBlock, ToolResultBlock

# Memory that JSON takes while it is read, in bytes a character of its text.
BYTES_A_CHARACTER: Final = 8


class ChatResults:
    """Counts what visitors type as a chat or paste as a request."""

    def __init__(self, pool: CountingPool, max_characters: int) -> None:
        self.pool = pool
        self.chats = ChatCounting(pool)
        self.max_characters = max_characters

    async def read(
        self, typed: ChatDraft | str, caller: Caller, held_bytes: int
    ) -> ReadChat | FieldFault | Refusal | None:
        """Return the chat of a draft or of a pasted request; None if there is nothing to count."""
        read = partial(read_typed_request, typed) if isinstance(typed, str) else partial(read_typed_chat, typed)
        characters = len(typed) if isinstance(typed, str) else typed.characters
        found = await self.pool.run(caller, read, characters * BYTES_A_CHARACTER, held_bytes)
        if isinstance(found, ReadChat) and found.chat.characters > self.max_characters:
            return TEXT_TOO_LARGE.saying(
                f"The texts of the messages and tools are together longer than {self.max_characters:,} characters."
            )
        return found

    async def count(
        self, read: ReadChat, models: tuple[str, ...], prices: Mapping[str, Price], caller: Caller, held_bytes: int
    ) -> Mapping[str, Any] | Refusal:
        """Return what the results show of a chat."""
        counts = await self.chats.count(read.chat, models, None, caller, held_bytes)
        if isinstance(counts, Refusal):
            return counts
        return _shown(read, build_chat_table(models, counts, prices, self.pool.registry))


def _shown(read: ReadChat, found: ChatTable) -> Mapping[str, Any]:
    return {
        "table": found.table,
        "chat": found,
        "part_names": {name: PART_NAMES[name] for name in found.names},
        "shape": read.chat.shape,
        "contents": contents(read.chat.request, read.chat.shape),
        "body": "" if read.body is None else json.encode(read.body).decode(),
    }


def contents(request: CommonRequest, shape: str) -> str:
    """Return what a request has, such as `OpenAI Chat Completions: 2 messages, 1 tool`."""
    blocks = [block for turn in request.turns for block in turn.blocks]
    inner = [each for block in blocks if isinstance(block, ToolResultBlock) for each in block.blocks]
    images = sum(isinstance(block, MediaBlock) and block.kind == "image" for block in (*blocks, *inner))
    numbers = {"message": len(request.turns), "tool": len(request.tools), "image": images}
    words = [f"{number:,} {word}{'' if number == 1 else 's'}" for word, number in numbers.items() if number]
    return f"{SHAPE_NAMES[shape]}: {', '.join(words)}"
