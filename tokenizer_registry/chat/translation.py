"""Requests of one provider's shape as another's: what a gateway would send."""

from collections.abc import Iterator
from dataclasses import replace

from tokenizer_registry.chat.request import CommonRequest, TextBlock, ToolCallBlock, ToolResultBlock, Turn

SYSTEM_ROLES = frozenset({"system", "developer"})


def system_turns(request: CommonRequest) -> list[Turn]:
    """Return the turns of the system."""
    return [turn for turn in request.turns if turn.role in SYSTEM_ROLES]


def alternating_turns(request: CommonRequest) -> list[Turn]:
    """Return the other turns with the roles `user` and `assistant`: results of tools are a user's.

    Calls in a row are one message, as are results: OpenAI's Responses have them apart.
    """
    turns: list[Turn] = []
    for turn in request.turns:
        if turn.role in SYSTEM_ROLES:
            continue
        user = replace(turn, role="user") if turn.role in {"tool", "function"} else turn
        if turns and (_both_have(turns[-1], user, ToolResultBlock) or _both_have(turns[-1], user, ToolCallBlock)):
            turns[-1] = replace(turns[-1], blocks=(*turns[-1].blocks, *user.blocks))
        else:
            turns.append(user)
    return turns


def _both_have(first: Turn, second: Turn, kind: type) -> bool:
    return first.role == second.role and all(
        any(isinstance(each, kind) for each in turn.blocks) for turn in (first, second)
    )


def call_names(request: CommonRequest) -> dict[str, str]:
    """Return the names of called tools by the id of the call."""
    return {call.id: call.name for call in calls(request) if call.id is not None}


def calls(request: CommonRequest) -> Iterator[ToolCallBlock]:
    """Return all calls of tools."""
    return (block for turn in request.turns for block in turn.blocks if isinstance(block, ToolCallBlock))


def text_of(blocks: tuple[object, ...]) -> str:
    """Return the texts of blocks, joined."""
    return "".join(block.text for block in blocks if isinstance(block, TextBlock))
