"""Hostile texts, passed directly to every vocabulary."""

import json
import os
import time
from functools import cache

import pytest

from tests.hostile_inputs import DATA, HostileText, hostile_texts
from tests.promises.figure import Figure
from tests.tokenizer_registry.shipped import shipped_names
from tokenizer_registry.errors import UncountableText
from tokenizer_registry.native.batch_counter import NativeVocabulary
from tokenizer_registry.registry import Registry

LARGE_CHARACTERS = 10_000
# A large text goes to every twelfth vocabulary, others for each text; in `make promises` to every one.
TIMED = "PROMISES_TIMED" in os.environ
SHARE = 1 if TIMED else 12
# For texts of a million characters; `make bench` measures that time grows with the length.
MAX_SECONDS = 2.0


@cache
def texts() -> tuple[HostileText, ...]:
    """Return all hostile texts, created once."""
    return tuple(hostile_texts())


@cache
def recorded_counts() -> dict[str, dict[str, int]]:
    """Return the reference's counts, by vocabulary and text."""
    counts: dict[str, dict[str, int]] = json.loads((DATA / "hostile_counts.json").read_text(encoding="utf-8"))
    return counts


@pytest.mark.parametrize("place", range(len(shipped_names())), ids=shipped_names())
def test_hostile_texts_are_counted_or_refused(fast: Registry, place: int, figure: Figure) -> None:
    """A count is the reference's; if a library fails, UncountableText is raised and nothing else."""
    name = shipped_names()[place]
    vocabulary = fast.vocabulary(name)
    slowest = 0.0
    for number, (case, text, _) in enumerate(texts()):
        if len(text) > LARGE_CHARACTERS and (number + place) % SHARE:
            continue
        expected = recorded_counts()[name].get(case)
        began = time.process_time()
        try:
            found = vocabulary.count(text)
        except UncountableText:
            # Owners' libraries give up runs of more than a million white-space characters.
            is_owners = not isinstance(vocabulary, NativeVocabulary)
            assert expected is None or (is_owners and len(text) > 1_000_000), case
        else:
            assert found == expected, case
        slowest = max(slowest, time.process_time() - began)
    assert not TIMED or slowest < MAX_SECONDS
    if slowest > 1:  # only the slow vocabularies are reported
        figure(f"{name} {slowest:.1f} s of a processor")


@pytest.mark.parametrize("name", shipped_names())
def test_lone_surrogates_are_refused_by_place(fast: Registry, name: str) -> None:
    """A lone surrogate is refused in the same way by every vocabulary, before its library is called."""
    with pytest.raises(UncountableText, match=r"character 1 is the lone surrogate U\+D800"):
        fast.vocabulary(name).count("a\ud800b")


def test_every_vocabulary_has_recorded_counts() -> None:
    """No shipped vocabulary is left out of the recorded counts."""
    assert sorted(recorded_counts()) == sorted(shipped_names())
