"""For those who run the service: is it alive, is it ready, how is it doing."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.types import Receive, Scope, Send

from service.http import json
from service.http.responses import Reply
from service.observability.metrics import Metrics

FindFaults = Callable[[], Awaitable[dict[str, str | None]]]


class Health:
    """`GET /health`: the process answers. It asks no store, so that a store's fault does not restart it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Always 200."""
        await Reply(200, b'{"status":"ok"}')(scope, receive, send)


class Numbers:
    """`GET /metrics`: all numbers of all workers, in Prometheus's text format.

    `look` brings those of the present state up to date; other workers' are half a second old at most.
    """

    def __init__(self, metrics: Metrics, look: Callable[[], None]) -> None:
        self.metrics = metrics
        self.look = look

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Add them up now."""
        self.look()
        self.metrics.write()
        text = await asyncio.to_thread(self.metrics.text)
        await Reply(200, text, content_type=CONTENT_TYPE_LATEST.encode())(scope, receive, send)


class Readiness:
    """`GET /ready`: 200 when every dependency answers, else 503 with the faults by name.

    `ask` returns each dependency with what is wrong with it, or None. `remarks` are listed by name and leave the
    service ready: a damaged vocabulary or an old price would not be mended by a restart.
    """

    def __init__(
        self, ask: FindFaults, remarks: Mapping[str, Callable[[], str | None]], timeout_seconds: float = 2.0
    ) -> None:
        self.ask = ask
        self.remarks = remarks
        self.timeout_seconds = timeout_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Ask every dependency now."""
        try:
            async with asyncio.timeout(self.timeout_seconds):
                faults = await self.ask()
        except TimeoutError:
            faults = {"stores": f"no answer within {self.timeout_seconds:g} s"}
        except Exception as error:  # such as that no thread can be started: whatever it is, the stores were not reached
            faults = {"stores": f"the check failed with {type(error).__name__}"}
        degraded = any(faults.values())
        body: dict[str, json.Value] = {
            "status": "degraded" if degraded else "ready",
            **{name: fault or "ok" for name, fault in faults.items()},
            **{name: remark() or "ok" for name, remark in self.remarks.items()},
        }
        await Reply(503 if degraded else 200, json.encode(body))(scope, receive, send)
