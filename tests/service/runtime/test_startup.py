"""Packages that others would take along unasked."""

import gc
import subprocess
import sys

import pytest

from service.runtime.startup import block_imports, gc_paused


def test_a_package_is_as_if_it_were_not_installed() -> None:
    """In the block it cannot be imported, nor what is in it; behind it, it can; one that was imported stays so."""
    before = sys.modules["json"]
    with block_imports("json", "no_such_package"):
        with pytest.raises(ModuleNotFoundError):
            import json
        with pytest.raises(ModuleNotFoundError):
            import no_such_package  # type: ignore[import-not-found]  # noqa: F401
    import json

    assert json is before
    assert "no_such_package" not in sys.modules


def test_it_can_be_imported_later() -> None:
    """What was not imported before, nor in the block, is imported after it."""
    program = (
        "from service.runtime.startup import block_imports\n"
        "with block_imports('rich'):\n"
        "    import structlog\n"
        "from rich.console import Console; Console()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_nothing_is_collected_in_the_block_and_again_behind_it() -> None:
    """It is off in the block, blocks within blocks included, and on behind it, also after an exception."""
    assert gc.isenabled()
    with gc_paused():
        with pytest.raises(ZeroDivisionError), gc_paused():
            raise ZeroDivisionError
        assert not gc.isenabled()
    assert gc.isenabled()
