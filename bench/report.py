"""Print results as tables, and write them to docs/benchmarks.md."""

import os
import platform
import statistics
import sys
from collections.abc import Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

LIBRARIES = ("tiktoken", "tokenizers", "sentencepiece", "uvicorn", "starlette")
DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"


class Section(NamedTuple):
    """A table: title, caption, columns and rows."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]


def show(section: Section) -> None:
    """Print a section as a table."""
    table = Table(*section.columns, title=section.title, caption=section.about)
    for row in section.rows:
        table.add_row(*row)
    Console(width=130).print(table)


def write(sections: Sequence[Section], today: date, remark: str) -> None:
    """Write docs/benchmarks.md."""
    DOCUMENT.write_text("\n".join(["# Benchmarks", "", *_head(today, remark), *map(_markdown, sections)]))


def _head(today: date, remark: str) -> list[str]:
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return [
        f"Written by `make bench` on {today}. Ratios move little between machines, figures do. {remark}".rstrip(),
        "",
        f"Machine: {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()}, "
        f"Python {sys.version.split()[0]}. {libraries}.",
        "",
    ]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _markdown(section: Section) -> str:
    rows = [f"| {' | '.join(row)} |" for row in (section.columns, ["---"] * len(section.columns), *section.rows)]
    return "\n".join([f"## {section.title}", "", section.about, "", *rows, ""])


def median(values: Sequence[float]) -> str:
    """Return the median of the values, as text with one decimal."""
    return f"{statistics.median(values):.1f}"
