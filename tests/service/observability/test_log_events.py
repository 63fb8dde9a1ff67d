"""Names of log events are constants, so that they can be searched for and counted."""

import ast
import re
from pathlib import Path

SERVICE = Path(__file__).parents[3] / "service"
LEVELS = {"debug", "info", "warning", "error", "exception"}


def event_names() -> list[tuple[str, object]]:
    """Return the first argument of each logging call, with its place; None for one that is not a constant."""
    found: list[tuple[str, object]] = []
    for path in SERVICE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LEVELS:
                holder = node.func.value
                if isinstance(holder, ast.Attribute) and holder.attr in ("log", "_log"):
                    first = node.args[0] if node.args else None
                    name = first.value if isinstance(first, ast.Constant) else None
                    found.append((f"{path.name}:{node.lineno}", name))
    return found


def test_event_names_are_constant_words() -> None:
    """No event name is built at run time, and all consist of lower-case words."""
    names = event_names()
    assert len(names) > 5
    assert [where for where, name in names if not re.fullmatch(r"[a-z_.]+", str(name or "-"))] == []
