"""Drafts rows of tokenizer_registry/models.toml, for a person to accept.

python -m scripts.draft_models rows --author Meta NAME…   rows for these names
python -m scripts.draft_models vocabularies [--write]     what the vocabulary rules say that the file does not
"""

import argparse
import sys
from collections.abc import Iterable

from pricing_data.refresh.naming.display import NameSpelling, read_spelling
from scripts.catalogue.models_file import Row, read_rows, text, write_rows
from scripts.catalogue.vocabulary_rules import Rules, read_rules


def draft(author: str, name: str, spelling: NameSpelling, rules: Rules) -> Row:
    """Return a draft of a model's row from the curated rules."""
    row = {"name": name, "author": author, "display_name": spelling.display_name(name)}
    if found := rules.vocabulary(author, name):
        row["vocabulary"], row["evidence"] = found
    elif reason := rules.reason(author, name):
        row["reason"] = reason
    return row


def with_rules(rows: Iterable[Row], rules: Rules) -> list[Row]:
    """Return the rows with vocabulary and evidence as the rules have them now."""
    done: list[Row] = []
    for row in rows:
        identity = {field: row[field] for field in ("name", "author", "display_name")}
        if found := rules.vocabulary(row["author"], row["name"]):
            done.append({**identity, "vocabulary": found[0], "evidence": found[1]})
        else:
            reason = rules.reason(row["author"], row["name"])
            done.append({**identity, "reason": reason} if reason else identity)
    return done


def main(arguments: list[str]) -> int:
    """Print drafts; 1 if the vocabularies differ and were not written."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    named = commands.add_parser("rows")
    named.add_argument("--author", required=True)
    named.add_argument("names", nargs="+")
    vocabularies = commands.add_parser("vocabularies")
    vocabularies.add_argument("--write", action="store_true")
    chosen = parser.parse_args(arguments)
    if chosen.command == "rows":
        spelling, rules = read_spelling(), read_rules()
        print(text(draft(chosen.author, name, spelling, rules) for name in chosen.names))
        return 0
    return _vocabularies(read_rows(), chosen.write)


def _vocabularies(rows: list[Row], write: bool) -> int:
    ruled = with_rules(rows, read_rules())
    changed = [(old, new) for old, new in zip(rows, ruled, strict=True) if old != new]
    for old, new in changed:
        print(f"{old['name']}: {old.get('vocabulary')} -> {new.get('vocabulary')} ({new.get('evidence')})")
    if write:
        write_rows(ruled)
    return 1 if changed and not write else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
