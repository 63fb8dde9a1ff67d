"""The texts of the licences: from the packages that carry them, or kept by hand in LICENSES."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from tokenizer_registry.building.packages import check, fetch, member
from tokenizer_registry.building.sources import LicenceText, Sources

KEPT: Final = Path(__file__).parents[1] / "vocabularies" / "LICENSES"


def licence_text(text: LicenceText, sources: Sources, cache: Path, say: Callable[[str], None]) -> bytes:
    """The whole text. Raises WrongDigest, FetchFailed."""
    if text.package is None:
        return (KEPT / text.file).read_bytes()
    archive = fetch(sources.packages[text.package], cache, say)
    content = member(archive, text.path)
    check(f"{text.path} in {archive.name}", text.sha256, content)
    return content
