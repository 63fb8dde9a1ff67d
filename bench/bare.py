"""A bare ASGI application: parses the body of a count and answers the same bytes; no keys, no limits, no counting."""

import json
import socket
import sys
from typing import Any

import uvicorn
import uvloop

ANSWER = sys.argv[2].encode() if len(sys.argv) > 2 else b"[]"
HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())],
}
BODY = {"type": "http.response.body", "body": ANSWER}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Answer one call."""
    parts = []
    while True:
        message = await receive()
        parts.append(message["body"])
        if not message["more_body"]:
            break
    json.loads(b"".join(parts))
    await send(HEAD)
    await send(BODY)


def main() -> None:
    """Serve on the socket whose file descriptor is the first argument."""
    config = uvicorn.Config(app, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="error")
    uvloop.run(uvicorn.Server(config).serve(sockets=[socket.socket(fileno=int(sys.argv[1]))]))


if __name__ == "__main__":
    main()
