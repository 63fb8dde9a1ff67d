"""The table of tried clients in docs/gateway.md, between two marks."""

import re
from collections.abc import Sequence
from pathlib import Path

from tests.clients.paced import Paced
from tests.clients.trial import TRIES, Outcome

PAGE = Path(__file__).parents[2] / "docs" / "gateway.md"
BEGIN, END = "<!-- clients: made by `make clients` -->", "<!-- /clients -->"
MARKED = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)


def write_table(outcomes: Sequence[Outcome], paced: Paced | None) -> None:
    """Replace what stands between the marks."""
    text = PAGE.read_text(encoding="utf-8")
    made = "\n".join([BEGIN, *_rows(outcomes), *(["", paced.sentence] if paced else []), END])
    PAGE.write_text(MARKED.sub(lambda _: made, text), encoding="utf-8")


def _rows(outcomes: Sequence[Outcome]) -> list[str]:
    titles = " | ".join(TRIES.values())
    rows = [
        f"| {outcome.name} | {outcome.version} | {' | '.join(map(_cell, outcome.faults.values()))} |"
        for outcome in outcomes
    ]
    return [f"| client | version | {titles} |", f"|---|---|{'---|' * len(TRIES)}", *rows]


def _cell(fault: str | None) -> str:
    return "yes" if fault is None else fault.splitlines()[-1][:80].replace("|", "/")
