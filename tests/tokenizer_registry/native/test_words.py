"""Words that a counter set caches, or that wait to be counted, compared with vocabularies without a cache."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from tests.tokenizer_registry.shipped import PACKAGE
from tokenizer_registry.engines import read_engines
from tokenizer_registry.native.counter_set import CounterSet, CountWords, UnresolvedWord
from tokenizer_registry.native.packed_files import Packs
from tokenizer_registry.native.text_column import NOT_KNOWN

ROWS = read_engines(PACKAGE)
# One that ranks bytes, one that puts bars for spaces, one with pieces of words.
NAMES = ("r50k_base", "llama-2", "bert-uncased")
# More words than may wait for their counts together.
MANY = 3_000
# More slots than a row has counts.
SLOTS = 60


def refuse(words: Sequence[UnresolvedWord]) -> list[int]:
    """Raise: no word of these tests is for the owner's library."""
    raise AssertionError(words)


def counter_set_of(names: Sequence[str], *, has_words: bool = True, count_words: CountWords = refuse) -> CounterSet:
    """Return a counter set with a slot for each of the vocabularies."""
    packs = Packs()
    counter_set = CounterSet(packs.characters())
    for name in names:
        counter_set.add(packs.open(name, ROWS[name].sha256), has_words=has_words, count_words=count_words)
    return counter_set


def counts(counter_set: CounterSet, text: str, slots: int = len(NAMES)) -> list[int]:
    """Return the token counts of the first slots."""
    return counter_set.count(text, (1 << slots) - 1)[:slots]


@pytest.fixture(name="whole", scope="module")
def whole_set() -> CounterSet:
    """Return the vocabularies without cached words."""
    return counter_set_of(NAMES, has_words=False)


def made_up(seed: int, number: int, lengths: range) -> list[str]:
    """Return so many different words of letters."""
    dice = Random(seed)
    words: dict[str, None] = {}
    while len(words) < number:
        words["".join(dice.choices("abcdefgh", k=dice.choice(lengths)))] = None
    return list(words)


def test_a_word_that_comes_again_while_it_waits_counts_again(whole: CounterSet) -> None:
    """A word that is new to a counter set counts at each occurrence in the text."""
    text = "scales weighbridge weighbridge, scales\nweighbridge weighbridge weighbridge"
    assert counts(counter_set_of(NAMES), text) == counts(whole, text)


def test_more_words_than_wait_at_once(whole: CounterSet) -> None:
    """Thousands of new words in one text, some of them repeated, are all counted."""
    words = made_up(1, MANY, range(3, 25))
    text = " ".join(word for pair in zip(words, words[::-1], strict=True) for word in pair)
    counter_set, expected = counter_set_of(NAMES), counts(whole, text)
    assert [counts(counter_set, text) for _ in range(2)] == [expected] * 2


def test_more_words_than_are_remembered(whole: CounterSet) -> None:
    """Words replace older ones in the cache, and all have the same counts when they occur again."""
    texts = [" ".join(made_up(seed, MANY, range(5, 40))) for seed in range(50)]
    counter_set, expected = counter_set_of(NAMES), [counts(whole, text) for text in texts]
    for _ in range(2):
        assert [counts(counter_set, text) for text in texts] == expected


@pytest.mark.parametrize("length", [*range(1, 20), 31, 32, 33, *range(322, 327), 700])
def test_words_of_each_length(whole: CounterSet, length: int) -> None:
    """Words that differ in one byte, or by one byte more, are distinguished, also where long words begin."""
    word = "weighbridge" * 70
    words = [word[:length], word[: length - 1] + "x", word[: length + 1], "x" + word[1:length], word[:length]]
    counter_set, text = counter_set_of(NAMES), " ".join(words)
    for given in (text, " " + text, text + "\n", words[0], " " + words[0]):
        assert [counts(counter_set, given) for _ in range(2)] == [counts(whole, given)] * 2


def test_a_word_that_opens_its_text_is_another(whole: CounterSet) -> None:
    """A word after a space at the beginning of a text is not confused with the same word inside a text."""
    counter_set = counter_set_of(NAMES)
    for text in ("a b", " b b", " b", "b b", "\nb\nb", " weighbridges weighbridges", " b b"):
        assert counts(counter_set, text) == counts(whole, text)


@pytest.mark.parametrize("before", range(0, 140, 3))
def test_a_text_is_cut_the_same_wherever_it_begins(whole: CounterSet, before: int) -> None:
    """The result does not depend on the alignment of a text, although many bytes are read together."""
    text = "x" * before + " one, two\nthree  four (five)\n\n six\t7 8é é9 中 a\x01 \x01"
    assert counts(counter_set_of(NAMES[:1]), text, 1) == counts(whole, text, 1)


def test_more_slots_than_a_row_has_counts() -> None:
    """A slot whose counts are not cached counts like all others, new words and known ones."""
    text = "one weighbridge weighs another weighbridge, scales do not " + "w" * 400
    counter_set = counter_set_of(["r50k_base"] * SLOTS)
    expected = counts(counter_set_of(["r50k_base"], has_words=False), text, 1) * SLOTS
    assert [counts(counter_set, text, SLOTS) for _ in range(2)] == [expected] * 2
    last = SLOTS - 1
    assert counter_set.count(text, 1 << last)[last] == expected[last]


def test_a_count_that_others_made_is_remembered_and_added_for_each_time() -> None:
    """A word that is counted by the owner's library counts at each occurrence, and is cached."""
    asked: list[UnresolvedWord] = []

    def seven(words: Sequence[UnresolvedWord]) -> list[int]:
        asked.extend(words)
        return [7] * len(words)

    counter_set = counter_set_of(["qwen2"], count_words=seven)
    others = counts(counter_set, "un noir", 1)[0]
    text = "un e\u0301tat e\u0301tat e\u0301tat noir"
    assert [counts(counter_set, text, 1) for _ in range(2)] == [[others + 3 * 7]] * 2
    assert asked == [UnresolvedWord(" e\u0301tat", is_first=False)]


@pytest.mark.parametrize("text", ["", "weighbridge scales", "naïve 你好 🌍\n" * 40, "\x00 \u2028", "a" * 20_000])
def test_a_text_is_counted_alike_where_it_is_and_from_a_copy(text: str) -> None:
    """A small text that is counted in Python's own memory has the counts of its copy, for any choice of slots."""
    counter_set = counter_set_of(NAMES)
    for wanted in range(1, 1 << len(NAMES)):
        slots = [slot for slot in range(len(NAMES)) if wanted >> slot & 1]
        totals = counter_set.count(text, wanted)
        found = counter_set.count_each(wanted)(text, text.isascii())
        assert found == [totals[slot] for slot in slots]
        assert [counter_set.count_one(slot)(text, text.isascii()) for slot in slots] == found


def test_words_for_the_owner_are_left_to_the_counter_set() -> None:
    """A text with a word that only the owner's library counts is not counted in place until that word is cached."""
    counter_set = counter_set_of(["xlm-roberta"], count_words=lambda words: [7] * len(words))
    text = "un e\u0301te\u0301 noir"
    count_one, count_each = counter_set.count_one(0), counter_set.count_each(1)
    assert (count_one(text, False), count_each(text, False)) == (NOT_KNOWN, [])
    total = counter_set.count(text, 1)[0]
    assert total > 7
    assert (count_one(text, False), count_each(text, False)) == (total, [total])


def test_a_lone_surrogate_is_no_text() -> None:
    """A text without valid UTF-8 raises, and the library can be used afterwards."""
    counter_set = counter_set_of(NAMES)
    for count in (counter_set.count_one(0), counter_set.count_each(1)):
        for text in ("a \ud800 b", "é \udfff" * 50):
            with pytest.raises(UnicodeEncodeError):
                count(text, False)
    assert counter_set.count_one(0)("a b", True) == 2


@pytest.mark.parametrize("arguments", [(), ("a",), ("a", True, 1), (b"a", True), (1, False), (None, True)])
def test_what_is_no_text_is_refused(arguments: tuple[Any, ...]) -> None:
    """The functions that Python calls itself raise for other arguments than a text and whether it is ASCII."""
    counter_set = counter_set_of(NAMES)
    for count in (counter_set.count_one(0), counter_set.count_each(1)):
        with pytest.raises(TypeError):
            count(*arguments)
