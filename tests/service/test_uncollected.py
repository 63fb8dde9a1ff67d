"""The garbage collector while a process starts."""

import gc

import pytest

from service.uncollected import uncollected


def test_nothing_is_collected_in_the_block_and_again_behind_it() -> None:
    """It is off in the block, blocks within blocks included, and on behind it, also after an exception."""
    assert gc.isenabled()
    with uncollected():
        with pytest.raises(ZeroDivisionError), uncollected():
            raise ZeroDivisionError
        assert not gc.isenabled()
    assert gc.isenabled()
