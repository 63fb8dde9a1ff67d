"""Models: who made them, what they are called and which vocabulary cuts their text."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tokenizer_registry.catalogue import TomlRow, read_catalogue


@dataclass(frozen=True, slots=True)
class Model:
    """One row of models.toml. `vocabulary` is None where the model has no public one; `reason` then says why."""

    name: str
    author: str
    display_name: str
    vocabulary: str | None = None
    evidence: str | None = None
    reason: str | None = None


def read_models(path: Path, vocabularies: Collection[str]) -> tuple[Model, ...]:
    """The models of a file, in order of author, then name (plain string order).

    Raises BadCatalogue for a missing or unknown key, a repeated name, or a vocabulary not in `vocabularies`.
    """
    document = read_catalogue(path)
    rows = document.tables("model")
    document.finish()
    models: dict[str, Model] = {}
    for row in rows:
        model = _model(row)
        if model.name in models:
            raise row.fault(f"the name {model.name!r} is taken by an earlier model")
        if model.vocabulary is not None and model.vocabulary not in vocabularies:
            raise row.fault(f"there is no vocabulary {model.vocabulary!r} in vocabularies.toml")
        models[model.name] = model
    return tuple(sorted(models.values(), key=lambda model: (model.author, model.name)))


def _model(row: TomlRow) -> Model:
    model = Model(
        name=row.text("name"),
        author=row.text("author"),
        display_name=row.text("display_name"),
        vocabulary=row.optional_text("vocabulary"),
        evidence=row.optional_text("evidence"),
        reason=row.optional_text("reason"),
    )
    row.finish()
    return model
