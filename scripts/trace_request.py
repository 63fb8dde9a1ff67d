"""Trace a warm count, a warm chat, an estimate and a price refresh: which files and functions of ours each passes.

`python -m scripts.trace_request [--list] [count | chat | estimate | refresh] …` prints for each

- files: files of the product in which a function is executed;
- functions: functions of the product that are executed, each once;
- calls: how often one of them begins, or goes on after an `await`;
- file switches: how many of these calls go from one file of the product to another. A call comes from the function of
  ours which is being executed in the same thread, whatever code of libraries is in between; where there is none, from
  the one that was executed last. Returns are not counted, nor what Python executes while it imports modules.

Count and chat go over HTTP to a server with one worker, on a connection that is kept alive; the chat's upstream is a
small server of its own. The access log is off. All threads of the worker are traced, from the first byte of a request
until shortly after the last byte of its reply: metrics are written after it. Each is called several times after the
first ones have warmed all caches; the figures are those of the call with the fewest events, since a task in the
background may run into any of them.

With `--list` the files follow in the order in which they are first entered, each with its functions and how often they
were called: files that are listed next to each other and are entered from one place are candidates to be merged.
"""

import argparse
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

from bench.fast_upstream import MODEL, fast_upstream
from scripts.call_recorder import OFF, ON, ROOT, Event
from tests.end_to_end.server import running
from tests.eventually import eventually

SCENARIOS = ("count", "chat", "estimate", "refresh")
WARM_UP, MEASURED = 5, 9
# What is done after a reply is done by then.
SETTLED_SECONDS = 0.02
COUNT = {"input": "Count the tokens of this.", "type": "text", "models": ["gpt-4o", "claude-opus-4-1"]}
CHAT = {"model": "cipher", "messages": [{"role": "user", "content": "Say the word twenty times, please."}]}
CALLS = {"count": ("/v1/tokens/count", COUNT), "chat": ("/v1/chat/completions", CHAT)}
PROGRAM = "weighbridge"
# Exit status of a price refresh that waits for a review; the trace is complete.
HELD = 2


@dataclass
class Trace:
    """What one request or command passed, in order of first entry."""

    functions: dict[str, Counter[str]] = field(default_factory=dict)
    callers: dict[str, Counter[str]] = field(default_factory=dict)
    switches: int = 0

    @property
    def figures(self) -> tuple[int, int, int, int]:
        """Files, functions, calls and file switches."""
        called = self.functions.values()
        return len(called), sum(map(len, called)), sum(map(Counter.total, called)), self.switches


def trace_of(events: Sequence[Event]) -> Trace:
    """Return the trace of recorded events."""
    trace = Trace()
    inside: dict[int, list[str]] = {}
    last: dict[int, str] = {}
    for thread, is_call, file, function in events:
        stack = inside.setdefault(thread, [])
        if is_call:
            caller = stack[-1] if stack else last.get(thread, file)
            trace.switches += caller != file
            trace.callers.setdefault(file, Counter())[caller] += caller != file
            trace.functions.setdefault(file, Counter())[function] += 1
            stack.append(file)
        elif stack:
            last[thread] = stack.pop()
    return trace


class Recording:
    """A process that scripts/call_recorder.py runs: the file that switches the recording on, and that of its events."""

    def __init__(self, folder: Path) -> None:
        self.switch, self.events = folder / "switch", folder / "events"
        self.events.touch()
        self.turn(OFF)

    @property
    def command(self) -> list[str]:
        """The beginning of a command line that records what follows."""
        return [sys.executable, "-m", "scripts.call_recorder", str(self.switch), str(self.events)]

    def turn(self, state: bytes) -> None:
        """Switch recording on or off. The file keeps its place on the disk: processes have it mapped."""
        with self.switch.open("r+b" if self.switch.exists() else "wb") as file:
            file.write(state)

    def lines(self) -> list[list[Event]]:
        """Return the events of all processes, a list for each time that one of them recorded; no line half written."""
        lines = self.events.read_text(encoding="utf-8").splitlines(keepends=True)
        return [[Event(*event) for event in json.loads(line)] for line in lines if line.endswith("\n")]

    def of(self, request: Callable[[], object]) -> Trace:
        """Return the trace of a request to the server. Its parent process may record something too, but far less."""
        before = len(self.lines())
        self.turn(ON)
        request()
        time.sleep(SETTLED_SECONDS)
        self.turn(OFF)
        eventually(lambda: len(self.lines()) > before, within=10)
        time.sleep(SETTLED_SECONDS)
        return trace_of(max(self.lines()[before:], key=len))


def trace_of_call(name: str) -> Trace:
    """Return the trace of a warm count or chat."""
    path, body = CALLS[name]
    with tempfile.TemporaryDirectory() as folder, fast_upstream() as upstream:
        recording = Recording(Path(folder))
        settings = {
            "UPSTREAM_URL": upstream,
            "UPSTREAM_MODEL": MODEL,
            "RATE_LIMIT_PER_SECOND": "1000",
            "LOG_LEVEL": "warning",
        }
        with running(Path(folder, "data"), settings, under=recording.command) as server:
            connection = http.client.HTTPConnection("127.0.0.1", server.port)
            headers = {"Authorization": f"Bearer {server.demo_key}", "Content-Type": "application/json"}

            def call() -> None:
                connection.request("POST", path, json.dumps(body), headers)
                reply = connection.getresponse()
                answer = reply.read()
                if reply.status != http.HTTPStatus.OK:
                    raise SystemExit(f"{name}: the server answered {reply.status}: {answer.decode()}")

            for _ in range(WARM_UP):
                call()
            traces = [recording.of(call) for _ in range(MEASURED)]
            connection.close()
    return min(traces, key=lambda trace: trace.figures)


def trace_of_command(folder: Path, *words: str) -> Trace:
    """Return the trace of a command, from its first function to its last."""
    recording = Recording(folder)
    recording.turn(ON)
    environ = {**os.environ, "WEIGHBRIDGE_DATA_DIR": str(folder / "data")}
    command = [*recording.command, sys.executable, "-m", PROGRAM, *words]
    done = subprocess.run(command, env=environ, cwd=ROOT, text=True, capture_output=True)
    if done.returncode not in (0, HELD):
        raise SystemExit(done.stderr)
    return trace_of(max(recording.lines(), key=len))


def estimate(folder: Path) -> list[str]:
    """Return the words of a command that estimates a small corpus."""
    corpus = folder / "corpus.jsonl"
    corpus.write_text("".join(json.dumps({"text": f"This is text {n}."}) + "\n" for n in range(20)), encoding="utf-8")
    return ["estimate", str(corpus), "--model", "gpt-4o", "--output-tokens", "50%"]


def refresh(folder: Path) -> list[str]:
    """Return the words of a command that refreshes a small book, of which the sources change one price."""
    (place,) = (ROOT / "tests").rglob("test_price_refresh.py")
    tests = import_module(".".join(place.relative_to(ROOT).with_suffix("").parts))
    world = tests.World(folder)
    world.wheels({"gpt-6-sol": tests.flat("3")})
    named = [word for wheel in world.files for word in ("--wheel", str(wheel))]
    return ["prices", "refresh", "--into", str(world.book_path.parent), "--yes", *named]


COMMANDS = {"estimate": estimate, "refresh": refresh}


def trace(name: str) -> Trace:
    """Return the trace of one of SCENARIOS."""
    if name in CALLS:
        return trace_of_call(name)
    with tempfile.TemporaryDirectory() as folder:
        return trace_of_command(Path(folder), *COMMANDS[name](Path(folder)))


def listed(found: Trace) -> Iterator[str]:
    """The files of a trace with their functions, in the order in which they are entered."""
    for file, functions in found.functions.items():
        callers = ", ".join(f"{caller} {times}" for caller, times in found.callers[file].most_common() if times)
        yield f"  {file}  (from {callers or 'outside'})"
        for function, calls in functions.items():
            yield f"      {calls:>4} {function}"


def main() -> None:
    """Print figures, and lists if they are wanted."""
    parser = argparse.ArgumentParser(description="Files, functions and file switches of requests and commands.")
    parser.add_argument("--list", action="store_true", help="list files and functions")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(SCENARIOS)}; without, all")
    options = parser.parse_args()
    print(f"{'':12} {'files':>8} {'functions':>10} {'calls':>8} {'file switches':>14}")
    for name in options.names or SCENARIOS:
        found = trace(name)
        files, functions, calls, switches = found.figures
        print(f"{name:12} {files:>8} {functions:>10} {calls:>8} {switches:>14}", flush=True)
        if options.list:
            print(*listed(found), "", sep="\n", flush=True)


if __name__ == "__main__":
    main()
