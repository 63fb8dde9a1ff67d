"""Requests of one provider's shape as another's: what a gateway would send."""

from collections.abc import Iterator
from dataclasses import replace

from tokenizer_registry.chat.request import CommonRequest, ToolCallBlock, ToolResultBlock, Turn

SYSTEM_ROLES = frozenset({"system", "developer"})


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
        user = replace(turn, role="user") if turn.role in {"tool", "function"} else turn
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
    return replace(turns[0], blocks=tuple(block for turn in turns for block in turn.blocks))


def call_names(request: CommonRequest) -> dict[str, str]:
    """Return the names of called tools by the id of the call."""
    return {call.id: call.name for call in calls(request) if call.id is not None}


def calls(request: CommonRequest) -> Iterator[ToolCallBlock]:
    """Return all calls of tools."""
    return (block for turn in request.turns for block in turn.blocks if isinstance(block, ToolCallBlock))
