"""The reconstructed vocabularies' dialects, as measured by the source that they come from."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tokenizer_registry.estimation.marked_text import Dialect

DIALECTS: Final[Mapping[str, Dialect]] = MappingProxyType(
    {
        "claude-3-reconstruction": Dialect(fold_quotes=True, least_caps=4, opens_word=True),
        "claude-4.7-reconstruction": Dialect(fold_quotes=False, least_caps=None, opens_word=True),
        "claude-4.8-reconstruction": Dialect(fold_quotes=False, least_caps=None, opens_word=False),
    }
)
