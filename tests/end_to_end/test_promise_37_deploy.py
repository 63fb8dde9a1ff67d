"""Promise 37: a deploy does not cut or lose streams."""

import signal
import time
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import func, select

from service.storage.sql.engine import blocking_engine
from service.storage.sql.tables import hold
from service.storage.sql.url import DatabaseUrl
from tests.end_to_end.conftest import SETTINGS
from tests.end_to_end.processes import wait_until_refused
from tests.end_to_end.raw_streams import read_all, read_until, stream_opened
from tests.end_to_end.server import running
from tests.fake_upstream import DONE, FINISH, Script, Stall, fake_upstream, said, usage_chunk
from tests.promises.figure import Figure
from tests.service.billing.ledgers import faults_in_the_books

STREAMS = 20
GRACE_SECONDS = 3
WILL_END, WILL_NOT = 1, 2


def test_promise_37_sigterm_with_twenty_streams(tmp_path: Path, figure: Figure) -> None:
    """After SIGTERM nobody can connect; streams that end in time end well, the others get an error event without
    [DONE] before the server has gone; every hold is closed, and the server ends within its time."""
    stall = Stall()
    with fake_upstream() as upstream, ExitStack() as opened:
        upstream.answer = lambda body: Script(
            [*said("Hello"), stall if body["max_tokens"] == WILL_END else Stall(), FINISH, usage_chunk(1, 2), DONE]
        )
        settings = {
            **SETTINGS,
            "PRELOAD_VOCABULARIES": "false",
            "UPSTREAM_URL": upstream.url,
            "UPSTREAM_VOCABULARY": "cl100k_base",
            "SHUTDOWN_TIMEOUT_SECONDS": str(GRACE_SECONDS),
        }
        with running(tmp_path / "data", settings, "--workers", "2") as server:
            streams = [
                opened.enter_context(
                    stream_opened(server.port, server.demo_key, max_tokens=WILL_END if n % 2 else WILL_NOT)
                )
                for n in range(STREAMS)
            ]
            for one in streams:
                assert read_until(one, b"Hello").startswith(b"HTTP/1.1 200 ")
            began = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            wait_until_refused(server.port)
            stall.go()
            endings = [read_all(one) for one in streams]
            status = server.stop()
            seconds = time.monotonic() - began
    well = [ending for ending in endings if b"data: [DONE]\n\n" in ending]
    told = [ending for ending in endings if b'"error":{"message":"The service is restarting.' in ending]
    assert (len(well), len(told)) == (STREAMS // 2, STREAMS // 2)
    assert not any(b"[DONE]" in ending for ending in told)
    assert all(b'"billing":' in ending for ending in endings)
    assert status in (0, -signal.SIGTERM)
    assert "Traceback" not in server.text
    url = DatabaseUrl.of_file(tmp_path / "data" / "weighbridge.db")
    assert states(url) == {"settled": STREAMS}
    assert faults_in_the_books(url) == []
    figure(f"{STREAMS} streams: {len(well)} ended, {len(told)} told, 0 holds left, gone after {seconds:.1f} s")


def states(url: DatabaseUrl) -> dict[str, int]:
    """How many holds are in which state."""
    with blocking_engine(url) as engine, engine.connect() as connection:
        rows = connection.execute(select(hold.c.state, func.count()).group_by(hold.c.state))
        return {row[0]: row[1] for row in rows}
