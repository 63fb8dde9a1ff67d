"""The log: whatever is logged and whatever the stream does, no call raises, waits or prints a traceback."""

import contextlib
import io
import json
import logging
import os
import pty
import select
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import pytest
import structlog

from service.observability import log
from service.observability.line_stream import MAX_WAITING_BYTES, LineStream
from tests.logs import keep_errors_alone

Broken = Callable[[], contextlib.AbstractContextManager[TextIO]]
SECRET = "atms_sk_" + "0" * 38


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    """Restore logging after a test that configures it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    keep_errors_alone()


@contextlib.contextmanager
def full_device() -> Iterator[TextIO]:
    """Yield a stream to a full device: writes raise ENOSPC."""
    with suppressed_close(Path("/dev/full").open("w")) as stream:
        yield stream


@contextlib.contextmanager
def suppressed_close(stream: TextIO) -> Iterator[TextIO]:
    """Ignore that a stream's buffer may be impossible to write when it is closed."""
    try:
        yield stream
    finally:
        with contextlib.suppress(OSError, ValueError):
            stream.close()


@contextlib.contextmanager
def pipe_without_reader() -> Iterator[TextIO]:
    """Yield a stream to a pipe without a reader: writes raise EPIPE."""
    reader, writer = os.pipe()
    os.close(reader)
    with suppressed_close(os.fdopen(writer, "w")) as stream:
        yield stream


@contextlib.contextmanager
def pipe_whose_reader_sleeps() -> Iterator[TextIO]:
    """Yield a stream to a pipe to which a write would block."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with contextlib.suppress(BlockingIOError):
        while os.write(writer, b"x" * 65_536):
            pass
    os.set_blocking(writer, True)
    with suppressed_close(os.fdopen(writer, "w")) as stream:
        yield stream
        os.close(reader)


@contextlib.contextmanager
def full_nonblocking_pipe() -> Iterator[TextIO]:
    """Yield a stream to a full pipe: writes raise BlockingIOError."""
    with pipe_whose_reader_sleeps() as stream:
        os.set_blocking(stream.fileno(), False)
        yield stream


@contextlib.contextmanager
def socket_whose_reader_sleeps() -> Iterator[TextIO]:
    """Yield a stream to a socket that is not read; under systemd standard error is a socket."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        while ours.send(b"x" * 65_536):
            pass
    ours.setblocking(True)
    with theirs, suppressed_close(os.fdopen(ours.detach(), "w")) as stream:
        yield stream


@contextlib.contextmanager
def closed_stream() -> Iterator[TextIO]:
    """Yield a closed stream: writes raise ValueError."""
    stream = io.StringIO()
    stream.close()
    yield stream


@contextlib.contextmanager
def closed_descriptor() -> Iterator[TextIO]:
    """Yield a stream whose descriptor was closed: writes raise EBADF."""
    stream = Path("/dev/null").open("w")  # noqa: SIM115  what it opens is closed behind its back
    os.close(stream.fileno())
    with suppressed_close(stream):
        yield stream


@contextlib.contextmanager
def hung_up_terminal() -> Iterator[TextIO]:
    """Yield a stream to a terminal that hung up: writes raise EIO."""
    master, slave = pty.openpty()
    os.close(master)
    with suppressed_close(os.fdopen(slave, "w")) as stream:
        yield stream


BROKEN: dict[str, Broken] = {
    "full device": full_device,
    "pipe without reader": pipe_without_reader,
    "pipe whose reader sleeps": pipe_whose_reader_sleeps,
    "full nonblocking pipe": full_nonblocking_pipe,
    "socket whose reader sleeps": socket_whose_reader_sleeps,
    "closed stream": closed_stream,
    "closed descriptor": closed_descriptor,
    "terminal that hung up": hung_up_terminal,
}


@pytest.mark.promise(48)
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_no_line_raises_or_waits(broken: Broken, capfd: pytest.CaptureFixture[str]) -> None:
    """A thousand lines of the service and of libraries' loggers never wait, and leave no traceback anywhere."""
    with broken() as stream:
        thread_errors: list[threading.ExceptHookArgs] = []
        before, threading.excepthook = threading.excepthook, thread_errors.append
        thread = threading.Thread(target=log_a_thousand_lines, args=[stream], daemon=True)
        thread.start()
        thread.join(timeout=20)
        threading.excepthook = before
        assert not thread.is_alive()
        assert thread_errors == []
    out, err = capfd.readouterr()
    assert out + err == ""


def log_a_thousand_lines(stream: TextIO) -> None:
    """Write a thousand lines, by every way of logging."""
    lines = log.configure("debug", stream)
    for number in range(250):
        structlog.get_logger().info("one", number=number, padding="x" * 500)
        logging.getLogger("library").warning("two %d", number)
        try:
            raise RuntimeError(number)
        except RuntimeError:
            structlog.get_logger().exception("three")
            logging.getLogger("library").exception("four")
    lines.close()


class Unprintable:
    """A value that raises when it is rendered."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


def circle() -> list[Any]:
    """Return a list that contains itself."""
    made: list[Any] = []
    made.append(made)
    return made


VALUES: dict[str, Any] = {
    "object that raises": Unprintable(),
    "circle": circle(),
    "tuple as key": {(1, 2): 3},
    "object in a list": [Unprintable()],
    "long integer": 10**5000,
    "bytes": b"\xff",
    "half a character": "\ud800",
    "set": {1},
}


@pytest.mark.promise(48)
@pytest.mark.parametrize("value", VALUES.values(), ids=VALUES)
def test_whatever_is_logged_gives_one_line(value: Any) -> None:
    """A value that cannot be rendered costs the line that value, not its event, trace id or other fields."""
    stream = io.StringIO()
    log.configure("info", stream)
    structlog.get_logger().warning("something", value=value, call="c-1", secret=SECRET)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["call"], line["level"]) == ("something", "c-1", "warning")
    assert "value" in line
    assert SECRET not in stream.getvalue()


@pytest.mark.promise(48)
@pytest.mark.parametrize(("message", "arguments"), [("%d", ("x",)), ("%s", (Unprintable(),)), ("%s %s", ("x",))])
def test_a_record_of_a_library_that_cannot_be_read(
    message: str, arguments: tuple[Any, ...], capfd: pytest.CaptureFixture[str]
) -> None:
    """The record becomes a line that names its logger; the standard library would print a traceback."""
    stream = io.StringIO()
    log.configure("info", stream)
    logging.getLogger("library").warning(message, *arguments)
    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["logger"], line["message"]) == (log.EVENT_UNREADABLE, "library", message)
    assert capfd.readouterr().err == ""


@pytest.mark.promise(48)
def test_lost_lines_are_counted_and_reported() -> None:
    """When a reader comes back, every line is whole, the first ones are there, and one says how many are not."""
    reader, writer = os.pipe()
    with os.fdopen(writer, "w") as stream:
        lines = log.configure("info", stream)
        for number in range(1000):
            structlog.get_logger().info("line", number=number, padding="x" * 500)
        lost = lines.take_lost()
        assert 0 < lost < 1000
        assert lines.take_lost() == 0
        read = ""
        while select.select([reader], [], [], 0)[0]:
            read += os.read(reader, 65_536).decode()
            lines.flush()
        structlog.get_logger().info("line", number=1000)
        read += os.read(reader, 65_536).decode()
        os.close(reader)
    found = [json.loads(line) for line in read.splitlines()]
    numbers = [line["number"] for line in found if line["event"] == "line"]
    assert numbers == [*range(1000 - lost), 1000]
    assert [line["lines"] for line in found if line["event"] == "log_lines_lost"] == [lost]


@pytest.mark.promise(48)
def test_a_disk_that_is_full_and_is_not_any_more(small_disk: Path) -> None:
    """After a full disk has room again, the line that was cut is completed."""
    filler = small_disk / "filler"
    with (small_disk / "log").open("a") as stream:
        lines = log.configure("info", stream)
        filler.write_bytes(b"x" * (small_disk_free(small_disk) - 10_000))
        for number in range(1000):
            structlog.get_logger().info("line", number=number, padding="x" * 500)
        filler.unlink()
        structlog.get_logger().info("line", number=1000)
        lost = lines.take_lost()
        lines.close()
    found = [json.loads(line) for line in (small_disk / "log").read_text().splitlines()]
    assert len([line for line in found if line["event"] == "line"]) + lost == 1001
    assert [line["lines"] for line in found if line["event"] == "log_lines_lost"] == [lost]


def small_disk_free(folder: Path) -> int:
    """Return the free bytes of a folder's file system."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Return a file system of one megabyte."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.promise(48)
def test_a_forked_process_leaves_its_parents_lines_alone() -> None:
    """Lines that wait at a fork are written once, by the parent; the child writes only its own."""
    taken: list[bytes] = []
    room = False
    reader, writer = os.pipe()

    def write(data: bytes) -> int:
        taken.append(data)
        return os.write(writer, data) if room else 0

    lines = LineStream(write)
    lines.write("of the parent\n")
    child = os.fork()
    if not child:
        lines.write("of the child\n")
        room = True
        lines.flush()
        os._exit(0)
    os.waitpid(child, 0)
    room = True
    lines.flush()
    assert sorted(os.read(reader, 1000).decode().splitlines()) == ["of the child", "of the parent"]
    os.close(reader)
    os.close(writer)


def test_a_long_line_and_one_of_any_character_arrive_whole(tmp_path: Path) -> None:
    """Long lines, and lines of any characters, arrive complete in any locale."""
    path = tmp_path / "log"
    with path.open("w", encoding="ascii") as stream:
        lines = log.configure("info", stream)
        lines.write("grüße ☃ \ud800\n")
        structlog.get_logger().info("long", padding="x" * 2 * MAX_WAITING_BYTES)
    first, second = path.read_text(encoding="utf-8").splitlines()
    assert first == "grüße ☃ \\ud800"
    assert len(json.loads(second)["padding"]) == 2 * MAX_WAITING_BYTES


PRINTS = """
import logging, sys, warnings, threading
import click
from service.observability.line_stream import standard_lines
with standard_lines():
    print("printed", flush=True)
    print("printed", file=sys.stderr, flush=True)
    click.echo("shown")
    click.echo("shown", err=True)
    warnings.warn("careful")
    logging.getLogger("unconfigured").error("%d", "x")
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
open(sys.argv[1], "w").write("done")
"""


@pytest.mark.promise(48)
@pytest.mark.parametrize("redirection", [">/dev/full 2>&1", ">&- 2>&-", "| true"])
def test_nothing_that_is_printed_raises(redirection: str, tmp_path: Path) -> None:
    """Prints, warnings and tracebacks of threads raise nothing if streams are full, closed or without a reader."""
    command = f'"$0" -c "$1" "$2" {redirection}'
    subprocess.run(["sh", "-c", command, sys.executable, PRINTS, tmp_path / "done"], check=False)
    assert (tmp_path / "done").read_text() == "done"


OPENS = """
import sys
from service.observability.line_stream import standard_lines
with standard_lines(), open(sys.argv[1], "w") as file:
    file.write(str(file.fileno()))
"""


@pytest.mark.promise(48)
def test_files_that_are_opened_are_never_standard_error(tmp_path: Path) -> None:
    """Closed standard streams are replaced: otherwise the next file to be opened would get what others print."""
    command = '"$0" -c "$1" "$2" <&- >&- 2>&-'
    subprocess.run(["sh", "-c", command, sys.executable, OPENS, tmp_path / "file"], check=True)
    assert int((tmp_path / "file").read_text()) > 2


@pytest.mark.promise(48)
def test_a_closed_stream_writes_to_no_file(tmp_path: Path) -> None:
    """A logger whose stream was closed writes to no file that later gets the number of its descriptor."""
    with (tmp_path / "log").open("a") as stream:
        lines = LineStream.of(stream)
        lines.write("before\n")
        lines.close()
        others = [(tmp_path / str(number)).open("wb") for number in range(8)]
        lines.write("after\n")
        lines.flush()
        for other in others:
            other.close()
    assert (tmp_path / "log").read_text() == "before\n"
    assert all(Path(str(other.name)).read_bytes() == b"" for other in others)
