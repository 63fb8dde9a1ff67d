"""Text to tokens: exact counts with the public vocabulary of each model, and labelled estimates for the others."""

from tokenizer_registry.approximation.estimators import ErrorBand, Estimator
from tokenizer_registry.errors import (
    BadAlias,
    BadCatalogue,
    DamagedVocabulary,
    RegistryError,
    UncountableText,
    UnknownModel,
    UnknownVocabulary,
)
from tokenizer_registry.models import Model
from tokenizer_registry.names import NameResolver, NameTerms, Resolution, ResolutionStep
from tokenizer_registry.normalization import expanded_size
from tokenizer_registry.registry import Count, Registry
from tokenizer_registry.vocabulary import Token, Vocabulary, segments
from tokenizer_registry.vocabulary_files import VocabularyFormat, VocabularySpec

__all__ = [
    "BadAlias",
    "BadCatalogue",
    "Count",
    "DamagedVocabulary",
    "ErrorBand",
    "Estimator",
    "Model",
    "NameResolver",
    "NameTerms",
    "Registry",
    "RegistryError",
    "Resolution",
    "ResolutionStep",
    "Token",
    "UncountableText",
    "UnknownModel",
    "UnknownVocabulary",
    "Vocabulary",
    "VocabularyFormat",
    "VocabularySpec",
    "expanded_size",
    "segments",
]
