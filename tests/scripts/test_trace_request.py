"""Figures of a trace, from events that are written by hand."""

from scripts.call_recorder import Event
from scripts.trace_request import trace_of

LOOP, POOL = 1, 2


def call(file: str, function: str = "f", thread: int = LOOP) -> Event:
    """A function begins, or goes on."""
    return Event(thread, True, file, function)


def end(file: str, function: str = "f", thread: int = LOOP) -> Event:
    """A function returns or awaits."""
    return Event(thread, False, file, function)


def test_switches_are_calls_into_another_file() -> None:
    """Neither a call within a file nor a return is a switch."""
    trace = trace_of([call("a"), call("a", "g"), end("a", "g"), call("b"), end("b"), call("b"), end("b"), end("a")])
    assert trace.figures == (2, 3, 4, 2)
    assert trace.callers["b"] == {"a": 2}


def test_a_function_that_goes_on_is_called_by_the_file_that_was_executed_last() -> None:
    """What the event loop calls has no caller of ours."""
    trace = trace_of([call("a"), end("a"), call("b"), end("b"), call("b"), end("b")])
    assert trace.switches == 1


def test_threads_are_apart() -> None:
    """Code that is executed in two threads in turns is not entered at each turn."""
    trace = trace_of([call("a"), call("b", thread=POOL), call("a", "g"), end("a", "g"), end("b", thread=POOL)])
    assert trace.switches == 0
