"""An OpenAI-compatible server that writes down what it produced, for each caller by its property `user`.

The property says what to do: `NAME/KIND/PIECES`. KIND is `reports` (PIECES tokens, then its usage), `silent` (the same
without usage), `stalls` (PIECES tokens, and no end) or `endless` (tokens until the caller hangs up).
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Condition

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

from tests.fake_upstream import DONE, FINISH, ROLE, chunk, usage_chunk
from tests.served import served

# Each is one token in cl100k_base, and stays one beside its like.
WORD = " word"
PIECE = chunk({"content": WORD})
PAUSE_SECONDS = 0.05
PROMPT_TOKENS = 50
# What a model's own usage has besides the tokens of the text.
UNSEEN_TOKENS = 3


@dataclass
class Produced:
    """What one call got: tokens of text, and its usage if it was reported."""

    words: int = 0
    usage: tuple[int, int] | None = None


class RecordingUpstream:
    """`record` has what each name got, `url` is the base URL."""

    def __init__(self) -> None:
        self.record: dict[str, Produced] = {}
        self.url = ""
        self._asked = Condition()

    def wait_for(self, name: str) -> None:
        """Until that caller's call is here; from any other thread."""
        with self._asked:
            assert self._asked.wait_for(lambda: name in self.record, timeout=60)

    def app(self) -> Starlette:
        """As an ASGI application."""
        return Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])

    async def _complete(self, request: Request) -> StreamingResponse:
        name, kind, pieces = json.loads(await request.body())["user"].split("/")
        assert name not in self.record
        with self._asked:
            produced = self.record[name] = Produced()
            self._asked.notify_all()
        return StreamingResponse(self._pieces(produced, kind, int(pieces)), media_type="text/event-stream")

    async def _pieces(self, produced: Produced, kind: str, pieces: int) -> AsyncIterator[bytes]:
        yield ROLE
        while kind == "endless" or produced.words < pieces:
            produced.words += 1
            yield PIECE
            await asyncio.sleep(PAUSE_SECONDS if kind == "endless" else 0)
        if kind == "stalls":
            await asyncio.Event().wait()
        yield FINISH
        if kind == "reports":
            produced.usage = (PROMPT_TOKENS, produced.words + UNSEEN_TOKENS)
            yield usage_chunk(*produced.usage)
        yield DONE


@contextmanager
def recording_upstream() -> Iterator[RecordingUpstream]:
    """Run a recording upstream for the time of the block."""
    upstream = RecordingUpstream()
    with served(upstream.app()) as server:
        upstream.url = f"{server.url}/v1"
        yield upstream
