"""Fixtures shared by all tests."""

import os
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from tests.browser.chromium import MISSING, chromium
from tests.logs import UNWRITABLE_LOG, fill_the_log, keep_errors_alone
from tests.promises.figure import Figure
from tests.promises.rows import numbers_of
from tests.sharing import TogetherScheduling
from tokenizer_registry.processors import usable_processors

# Coverage of these is not measured: they run the same lines many thousand times, or run them in other processes.
NOT_MEASURED = (
    "tests/browser",
    "tests/end_to_end",
    "tests/engine_equality",
    "tests/tokenizer_registry/native",
    "tests/tokenizer_registry/test_engines.py",
    "tests/tokenizer_registry/test_hostile.py",
    "tests/tokenizer_registry/test_properties.py",
    "tests/tokenizer_registry/test_vocabulary.py",
    "tests/test_readme.py",
)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The service runs on asyncio alone."""
    return "asyncio"


@pytest.fixture
def figure(record_property: Callable[[str, Any], None]) -> Figure:
    """Note what was measured, for the line of a promise."""
    return lambda text: record_property("figure", text)


def pytest_configure(config: pytest.Config) -> None:
    """Name the marker of tests that show a promise; keep what servers in threads log away from commands' output."""
    if UNWRITABLE_LOG in os.environ:
        fill_the_log()
    else:
        keep_errors_alone()
    # Nothing that a test forgets to name a folder for comes from the user's data, or goes there.
    os.environ["XDG_DATA_HOME"] = str(Path(tempfile.gettempdir(), "weighbridge-tests", "data"))
    # A busy machine is no fault: time is bounded for a whole test alone, by pytest-timeout.
    settings.register_profile("weighbridge", deadline=None)
    settings.load_profile("weighbridge")
    config.addinivalue_line("markers", "timed: holds times to a bound where PROMISES_TIMED is set; runs alone there")
    config.addinivalue_line("markers", "promise(*numbers): shows these promises of tests/promises/rows.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Use twice as many processes as there are processors: tests wait for servers as long as they work."""
    return usable_processors() * 2


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> TogetherScheduling:
    """Keep tests in one process that share what takes long to start."""
    return TogetherScheduling(config, log)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say plainly that the pages were not tested."""
    if chromium() is None:
        terminalreporter.write_line(MISSING)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests that show a promise without saying so, and tell the report of each which it shows."""
    for item in items:
        tell_apart(item)
        if item.nodeid.startswith(NOT_MEASURED):
            item.add_marker("no_cover")
        for number in numbers_of(item.nodeid):
            item.add_marker(pytest.mark.promise(number))
        shown = sorted({number for marker in item.iter_markers("promise") for number in marker.args})
        if shown:
            item.user_properties.append(("promises", " ".join(map(str, shown))))
    assert len({item.nodeid for item in items}) == len(items), "tests of equal ids: workers would run one of them"


def tell_apart(item: pytest.Item) -> None:
    """Give tests that schemathesis makes of one function ids of their own: of equal ids, workers run one alone."""
    _, bracket, of_what = item.name.partition("[")
    if bracket and item.id.params is None:
        item._id = replace(item.id, params=of_what.removesuffix("]"))
