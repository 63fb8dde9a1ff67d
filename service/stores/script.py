"""The script limit.lua on a store: many runs in one round trip."""

import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import Any, NamedTuple, Protocol

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

NUMBER_OF_KEYS = 2

# The two keys of an account, which are in one slot of a cluster, and the script's arguments.
Run = tuple[str | int, ...]


class Script(NamedTuple):
    """A script, and the name under which a store knows it."""

    text: str
    sha: str


def limit_script() -> Script:
    """The script of the package."""
    text = resources.files(__package__).joinpath("limit.lua").read_text(encoding="utf-8")
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class ScriptRunner(Protocol):
    """Where a script runs. Every method raises the faults of `service.stores.redis`."""

    async def load(self) -> None:
        """Make the store ready, so that a run is one round trip."""

    async def run(self, runs: Sequence[Run]) -> list[Any]:
        """One reply a run: a list, or the error that it was answered with. A run that the store did not carry out
        for want of the script is sent again; no other is sent twice."""


class NodeScript:
    """On one server."""

    def __init__(self, client: Redis, script: Script) -> None:
        self._client = client
        self._script = script

    async def load(self) -> None:
        """See ScriptRunner."""
        await self._client.script_load(self._script.text)

    async def run(self, runs: Sequence[Run]) -> list[Any]:
        """See ScriptRunner."""
        replies = await self._send(runs)
        while unknown := [at for at, reply in enumerate(replies) if isinstance(reply, NoScriptError)]:
            await self.load()
            again = await self._send([runs[at] for at in unknown])
            for at, reply in zip(unknown, again, strict=True):
                replies[at] = reply
        return replies

    async def _send(self, runs: Sequence[Run]) -> list[Any]:
        pipeline = self._client.pipeline(transaction=False)
        for run in runs:
            pipeline.evalsha(self._script.sha, NUMBER_OF_KEYS, *run)
        return await pipeline.execute(raise_on_error=False)
