"""What a test measured, for the line of its promise."""

from collections.abc import Callable

Figure = Callable[[str], None]
