"""Fixtures of the tests of chats."""

from collections.abc import Iterator

import pytest

from tokenizer_registry.chat.open_weights import sandbox


@pytest.fixture(scope="package", autouse=True)
def _patient_rendering() -> Iterator[None]:
    """Give renderings more time: the collector of garbage of a process of tests alone may take a tenth of a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "MAX_RENDER_SECONDS", 2.0)
        yield
