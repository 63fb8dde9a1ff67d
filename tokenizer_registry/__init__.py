"""Text to tokens: exact counts with the public vocabulary of each model, and labelled estimates for the others."""

from tokenizer_registry.choice import Count
from tokenizer_registry.errors import (
    BadCatalogue,
    DamagedVocabulary,
    RegistryError,
    UncountableText,
    UnknownModel,
    UnknownVocabulary,
)
from tokenizer_registry.estimation.bands import ErrorBand
from tokenizer_registry.estimation.estimator import Estimator
from tokenizer_registry.expansion import expanded_size
from tokenizer_registry.model import Model
from tokenizer_registry.registry import Registry
from tokenizer_registry.spec import Format, VocabularySpec
from tokenizer_registry.tokens import Token, segments
from tokenizer_registry.verify import Check, Verification, verify
from tokenizer_registry.vocabulary import Vocabulary

__all__ = [
    "BadCatalogue",
    "Check",
    "Count",
    "DamagedVocabulary",
    "ErrorBand",
    "Estimator",
    "Format",
    "Model",
    "Registry",
    "RegistryError",
    "Token",
    "UncountableText",
    "UnknownModel",
    "UnknownVocabulary",
    "Verification",
    "Vocabulary",
    "VocabularySpec",
    "expanded_size",
    "segments",
    "verify",
]
