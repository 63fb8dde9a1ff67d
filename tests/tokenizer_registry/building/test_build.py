"""Building of vocabularies from packages."""

import io
import json
import tarfile
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tests.tokenizer_registry.shipped import VOCABULARIES, shipped_specs
from tokenizer_registry.backends.tiktoken import TiktokenEngine
from tokenizer_registry.building.conversion import Inexact, ranks_of_tekken, ranks_of_tokenizer_json
from tokenizer_registry.building.originals import Original, shipped_content
from tokenizer_registry.building.packages import WrongDigest, check, fetch, member
from tokenizer_registry.building.proof import prove_same_tokens
from tokenizer_registry.building.sources import Package, SourceKind, Sources, read_sources
from tokenizer_registry.catalogue import toml_lines
from tokenizer_registry.verification.corpus import corpus

GPT2 = r"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


@pytest.fixture(scope="module")
def sources() -> Sources:
    """Return the contents of sources.toml, which is edited by hand."""
    return read_sources()


@pytest.fixture(scope="module")
def trained() -> dict[str, Any]:
    """Return a small byte-level BPE tokenizer.json, trained on a part of the corpus."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=700,
        special_tokens=["<end>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(corpus(size_bytes=20_000), trainer)
    document: dict[str, Any] = json.loads(tokenizer.to_str())
    return document


def test_what_is_shipped_is_what_the_sources_say(sources: Sources) -> None:
    """vocabularies.toml has the origins, patterns, counts and licences of sources.toml; it was not edited by hand."""
    assert [spec.name for spec in shipped_specs()] == [origin.name for origin in sources.shipped]
    for spec, origin in zip(shipped_specs(), sources.shipped, strict=True):
        package, licence = sources.packages[origin.package], sources.licences[origin.licence]
        assert (spec.source.package, spec.source.version) == (package.name, package.version)
        assert (spec.source.path, spec.source.sha256) == (origin.path, origin.sha256)
        assert (spec.probe_counts, spec.mixed_count) == (origin.probe_counts, origin.mixed_count)
        assert (spec.licence.name, spec.licence.files) == (licence.name, licence.files)
        assert spec.normalizer == origin.normalizer
        pattern = sources.patterns[origin.pattern] if origin.pattern else None
        assert spec.pattern == (pattern.pattern if pattern else None)
        assert spec.reference_splits == (pattern.reference if pattern else ())


def test_every_licence_text_is_listed(sources: Sources) -> None:
    """LICENSES holds the listed texts and no others, and those taken from packages are unchanged."""
    folder = VOCABULARIES / "LICENSES"
    assert {path.name for path in folder.iterdir()} == {text.file for text in sources.licence_texts}
    for text in sources.licence_texts:
        if text.package is not None:
            check(text.file, text.sha256, (folder / text.file).read_bytes())


def test_converted_ranks_cut_like_the_original(trained: dict[str, Any]) -> None:
    """A tokenizer.json becomes ranks that give the same tokens with the same ids."""
    engine = TiktokenEngine("small", ranks_of_tokenizer_json(trained), GPT2)
    assert prove_same_tokens(engine, trained) > 1_000_000


def test_the_proof_finds_a_wrong_conversion(trained: dict[str, Any]) -> None:
    """The verification fails if one rank is out of place."""
    ranks = ranks_of_tokenizer_json(trained)
    del ranks[max(ranks, key=ranks.__getitem__)]
    with pytest.raises(Inexact, match="the original gives"):
        prove_same_tokens(TiktokenEngine("small", ranks, GPT2), trained)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"byte_fallback": True}, "byte_fallback"),
        ({"type": "Unigram"}, "Unigram"),
        ({"vocab": {"a": 0}, "merges": []}, "bytes have no token"),
    ],
)
def test_other_kinds_are_refused(trained: dict[str, Any], change: dict[str, Any], fault: str) -> None:
    """Kinds of tokenizers that ranks cannot express exactly are refused by name."""
    with pytest.raises(Inexact, match=fault):
        ranks_of_tokenizer_json(trained | {"model": trained["model"] | change})


def test_unreachable_merges_are_refused(trained: dict[str, Any]) -> None:
    """Merges in an order other than the tokens' ids would split differently, and are refused."""
    model = trained["model"]
    with pytest.raises(Inexact):
        ranks_of_tokenizer_json(trained | {"model": model | {"merges": model["merges"][::-1]}})


def test_added_tokens_of_ordinary_text_are_refused(trained: dict[str, Any]) -> None:
    """A tokenizer that matches runs of spaces before splitting cannot become ranks."""
    with pytest.raises(Inexact, match="ordinary text"):
        ranks_of_tokenizer_json(trained | {"added_tokens": [{"content": "   ", "special": False}]})


def test_tekken_ranks_leave_the_specials_out() -> None:
    """The text tokens keep their ranks; entries beyond the model's size are left out."""
    entry = [{"rank": 0, "token_bytes": "YQ=="}, {"rank": 1, "token_bytes": "Yg=="}, {"rank": 2, "token_bytes": "Yw=="}]
    config = {"default_vocab_size": 12, "default_num_special_tokens": 10}
    assert ranks_of_tekken({"config": config, "vocab": entry}) == {b"a": 0, b"b": 1}
    with pytest.raises(Inexact, match="not 0, 1, 2"):
        ranks_of_tekken({"config": config, "vocab": entry[::-1]})
    with pytest.raises(Inexact, match="same bytes"):
        ranks_of_tekken({"config": config, "vocab": [entry[0], entry[0] | {"rank": 1}]})


def test_published_ranks_and_models_are_left_alone(sources: Sources) -> None:
    """Files that need no conversion are shipped byte for byte."""
    untouched = [
        origin for origin in sources.vocabularies if origin.kind in (SourceKind.RANKS, SourceKind.SENTENCEPIECE)
    ]
    assert len(untouched) > 10
    assert {shipped_content(origin, Original(b"x")) for origin in untouched} == {b"x"}


def test_files_come_out_of_wheels_and_tarballs(tmp_path: Path) -> None:
    """A member is read from either kind of archive, and a missing one is an error."""
    with zipfile.ZipFile(tmp_path / "a.whl", "w") as wheel:
        wheel.writestr("in/side.txt", b"wheel")
    with tarfile.open(tmp_path / "a.tgz", "w:gz") as tarball:
        header = tarfile.TarInfo("in/side.txt")
        header.size = 7
        tarball.addfile(header, io.BytesIO(b"tarball"))
    assert member(tmp_path / "a.whl", "in/side.txt") == b"wheel"
    assert member(tmp_path / "a.tgz", "in/side.txt") == b"tarball"
    with pytest.raises(KeyError):
        member(tmp_path / "a.tgz", "in/other.txt")


def test_a_cached_package_is_not_fetched_again(tmp_path: Path) -> None:
    """An archive with the pinned digest is read from the cache, without the registry's client."""
    (tmp_path / "p-1.tgz").write_bytes(b"x")
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    package = Package("p", "nowhere", "1", "p-1.tgz", digest)
    said: list[str] = []
    assert fetch(package, tmp_path, said.append) == tmp_path / "p-1.tgz"
    assert said == ["p-1.tgz: in the cache"]


def test_a_wrong_digest_is_refused() -> None:
    """Content with another digest than the pinned one is refused with both digests."""
    with pytest.raises(WrongDigest, match=r"file: sha256 2d7116.*, expected aa"):
        check("file", "aa", b"x")


@given(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
    st.integers(),
    st.lists(st.text("a'\"\\\n", max_size=4)),
)
def test_written_toml_reads_back(text: str, number: int, items: list[str]) -> None:
    """Every string, number and list comes back from the TOML that is written for it."""
    number %= 2**63
    lines = toml_lines({"text": text, "number": number, "items": tuple(items)})
    assert tomllib.loads("\n".join(lines)) == {"text": text, "number": number, "items": items}
