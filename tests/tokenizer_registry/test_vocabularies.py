"""The shipped vocabularies: their counts, digests and licences."""

import hashlib

import pytest

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_names, shipped_specs
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary_files import VocabularySpec, mixed_text, probe_texts


@pytest.mark.parametrize("name", shipped_names())
def test_recorded_counts_hold(registry: Registry, name: str) -> None:
    """Every shipped vocabulary gives the recorded counts of the probe texts and of the mixed text."""
    vocabulary, spec = registry.vocabulary(name), registry.vocabularies[name]
    assert tuple(vocabulary.count(text) for text in probe_texts()) == spec.probe_counts
    assert vocabulary.count(mixed_text()) == spec.mixed_count


def test_published_counts_hold(registry: Registry) -> None:
    """The counts are the published ones, written here a second time so that a rebuild cannot move them."""
    text = "Felis nunc phasellus arcu ad bibendum elementum taciti."
    published = {"o200k_base": 14, "cl100k_base": 18, "llama-3": 18, "gemma-2": 14, "mistral-v1": 21, "claude-2": 18}
    assert {name: registry.vocabulary(name).count(text) for name in published} == published


def test_owners_digests_hold() -> None:
    """The files that their owners pin by sha256 are shipped byte for byte."""
    pinned = {
        "o200k_base": "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        "cl100k_base": "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        "p50k_base": "94b5ca7dff4d00767bc256fdd1b27e5b17361d7b8a5f968547f9f23eb70d2069",
        "r50k_base": "306cd27f03c1a714eca7108e03d66b7dc042abe8c258b44c199a7ed9838dd930",
        "gemma-2": "61a7b147390c64585d6c3543dd6fc636906c9af3865a5548f27f31aee1d4c8e2",
        "gemma-3": "1299c11d7cf632ef3b4e11937501358ada021bbdf7c47638d13c0ee982f2e79c",
        "mistral-v1": "dadfd56d766715c61d2ef780a525ab43b8e6da4de6865bda3d95fdef5e134055",
    }
    assert {spec.name: spec.sha256 for spec in shipped_specs() if spec.name in pinned} == pinned


@pytest.mark.parametrize("spec", shipped_specs(), ids=lambda spec: spec.name)
def test_every_licence_travels_along(spec: VocabularySpec) -> None:
    """Each vocabulary names at least one licence file, and every named file exists and is not empty."""
    assert spec.licence.files
    assert all((VOCABULARIES / "LICENSES" / file).stat().st_size > 0 for file in spec.licence.files)


def test_conditional_licences_carry_the_notice() -> None:
    """Vocabularies with conditions name the notice, which has each attribution that the terms require."""
    notice = " ".join((VOCABULARIES / "LICENSES" / "NOTICE.txt").read_text(encoding="utf-8").split())
    conditional = [spec for spec in shipped_specs() if spec.licence.licence_class == "conditional"]
    assert conditional
    assert all("NOTICE.txt" in spec.licence.files for spec in conditional)
    for words in (
        "Llama 2 is licensed under the LLAMA 2 Community License, Copyright (c) Meta Platforms, Inc.",
        "Llama 3.1 is licensed under the Llama 3.1 Community License, Copyright © Meta Platforms, Inc.",
        "Llama 4 is licensed under the Llama 4 Community License, Copyright © Meta Platforms, Inc.",
        "Gemma is provided under and subject to the Gemma Terms of Use found at ai.google.dev/gemma/terms",
    ):
        assert words in notice


def test_no_file_is_shipped_unlisted() -> None:
    """The folder holds the listed files with the listed digests, and no other vocabulary."""
    listed = {spec.file: spec.packed_sha256 for spec in shipped_specs()}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in VOCABULARIES.glob("*.xz")}
    assert found == listed
