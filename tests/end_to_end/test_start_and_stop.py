"""Starting with faults, and leaving nothing behind."""

import os
import select
import signal
import socket
import subprocess
from pathlib import Path

import httpx2
import pytest

from tests.end_to_end.server import COMMAND, running
from tests.eventually import eventually


def failed_start(environ: dict[str, str], *options: str) -> str:
    """What `serve` says when it cannot start: one complaint, no traceback, a failing status."""
    done = subprocess.run(
        [*COMMAND, "serve", *options],
        env={"PATH": "/usr/bin:/bin", "HOME": environ["WEIGHBRIDGE_DATA_DIR"], **environ},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    return done.stderr


def children_of(pid: int) -> list[int]:
    """All descendants of a process."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    own = [int(child) for child in text.split()]
    return own + [deep for child in own for deep in children_of(child)]


def whole_family(pid: int) -> list[int]:
    """Two workers, the store's guard and the store, once the last of them was forked."""
    eventually(lambda: len(children_of(pid)) >= 4, within=60)
    return children_of(pid)


def is_alive(pid: int) -> bool:
    """Whether a process exists and is not just waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_busy_port(tmp_path: Path) -> None:
    """A port in use is named in one sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = failed_start({"WEIGHBRIDGE_DATA_DIR": str(tmp_path)}, "--port", port)
    assert said.startswith(f"Error: Cannot listen on 127.0.0.1 port {port}: Address already in use.")
    assert len(said.strip().splitlines()) == 1


def test_a_data_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """A data folder below a file is named in one sentence."""
    (tmp_path / "file").write_text("")
    said = failed_start({"WEIGHBRIDGE_DATA_DIR": str(tmp_path / "file" / "data")}, "--port", "0")
    assert said.startswith(f"Error: Cannot use the data folder {tmp_path}/file/data: Not a directory.")
    assert len(said.strip().splitlines()) == 1


def test_a_dead_redis(tmp_path: Path) -> None:
    """A Redis that does not answer stops the start with one sentence, which does not show its password."""
    environ = {
        "WEIGHBRIDGE_DATA_DIR": str(tmp_path),
        "WEIGHBRIDGE_REDIS_URL": "redis://user:hunter2@127.0.0.1:1/0",
    }
    said = failed_start(environ, "--port", "0")
    assert said.startswith("Error: The Redis of WEIGHBRIDGE_REDIS_URL does not answer.")
    assert "hunter2" not in said
    assert len(said.strip().splitlines()) == 1


def test_wrong_settings_are_all_listed(tmp_path: Path) -> None:
    """Three wrong settings stop the start with three sentences."""
    environ = {
        "WEIGHBRIDGE_DATA_DIR": str(tmp_path),
        "WEIGHBRIDGE_WORKERS": "many",
        "WEIGHBRIDGE_QUOTA_PER_MONTH": "-1",
        "WEIGHBRIDGE_PROT": "1",
    }
    said = failed_start(environ)
    named = sorted(line.split(":")[0].strip() for line in said.splitlines()[1:])
    assert named == ["WEIGHBRIDGE_PROT", "WEIGHBRIDGE_QUOTA_PER_MONTH", "WEIGHBRIDGE_WORKERS"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_server_leaves_no_process(tmp_path: Path, how: signal.Signals) -> None:
    """Ctrl-C and SIGTERM end the server, its workers and its store, without a traceback."""
    with running(tmp_path / "data", None, "--workers", "2") as server:
        family = whole_family(server.process.pid)
        server.stop(how)
        assert [pid for pid in family if is_alive(pid)] == []
        assert "Traceback" not in server.text


def test_a_killed_server_leaves_no_process(tmp_path: Path) -> None:
    """Even SIGKILL on the server ends its workers and its store."""
    with running(tmp_path / "data", None, "--workers", "2") as server:
        handles = [os.pidfd_open(pid) for pid in whole_family(server.process.pid)]
        server.stop(signal.SIGKILL)
        for handle in handles:
            ended, _, _ = select.select([handle], [], [], 30)
            assert ended
            os.close(handle)


def test_a_second_server_on_the_same_folder(tmp_path: Path) -> None:
    """Two servers never share one data folder: the second says so and goes."""
    with running(tmp_path / "data"):
        said = failed_start({"WEIGHBRIDGE_DATA_DIR": str(tmp_path / "data")}, "--port", "0")
    assert "Another service is running on the data folder" in said
    assert len(said.strip().splitlines()) == 1


def test_a_restart_keeps_key_and_quota(tmp_path: Path) -> None:
    """After a restart the demo key is the same and works, and the calls of before are still counted."""
    settings = {"QUOTA_PER_MONTH": "100"}
    with running(tmp_path / "data", settings) as server:
        key = server.demo_key
        assert remaining_calls(server.url, key) == 99
    with running(tmp_path / "data", settings) as server:
        assert server.demo_key == key
        assert remaining_calls(server.url, key) == 98


def remaining_calls(url: str, key: str) -> int:
    """The quota left after one more call."""
    answer = httpx2.get(f"{url}/v1/tokens/authors", headers={"X-Api-Key": key})
    return int(answer.raise_for_status().headers["X-Quota-Limit-Remaining-Calls"])


def test_keys_of_another_pepper_are_told_at_the_start(tmp_path: Path) -> None:
    """A service that lacks the pepper of stored keys says so when it starts, instead of refusing them in silence."""
    with running(tmp_path / "data") as server:
        server.new_key("anybody")
    (tmp_path / "data" / "pepper").unlink()
    with running(tmp_path / "data") as server:
        server.wait_for("Warning: Some keys in the database are stored under a pepper")
