"""The time of day, in UTC."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from functools import partial
from typing import Final

# Return the time, aware, in UTC. A C function, because it is called for each request.
utc_now: Final[Callable[[], datetime]] = partial(datetime.now, UTC)


def utc_today() -> date:
    """Return the date in UTC."""
    return utc_now().date()
