"""A bare ASGI application: parses the body of a count and answers the same bytes; no keys, no limits, no counting.

Arguments: the file descriptor of a listening socket, and the reply as JSON: its headers, in pairs, and its body.
"""

import json
import socket
import sys
from typing import Any

import uvicorn
import uvloop

headers, answer = json.loads(sys.argv[2])
HEAD = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(name.encode(), value.encode()) for name, value in headers],
}
BODY = {"type": "http.response.body", "body": answer.encode()}


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Read one request, parse its JSON, and send a fixed reply."""
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
    """Serve until a signal stops the process."""
    config = uvicorn.Config(
        app, loop="uvloop", http="httptools", lifespan="off", access_log=False, log_level="error",
        server_header=False,
    )  # fmt: skip
    uvloop.run(uvicorn.Server(config).serve(sockets=[socket.socket(fileno=int(sys.argv[1]))]))


if __name__ == "__main__":
    main()
