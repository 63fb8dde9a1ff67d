"""The names of the price sources that the catalogue leaves out on purpose, each with the reason."""

import re
import tomllib
from dataclasses import dataclass

from pricing_data.data import DATA

LEFT_OUT = DATA / "left_out.toml"


@dataclass(frozen=True, slots=True)
class LeftOutNames:
    """Patterns for the whole of "Author/name", each with its reason."""

    patterns: tuple[tuple[re.Pattern[str], str], ...]

    def reason(self, author: str, name: str) -> str | None:
        """Return why an author's name is left out, None if it is not."""
        whole = f"{author}/{name}"
        return next((reason for pattern, reason in self.patterns if pattern.fullmatch(whole)), None)


def read_left_out() -> LeftOutNames:
    """Return the names of `left_out.toml`."""
    entries = tomllib.loads(LEFT_OUT.read_text(encoding="utf-8"))["left_out"]
    return LeftOutNames(
        tuple((re.compile(pattern), entry["reason"]) for entry in entries for pattern in entry["patterns"])
    )
