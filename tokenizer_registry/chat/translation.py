"""Requests of one provider's shape as another's: what a gateway would send."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from tokenizer_registry.chat.request import (
    Block,
    CommonRequest,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
    ToolResultBlock,
    Turn,
)

# The families whose models understand the signatures and thoughts that stand in a shape.
OWN_FAMILIES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "openai_chat": ("openai", "open"),
        "openai_responses": ("openai", "open"),
        "anthropic_messages": ("anthropic",),
        "gemini_contents": ("gemini",),
        "bedrock_converse": ("anthropic", "nova"),
        "cohere_chat": ("cohere",),
    }
)
SYSTEM_ROLES: Final = frozenset({"system", "developer"})


def translated(request: CommonRequest, family: str) -> CommonRequest:
    """Return the request as a gateway sends it to a family, without thoughts and signatures of another's models."""
    if family in OWN_FAMILIES[request.shape]:
        return request
    return replace(request, turns=tuple(turn._replace(blocks=_unsigned(turn)) for turn in request.turns))


def _unsigned(turn: Turn) -> tuple[Block, ...]:
    return tuple(_unsigned_block(block) for block in turn.blocks if not isinstance(block, ThinkingBlock))


def _unsigned_block(block: Block) -> Block:
    if isinstance(block, TextBlock) and block.is_signed:
        return block._replace(is_signed=False)
    return replace(block, is_signed=False) if isinstance(block, ToolCallBlock) and block.is_signed else block


def system_turns(request: CommonRequest) -> list[Turn]:
    """Return the turns of the system."""
    return [turn for turn in request.turns if turn.role in SYSTEM_ROLES]


def alternating_turns(request: CommonRequest) -> list[Turn]:
    """Return the other turns with the roles `user` and `assistant`: results of tools are a user's.

    Calls in a row are one message, as are results: OpenAI's Responses have them apart.
    """
    groups: list[list[Turn]] = []
    for turn in request.turns:
        if turn.role in SYSTEM_ROLES:
            continue
        user = turn._replace(role="user") if turn.role in {"tool", "function"} else turn
        if groups and _belongs(groups[-1][-1], user):
            groups[-1].append(user)
        else:
            groups.append([user])
    return [_merged(group) for group in groups]


def _belongs(last: Turn, turn: Turn) -> bool:
    """Whether both have calls, or both have results."""
    kinds = (ToolCallBlock, ToolResultBlock)
    return last.role == turn.role and any(_has(last, kind) and _has(turn, kind) for kind in kinds)


def _has(turn: Turn, kind: type) -> bool:
    return any(isinstance(block, kind) for block in turn.blocks)


def _merged(turns: list[Turn]) -> Turn:
    if len(turns) == 1:
        return turns[0]
    return turns[0]._replace(blocks=tuple(block for turn in turns for block in turn.blocks))


def call_names(request: CommonRequest) -> dict[str, str]:
    """Return the names of called tools by the id of the call."""
    return {call.id: call.name for call in calls(request) if call.id is not None}


def calls(request: CommonRequest) -> Iterator[ToolCallBlock]:
    """Return all calls of tools."""
    return (block for turn in request.turns for block in turn.blocks if isinstance(block, ToolCallBlock))
