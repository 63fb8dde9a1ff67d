"""Turns for verifying passwords, so that one address can neither take all of them nor guess fast."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from service.console.passwords import TooBusy

MAX_AT_A_TIME_OF_ADDRESS = 8
SLOW_SECONDS = 0.25


@dataclass(slots=True)
class _Line:
    """The logins of one address that are under way; those that are slowed wait for each other."""

    logins: int = 0
    slow: asyncio.Lock = field(default_factory=asyncio.Lock)


class LoginTurns:
    """Lets few logins of one address go on at a time. One a process and event loop."""

    def __init__(self, slow_seconds: float = SLOW_SECONDS) -> None:
        self._slow_seconds = slow_seconds
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def turn(self, address: str, *, is_slowed: bool) -> AsyncIterator[None]:
        """Wait for a turn; slowed logins of an address have one after the other. Raises TooBusy."""
        line = self._lines.setdefault(address, _Line())
        if line.logins >= MAX_AT_A_TIME_OF_ADDRESS:
            raise TooBusy
        line.logins += 1
        try:
            if is_slowed:
                async with line.slow:
                    await asyncio.sleep(self._slow_seconds)
                    yield
            else:
                yield
        finally:
            line.logins -= 1
            if not line.logins:
                del self._lines[address]
