"""An OpenAI-compatible server with a constant response, in a separate process: the fastest possible upstream.

`python -m bench.fast_upstream` prints its port.
"""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send

MODEL = "fast-model"
WORDS = 20
USAGE = {"prompt_tokens": 12, "completion_tokens": WORDS, "total_tokens": 12 + WORDS}
HEAD = {"id": "chatcmpl-1", "created": 1_700_000_000, "model": MODEL}


def event(choices: list[dict[str, Any]], **more: Any) -> bytes:
    """Return one chunk of a stream."""
    return (
        b"data: "
        + json.dumps({**HEAD, "object": "chat.completion.chunk", "choices": choices, **more}).encode()
        + b"\n\n"
    )


MESSAGE = {"role": "assistant", "content": " word" * WORDS}
WHOLE = json.dumps(
    {
        **HEAD,
        "object": "chat.completion",
        "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
        "usage": USAGE,
    }
).encode()
MODELS = json.dumps({"object": "list", "data": [{"id": MODEL, "object": "model"}]}).encode()
PIECES = [
    event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]),
    *[event([{"index": 0, "delta": {"content": " word"}, "finish_reason": None}])] * WORDS,
    event([{"index": 0, "delta": {}, "finish_reason": "stop"}]),
    event([], usage=USAGE),
    b"data: [DONE]\n\n",
]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request for a chat completion, or for the list of models."""
    body = b""
    more = True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    streamed = scope["method"] == "POST" and json.loads(body).get("stream") is True
    whole = WHOLE if scope["method"] == "POST" else MODELS
    kind = b"text/event-stream" if streamed else b"application/json"
    length = [] if streamed else [(b"content-length", str(len(whole)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind), *length]})
    for piece in PIECES if streamed else []:
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if streamed else whole})


@contextmanager
def fast_upstream() -> Iterator[str]:
    """Run the server, and yield its base URL."""
    command = [sys.executable, "-m", "bench.fast_upstream"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.terminate()


def main() -> None:
    """Serve until the process gets SIGTERM."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    print(listener.getsockname()[1], flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")).run(sockets=[listener])


if __name__ == "__main__":
    main()
