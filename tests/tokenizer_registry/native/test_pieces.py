"""Texts counted piece by piece with one vocabulary, compared with the words of many vocabularies together."""

from random import Random

import pytest
from tokenizers import normalizers

from tests.engine_equality.fuzz import fuzzed_texts
from tests.engine_equality.texts import generated_texts
from tokenizer_registry import Registry
from tokenizer_registry.native.batch_counter import BatchCounter

REGISTRY = Registry.from_package()
# Several are counted by words, one alone by pre-tokens.
NAMES = ("o200k_base", "cl100k_base", "qwen2", "r50k_base", "deepseek-v3", "kimi-k2")
TOGETHER = BatchCounter({name: REGISTRY.vocabulary(name) for name in NAMES})
GENERATED_BYTES = 300_000
FUZZED_TEXTS = 2_000


def assert_equal(text: str) -> None:
    """Count alone twice, so that pieces are new and then known, and with the others."""
    together = dict(zip(TOGETHER.names, TOGETHER.count(text), strict=True))
    for name in NAMES:
        vocabulary = REGISTRY.vocabulary(name)
        assert [vocabulary.count(text) for _ in range(2)] == [together[name]] * 2, (name, ascii(text)[:200])


def test_texts_of_all_kinds() -> None:
    """Prose, code, languages and JSON, and strings made to be difficult."""
    for text in (*generated_texts(3, GENERATED_BYTES), *fuzzed_texts(4, FUZZED_TEXTS)):
        assert_equal(text)


@pytest.mark.parametrize("letter", ["a", "é", "あ", "😀", "\0"])
def test_pieces_of_each_length(letter: str) -> None:
    """Pieces around the sizes of entries and of what is merged at a time, also of zeros, which fill entries."""
    for length in (*range(1, 66), *range(250, 260), 700):
        assert_equal(letter * length)
        assert_equal(" " + letter * length + "b")


def test_more_pieces_than_are_remembered() -> None:
    """Pieces replace others, those of other vocabularies too, and count the same when they come again."""
    dice = Random(5)
    words = ["".join(dice.choices("abcdefgh", k=dice.randint(2, 40))) for _ in range(120_000)]
    texts = [" ".join(words[at : at + 400]) for at in range(0, len(words), 400)]
    alone = {name: [REGISTRY.vocabulary(name).count(text) for text in texts] for name in NAMES[:2]}
    again = {name: [REGISTRY.vocabulary(name).count(text) for text in texts] for name in NAMES[:2]}
    together = [TOGETHER.count(text) for text in texts]
    assert alone == again
    for name in alone:
        assert alone[name] == [counts[TOGETHER.names.index(name)] for counts in together]


def test_a_text_that_is_not_normalized() -> None:
    """A text that a normalizer changes at one place is counted with it, wherever the place is."""
    for text in ("e\u0301", "a" * 200 + "e\u0301", "e\u0301" + "a b" * 200, "a b \u2000", "a" * 63 + "\u2001 \n"):
        assert_equal(text)
        normal = text.replace("e\u0301", "é").replace("\u2000", "\u2002").replace("\u2001", "\u2003")
        assert REGISTRY.vocabulary("qwen2").count(text) == REGISTRY.vocabulary("qwen2").count(normal)


# Letters, and marks that compose, that are out of order behind one another, and that never change.
LETTERS = "aeก字가が ᄀ\n.,  "
MARKS = "\u0301\u0308\u0323\u0327\u0e38\u0e48\u064b\u0651\u0e35\u093c\u094d\u3099\u11a8\u2126\ufb1d"


def test_a_text_counts_as_its_normal_form() -> None:
    """Random texts of letters and marks, some with many marks and some with few, in long words and short ones."""
    dice, normalized = Random(6), normalizers.NFC().normalize_str
    vocabulary = REGISTRY.vocabulary("qwen2")
    for _ in range(4_000):
        share, spaces = dice.choice((0.01, 0.1, 0.6)), dice.choice(("", " ", "   "))
        letters = LETTERS + spaces * 4
        length = dice.choice((5, 40, 400))
        text = "".join(dice.choice(MARKS if dice.random() < share else letters) for _ in range(length))
        assert vocabulary.count(text) == vocabulary.count(normalized(text)), ascii(text)
    long = "กุ่ e\u0301 แล้ว ab c\u0327\u0301 " * 2_000
    assert vocabulary.count(long) == vocabulary.count(normalized(long))
    assert_equal(long)


@pytest.mark.parametrize(("name", "form"), [("qwen2", normalizers.NFC()), ("claude-2", normalizers.NFKC())])
def test_letters_that_become_others_at_the_ends_of_words_and_lines(name: str, form: normalizers.Normalizer) -> None:
    """As a letter that becomes a letter and a mark: the line feeds behind it belong to the mark then."""
    vocabulary = REGISTRY.vocabulary(name)
    changed = [one for one in map(chr, range(0xA0, 0x30000)) if one.isprintable() and form.normalize_str(one) != one]
    assert len(changed) > 1_000
    for one in changed:
        text = f"ab{one}\n \n{one} \u0327{one}\n {one}  x"
        assert vocabulary.count(text) == vocabulary.count(form.normalize_str(text)), ascii(text)
