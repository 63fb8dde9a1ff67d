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
    """Replace the rows of these clients, and the sentence of paced calls if there is one; others stay as they are."""
    text = PAGE.read_text(encoding="utf-8")
    found = MARKED.search(text)
    assert found is not None, "docs/gateway.md has lost the marks of the table"
    PAGE.write_text(text.replace(found[0], _made(found[0], outcomes, paced)), encoding="utf-8")


def _made(present: str, outcomes: Sequence[Outcome], paced: Paced | None) -> str:
    titles = ["client", "version", *TRIES.values()]
    rows = {line.split(" | ")[0]: line for line in present.splitlines() if line.startswith("| ")}
    rows |= {f"| {outcome.name}": _row(outcome) for outcome in outcomes}
    rows.pop("| client", None)
    sentences = [line for line in present.splitlines() if line.endswith(" s.")]
    head = [f"| {' | '.join(titles)} |", "|" + "---|" * len(titles)]
    return "\n".join([BEGIN, *head, *rows.values(), "", *([paced.sentence] if paced else sentences), END])


def _row(outcome: Outcome) -> str:
    return f"| {outcome.name} | {outcome.version} | {' | '.join(map(_cell, outcome.faults.values()))} |"


def _cell(fault: str | None) -> str:
    return "yes" if fault is None else fault.splitlines()[-1][:80].replace("|", "/")
