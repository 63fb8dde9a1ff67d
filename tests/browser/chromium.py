"""The Chromium that the browser tests drive: the system's own."""

import os
import shutil
from functools import cache

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
MISSING = "browser tests did not run: no Chromium was found; install it (apt-get install chromium) or set CHROMIUM"


@cache
def chromium() -> str | None:
    """The path of the program: the variable CHROMIUM, or the first name that is found."""
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, NAMES)), None)
