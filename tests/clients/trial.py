"""Tries a client: what it got must be what the upstream said, and the usage that it has must be the bill."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import httpx2

from tests.clients.clients import Client
from tests.clients.scripted_answers import VALUES
from tests.end_to_end.server import Server

WARMTH = "It is 21 degrees in Paris."
NO_WAY = "-"
TRIES: Mapping[str, str] = {
    "chat": "two turns",
    "tools": "tools",
    "stream": "stream",
    "structured": "structured output",
    "once": "Idempotency-Key",
}
# instructor has the value itself by way of a tool.
SCRIPTED: Mapping[str, tuple[Any, ...]] = {
    "chat": (["Hello", "Hello / And now?"],),
    "tools": (WARMTH, dict(VALUES)),
    "stream": ("Count to three",),
    "structured": (dict(VALUES),),
    "once": (["Once", "Once"],),
}


class Outcome(NamedTuple):
    """What became of each try of a client: None if all was right, else the fault, or that there is no way to try it."""

    name: str
    version: str
    faults: Mapping[str, str | None]


Expected = Callable[[str, Any], bool]


def is_scripted(name: str, answer: Any) -> bool:
    """Whether the answer is what the scripted upstream says."""
    return answer in SCRIPTED[name]


def try_client(client: Client, server: Server, expected: Expected = is_scripted) -> Outcome:
    """Try everything with a key of its own."""
    key = server.new_key("clients", "--label", client.name)
    with client.open(f"{server.url}/v1", key) as conversation:
        faults: dict[str, str | None] = {}
        seen = 0
        for name in TRIES:
            said = conversation.ask(name)
            calls = _calls(server, key)
            faults[name] = _fault(name, said, calls[: len(calls) - seen], expected)
            seen = len(calls)
        return Outcome(client.name, conversation.version, faults)


def _calls(server: Server, key: str) -> list[dict[str, Any]]:
    """The calls of the key, newest first."""
    page = httpx2.get(f"{server.url}/api/gateway/usage?limit=100", headers={"X-API-Key": key}, timeout=30)
    calls: list[dict[str, Any]] = page.raise_for_status().json()["data"]
    return calls


def _fault(name: str, said: dict[str, Any], calls: list[dict[str, Any]], expected: Expected) -> str | None:
    if "error" in said:
        return str(said["error"])
    if said["answer"] is None:
        return NO_WAY
    if not expected(name, said["answer"]):
        return f"got {said['answer']!r}"
    billed = [sum(call[side] for call in calls) for side in ("prompt_tokens", "completion_tokens")]
    return None if said["usage"] == billed else f"usage {said['usage']}, billed {billed}"
