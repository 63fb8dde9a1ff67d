"""Run a Python module and record which functions of the product it calls, in order.

`python -m scripts.call_recorder SWITCH EVENTS python -m MODULE WORD …` runs MODULE in this process. SWITCH is a file of
one byte: calls are recorded in every process and thread while it is 1, and are appended to EVENTS, a line of JSON for
each time that the switch was on, when it is 0 again or the process ends. Code that runs while modules are imported is
left out.
"""

import atexit
import json
import mmap
import os
import runpy
import sys
import threading
import tomllib
from inspect import CO_OPTIMIZED
from pathlib import Path
from types import CodeType, FrameType
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
ON, OFF = b"\x01", b"\x00"


class Event(NamedTuple):
    """A function of the product begins or goes on (`is_call`), or returns, awaits or yields."""

    thread: int
    is_call: bool
    file: str
    function: str


class Recorder:
    """The profile function of every thread; its events wait in memory while the switch is on."""

    def __init__(self, switch: Path, events: Path) -> None:
        with switch.open("r+b") as file:
            self._switch = mmap.mmap(file.fileno(), 1)
        self._path = events
        self._events: list[Event] = []
        self._places: dict[CodeType, tuple[str, str] | None] = {}
        packages = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        self._packages: list[str] = packages["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]

    def install(self) -> None:
        """Record this thread, and those that it starts from now on."""
        threading.setprofile(self.record)
        sys.setprofile(self.record)

    def record(self, frame: FrameType, event: str, _: object) -> None:
        """Take note of a call or return of a function of the product."""
        if self._switch[:1] == OFF:
            if self._events:
                self.write()
            return
        if event in ("call", "return") and (place := self._place(frame.f_code)) is not None:
            self._events.append(Event(threading.get_ident(), event == "call", *place))

    def write(self) -> None:
        """Append the events that are waiting to the file, as one line."""
        events, self._events = self._events, []
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(events) + "\n")

    def _place(self, code: CodeType) -> tuple[str, str] | None:
        """Return the file and the name of a function of the product, else None."""
        if code not in self._places:
            self._places[code] = self._found(code)
        return self._places[code]

    def _found(self, code: CodeType) -> tuple[str, str] | None:
        path = Path(code.co_filename)
        # Bodies of modules and classes are not optimized: they run at import.
        if not code.co_flags & CO_OPTIMIZED or not path.is_relative_to(ROOT):
            return None
        file = path.relative_to(ROOT)
        return (str(file), code.co_qualname) if file.parts[0] in self._packages else None


def main() -> None:
    """Run the module, recording it and the processes that it forks."""
    recorder = Recorder(Path(sys.argv[1]), Path(sys.argv[2]))
    _python, _m, module, *words = sys.argv[3:]
    os.register_at_fork(after_in_child=recorder.install)
    atexit.register(recorder.write)
    recorder.install()
    sys.argv = [module, *words]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
