"""Record in tests/data/hostile_counts.json how many tokens each hostile text has, counted by the references.

    python scripts/record_hostile_counts.py

The references share nothing with the backends, so the tests compare the backends with other libraries.
"""

import json
from pathlib import Path

from tests.hostile_inputs import DATA, hostile_texts
from tokenizer_registry.verification.references import reference_counter
from tokenizer_registry.vocabulary_files import VocabularySpec, read_specs, unpack

PACKAGE = Path(__file__).parent.parent / "tokenizer_registry"


def main() -> None:
    """All shipped vocabularies; about a minute."""
    rows = [_row(spec) for spec in read_specs(PACKAGE / "vocabularies.toml")]
    (DATA / "hostile_counts.json").write_text("{\n" + ",\n".join(rows) + "\n}\n", encoding="utf-8")


def _row(spec: VocabularySpec) -> str:
    count_all = reference_counter(spec, unpack(spec, PACKAGE / "vocabularies"))
    counts = {}
    for name, text, _ in hostile_texts():
        if not any("\ud800" <= character <= "\udfff" for character in set(text)):
            counts[name] = count_all([text])[0]
    print(spec.name, flush=True)
    return f"  {json.dumps(spec.name)}: {json.dumps(counts)}"


if __name__ == "__main__":
    main()
