"""Blocking of packages that libraries would import without need."""

import gc
import subprocess
import sys

import pytest

from service.runtime.startup import block_imports, gc_paused


def test_a_package_is_as_if_it_were_not_installed() -> None:
    """In the block the package and its modules cannot be imported; afterwards they can; loaded modules stay loaded."""
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
    """A module that was not imported before or in the block can be imported afterwards."""
    program = (
        "from service.runtime.startup import block_imports\n"
        "with block_imports('rich'):\n"
        "    import structlog\n"
        "from rich.console import Console; Console()\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_nothing_is_collected_in_the_block_and_again_behind_it() -> None:
    """Garbage collection is off in the block, also in nested blocks, and on afterwards, also after an exception."""
    assert gc.isenabled()
    with gc_paused():
        with pytest.raises(ZeroDivisionError), gc_paused():
            raise ZeroDivisionError
        assert not gc.isenabled()
    assert gc.isenabled()
