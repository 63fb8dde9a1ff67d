"""Proposes what the catalogue lacks of the newest releases of its sources, as a difference in the working tree.

python -m scripts.propose_catalogue             ask the package indices, download, verify, write
python -m scripts.propose_catalogue --dry-run   print the difference and write nothing
python -m scripts.propose_catalogue --offline   only the pinned archives that are in build/ already

A model gets the vocabulary that the publisher's evidence gives (scripts/catalogue/vocabulary_rules.toml), else the
reason why it has none. Exit status 0, also if nothing is new; 1 if an index cannot be asked or an archive is not the
one that it records: then nothing is written. 2: a price of the renewed book is held for review.
"""

import argparse
import difflib
import subprocess
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from pricing_data.errors import BadSource
from scripts.build_prices import ROOT
from scripts.catalogue.package_index import NoPackageIndex, newest_release
from scripts.catalogue.proposal import CatalogueProposal, propose
from scripts.catalogue.sources import AskIndex, CatalogueSources, committed_sources, newest_sources

# What is made from the proposed files; each command gives the same files again if nothing is new.
FOLLOWING = (
    ("scripts.model_releases", "fetch"),
    ("scripts.model_releases", "write"),
    ("scripts.build_prices", "write"),
    ("scripts.build_facts", "fetch"),
    ("scripts.build_facts", "write"),
    ("scripts.snapshot_names",),
    ("scripts.record_litellm_rates",),
    ("scripts.describe_vocabularies",),
)


def main(arguments: list[str], ask: AskIndex = newest_release) -> int:
    """Write or print a proposal, and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dry-run", action="store_true", help="print the difference and write nothing")
    parser.add_argument("--offline", action="store_true", help="ask no index: read the pinned archives in build/")
    chosen = parser.parse_args(arguments)
    pinned = committed_sources()
    try:
        sources = pinned if chosen.offline else newest_sources(pinned, ask, datetime.now(UTC).date())
        proposal = propose(sources)
    except NoPackageIndex as fault:
        print(f"{fault}\nNothing was written. Without a network, --offline reads what is in build/.", file=sys.stderr)
        return 1
    except BadSource as fault:
        print(f"{fault}\nNothing was written.", file=sys.stderr)
        return 1
    files = {path: new for path, new in proposal.files.items() if _old(path) != new}
    _report(pinned, sources, proposal)
    if chosen.dry_run:
        print("".join(_difference(path, new) for path, new in files.items()), end="")
        return 0
    replace_all(files)
    return _follow()


def _report(pinned: CatalogueSources, sources: CatalogueSources, proposal: CatalogueProposal) -> None:
    """Print what is new, and why."""
    parts = {"newer": list(pinned.changes_to(sources)), "added": proposal.added, "left out": proposal.left_out}
    for kind, found in parts.items():
        for line in found:
            print(f"{kind}: {line}")
    if not any(parts.values()):
        print("nothing new: the catalogue has every model that its sources list, or says why not")


def replace_all(files: Mapping[Path, str]) -> None:
    """Write all files beside their places, then put each into its place; without room for all, none is replaced."""
    written: dict[Path, Path] = {}
    try:
        for path, content in files.items():
            written[path] = path.with_name(f"{path.name}.new")
            written[path].write_text(content, encoding="utf-8")
        for path, new in written.items():
            new.replace(path)
    finally:
        for new in written.values():
            new.unlink(missing_ok=True)


def _follow() -> int:
    """Make what follows from the proposed files, and return the first exit status that is not 0."""
    for command in FOLLOWING:
        if status := subprocess.run([sys.executable, "-m", *command], cwd=ROOT, check=False).returncode:
            print(f"python -m {' '.join(command)} ended with {status}: run it again, then the rest", file=sys.stderr)
            return status
    return 0


def _old(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _difference(path: Path, new: str) -> str:
    name = path.relative_to(ROOT).as_posix()
    old = _old(path).splitlines(keepends=True)
    return "".join(difflib.unified_diff(old, new.splitlines(keepends=True), f"a/{name}", f"b/{name}"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
