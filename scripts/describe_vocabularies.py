"""Write docs/vocabularies.md from what is shipped: python -m scripts.describe_vocabularies"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import tokenizer_registry
from tokenizer_registry import Registry
from tokenizer_registry.building.sources import Origin, Sources, read_sources
from tokenizer_registry.engines import EngineSpec, read_engines

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "vocabularies.md"
TEMPLATE = Path(__file__).parent / "templates" / "vocabularies.md"
OWNERS_LIBRARIES = {
    "tiktoken": "tiktoken",
    "sentencepiece": "sentencepiece",
    "huggingface": "tokenizers",
    "longest-match": "rwkv",
}


def main() -> None:
    """Write the page that describes the vocabularies."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page. Nothing is loaded or counted: the recorded counts are proven by the tests."""
    registry, sources = Registry.from_package(), read_sources()
    return TEMPLATE.read_text(encoding="utf-8").format(
        shipped=len(registry.vocabularies),
        megabytes=f"{sum(spec.packed_bytes for spec in registry.vocabularies.values()) / 1e6:.0f}",
        fetchable=len(registry.fetchable),
        table=_table(registry, sources),
        fetchable_table=_fetchable(sources, registry),
        sentence=_sentence(registry),
    )


def _users(registry: Registry) -> dict[str, list[str]]:
    users: dict[str, list[str]] = defaultdict(list)
    for model in registry.models.values():
        if model.vocabulary:
            users[model.vocabulary].append(model.name)
    return users


def _table(registry: Registry, sources: Sources) -> str:
    users, origins = _users(registry), {origin.name: origin for origin in sources.vocabularies}
    engines = read_engines(Path(tokenizer_registry.__file__).parent)
    rows = []
    for spec in registry.vocabularies.values():
        source = f"{spec.source.package} {spec.source.version}"
        counts = "/".join(map(str, spec.probe_counts))
        rows.append(
            [
                f"`{spec.name}`",
                str(len(users[spec.name])),
                OWNERS_LIBRARIES.get(spec.format, str(spec.format)),
                _engine(engines.get(spec.name)),
                f"{spec.packed_bytes / 1e6:.2f}",
                source,
                spec.licence.name,
                str(spec.licence.licence_class),
                counts,
                str(spec.mixed_count),
                _checked(origins.get(spec.name)),
            ]
        )
    heads = [
        "name",
        "models",
        "owner's library",
        "engine",
        "MB",
        "source",
        "licence",
        "class",
        "probes",
        "mixed",
        "checked by",
    ]
    return _markdown(heads, rows)


def _engine(row: EngineSpec | None) -> str:
    """What counts: with `words`, those that were met before are remembered with their counts."""
    if row is None:
        return "owner's"
    return "C, words" if row.has_words else "C"


def _checked(origin: Origin | None) -> str:
    return origin.checked if origin else ""


def _fetchable(sources: Sources, registry: Registry) -> str:
    users = _users(registry)
    rows = [
        [
            f"`{origin.name}`",
            ", ".join(users[origin.name]) or "none in the catalogue",
            sources.licence_of(origin).name,
            "/".join(map(str, origin.probe_counts)),
            origin.package,
        ]
        for origin in sources.fetchable
    ]
    return _markdown(["name", "models", "licence", "probes", "source"], rows)


def _sentence(registry: Registry) -> str:
    users = _users(registry)
    rows = [
        [f"`{spec.name}`", str(spec.probe_counts[0]), ", ".join(users[spec.name]) or "-"]
        for spec in registry.vocabularies.values()
    ]
    return _markdown(["vocabulary", "tokens", "models"], rows)


def _markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in [heads, ["---"] * len(heads), *rows])


if __name__ == "__main__":
    main()
