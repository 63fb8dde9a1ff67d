"""An OpenAI-compatible server whose answers a test scripts: it answers, stalls, breaks off or lies."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tests.served import Served, served

MODEL = "secret-model-7b"
CREATED = 1_700_000_000


class Cut(Exception):
    """Ends a connection without ending its answer."""


class Stall:
    """Where an answer stops until `go` is called; then it goes on."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.event = asyncio.Event()

    def go(self) -> None:
        """Go on; may be called from any thread."""
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.event.set)
        else:
            self.event.set()

    async def wait(self) -> None:
        """In the server's loop."""
        self.loop = asyncio.get_running_loop()
        await self.event.wait()


Piece = bytes | Stall | type[Cut]


@dataclass(frozen=True)
class Script:
    """One answer: its pieces are sent one after the other."""

    pieces: Iterable[Piece]
    status: int = 200
    content_type: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)


class FakeUpstream:
    """What it was sent is in `seen`; `answer` decides what it says."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.authorizations: list[str | None] = []
        self.traceparents: list[str | None] = []
        self.answer: Callable[[dict[str, Any]], Script] = usual
        self.hung_up = 0
        self.server: Served | None = None

    @property
    def url(self) -> str:
        """The base URL, as an operator would set it."""
        assert self.server is not None
        return f"{self.server.url}/v1"

    def app(self) -> Starlette:
        """As an ASGI application."""
        return Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])

    async def _complete(self, request: Request) -> Response:
        body = json.loads(await request.body())
        self.seen.append(body)
        self.authorizations.append(request.headers.get("authorization"))
        self.traceparents.append(request.headers.get("traceparent"))
        script = self.answer(body)
        return StreamingResponse(
            self._pieces(script), script.status, {**script.headers, "content-type": script.content_type}
        )

    async def _pieces(self, script: Script) -> AsyncIterator[bytes]:
        try:
            for piece in script.pieces:
                if isinstance(piece, Stall):
                    await piece.wait()
                elif isinstance(piece, bytes):
                    yield piece
                    await asyncio.sleep(0)
                else:
                    raise Cut
        except asyncio.CancelledError:
            self.hung_up += 1
            raise


def event(value: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + json.dumps(value).encode() + b"\n\n"


def chunk(delta: dict[str, Any], *, index: int = 0, finish: str | None = None, **more: Any) -> bytes:
    """One chunk of a stream."""
    choice = {"index": index, "delta": delta, "finish_reason": finish}
    head = {"id": "up-1", "object": "chat.completion.chunk", "created": CREATED, "model": MODEL}
    return event({**head, "system_fingerprint": "fp_up", "choices": [choice], **more})


def usage_chunk(prompt_tokens: Any, completion_tokens: Any) -> bytes:
    """The last chunk, as include_usage asks for it."""
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens, "total_tokens": 0, "cost": 0.5}
    return event({"id": "up-1", "object": "chat.completion.chunk", "model": MODEL, "choices": [], "usage": usage})


DONE = b"data: [DONE]\n\n"
ROLE = chunk({"role": "assistant", "content": ""})
FINISH = chunk({}, finish="stop")


def said(*texts: str) -> list[bytes]:
    """The head of a stream and these pieces of text."""
    return [ROLE, *(chunk({"content": text}) for text in texts)]


def stream(*texts: str, usage: tuple[Any, Any] | None = (10, 20)) -> Script:
    """Return the script of a complete stream."""
    reported = [usage_chunk(*usage)] if usage else []
    return Script([*said(*texts), FINISH, *reported, DONE])


def plain(*texts: str, usage: Any = (10, 20), **more: Any) -> Script:
    """A whole answer in one piece."""
    reported = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": 0} if usage else None
    answer = {
        "id": "up-1",
        "object": "chat.completion",
        "created": CREATED,
        "model": MODEL,
        "provider": "hidden",
        "system_fingerprint": "fp_up",
        "choices": [
            {"index": index, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            for index, text in enumerate(texts)
        ],
        "usage": reported,
        **more,
    }
    return Script([json.dumps(answer).encode()], content_type="application/json")


def refusal(status: int, message: str = "no", **headers: str) -> Script:
    """Return the script of an error."""
    body = json.dumps({"error": {"message": message}}).encode()
    return Script([body], status, "application/json", headers)


def usual(body: dict[str, Any]) -> Script:
    """A short answer, streamed if it was asked for so."""
    return stream("Hello", " world") if body.get("stream") else plain("Hello world")


@contextmanager
def fake_upstream() -> Iterator[FakeUpstream]:
    """Run a fake upstream for the time of the block."""
    upstream = FakeUpstream()
    with served(upstream.app()) as server:
        upstream.server = server
        yield upstream
