"""From a reconstruction's spec and file to something that counts."""

from pathlib import Path

from tokenizer_registry.errors import UnknownVocabulary
from tokenizer_registry.estimation.dialects import DIALECTS
from tokenizer_registry.estimation.runs import read_classes
from tokenizer_registry.packed import unpack
from tokenizer_registry.spec import VocabularySpec
from tokenizer_registry.vocabulary import Counter, GuardedCounter


def load_reconstruction(spec: VocabularySpec, folder: Path) -> Counter:
    """Read, check and build; takes 0.1 to 0.3 s. Raises DamagedVocabulary, BadCatalogue, UnknownVocabulary."""
    if spec.name not in DIALECTS:
        raise UnknownVocabulary(spec.name)
    from tokenizer_registry.estimation.reconstruction import (
        Reconstruction,
    )  # with its library, which few processes need

    classes = read_classes(folder / "characters.toml")
    return GuardedCounter(spec.name, Reconstruction(unpack(spec, folder), classes, DIALECTS[spec.name]))
