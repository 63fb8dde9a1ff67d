"""Cutting of texts: for every kind of vocabulary, and for hostile texts with all of them."""

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.hostile_inputs import hostile_texts
from tests.tokenizer_registry.shipped import shared_registry, shipped_names
from tokenizer_registry.cutting import AT, BLOCK_CHARACTERS, KEEP, At, Borders, Keep, split, truncate
from tokenizer_registry.errors import TooFewTokens, UncountableText, UndecodableVocabulary, UnknownToken
from tokenizer_registry.registry import Registry
from tokenizer_registry.vocabulary import Vocabulary, segments

# One of each kind: byte BPE, with NFKC, SentencePiece BPE with a prefix and without, Unigram, WordPiece, CLIP, RWKV.
KINDS = ("o200k_base", "claude-2", "llama-2", "gemma-3", "t5", "bert-uncased", "clip", "rwkv")
LARGE_CHARACTERS, MAX_CHARACTERS = 1_000, 100_000
SHARE = 12
MIXED = "Dr. Ito said: “Yes!” 你好。再见！\n\nNext\u2029line\r\nof  text\tﬁn é 👩‍👩‍👧 ﷺ <|endoftext|>\n \n end"

texts = st.text(
    st.one_of(st.characters(codec="utf-8"), st.sampled_from(" \n\r\t.!?。a好ﷺ😀\u0301\u200d")), max_size=300
)


def kept_whole(vocabulary: Vocabulary, text: str, max_tokens: int, keep: Keep) -> None:
    """Check one truncation."""
    piece = truncate(vocabulary, text, max_tokens, keep)
    part = text[piece.start : piece.end]
    part.encode("utf-8")
    assert vocabulary.count(part) == piece.tokens <= max_tokens
    if vocabulary.count(text) <= max_tokens:
        assert part == text
    if keep == "start":
        assert piece.start == 0
    if keep == "end":
        assert piece.end == len(text)


def in_pieces(vocabulary: Vocabulary, text: str, max_tokens: int, overlap_tokens: int, at: At) -> bool:
    """Return whether the pieces are the text, or what a piece has no room for is named."""
    covered, joined = 0, ""
    pieces = split(vocabulary, text, max_tokens, overlap_tokens, at)
    while covered < len(text):
        try:
            piece = next(pieces)
        except TooFewTokens as fault:
            return fault.needed > max_tokens and fault.place == covered
        part, overlap = text[piece.start : piece.end], covered - piece.start
        assert vocabulary.count(part) == piece.tokens <= max_tokens
        assert vocabulary.count(part[:overlap]) <= overlap_tokens
        joined += part[overlap:]
        covered = piece.end
    return joined.encode("utf-8") == text.encode("utf-8") and next(pieces, None) is None


@pytest.mark.parametrize("keep", KEEP)
@pytest.mark.parametrize("name", KINDS)
def test_what_is_kept_fits_when_it_is_counted_again(fast: Registry, name: str, keep: Keep) -> None:
    """The part is never above the limit, a whole text that fits is returned, and no character is cut."""
    vocabulary = fast.vocabulary(name)

    @given(texts, st.integers(0, 60))
    @example(MIXED, 5)
    @example("", 0)
    @example("\x00\x00", 0)
    def check(text: str, max_tokens: int) -> None:
        kept_whole(vocabulary, text, max_tokens, keep)

    check()


@pytest.mark.parametrize("at", AT)
@pytest.mark.parametrize("name", KINDS)
def test_pieces_give_the_text_back(fast: Registry, name: str, at: At) -> None:
    """Pieces less their overlaps are the text, byte for byte, and none is above the limit."""
    vocabulary = fast.vocabulary(name)

    @given(texts, st.integers(1, 40), st.integers(0, 20))
    @example(MIXED, 7, 3)
    @example("\x00\x00", 1, 0)
    @example("", 1, 0)
    def check(text: str, max_tokens: int, overlap_tokens: int) -> None:
        assert in_pieces(vocabulary, text, max_tokens, min(overlap_tokens, max_tokens // 2), at)

    check()


@pytest.mark.parametrize("place", range(len(shipped_names())), ids=shipped_names())
def test_hostile_texts_are_cut(fast: Registry, place: int) -> None:
    """Every vocabulary cuts hostile texts within the limit; a large text goes to every twelfth."""
    vocabulary = fast.vocabulary(shipped_names()[place])
    for number, (_, text, direct) in enumerate(hostile_texts()):
        is_chosen = len(text) <= LARGE_CHARACTERS or not (number + place) % SHARE
        if direct or not is_chosen or len(text) > MAX_CHARACTERS:
            continue
        try:
            for keep in KEEP:
                kept_whole(vocabulary, text, 100, keep)
            assert in_pieces(vocabulary, text, 300, 20, AT[number % len(AT)])
        except UncountableText:
            with pytest.raises(UncountableText):
                vocabulary.tokens(text[:BLOCK_CHARACTERS])


@pytest.mark.parametrize("name", ["o200k_base", "rwkv"])
@pytest.mark.parametrize("count", range(1, 12))
def test_the_start_is_the_first_tokens(fast: Registry, name: str, count: int) -> None:
    """What is kept of a text is the longest run of its first tokens that ends between characters."""
    vocabulary = fast.vocabulary(name)
    expected, used = "", 0
    for part, ids in segments(MIXED, vocabulary.tokens(MIXED)):
        used += len(ids)
        if used > count:
            break
        expected += part
    assert MIXED[: truncate(vocabulary, MIXED, count).end] == expected


def test_the_middle_leaves_out_as_much_on_both_sides(fast: Registry) -> None:
    """Of words of one token each, those in the middle are kept."""
    text = " word" * 101
    piece = truncate(fast.vocabulary("o200k_base"), text, 11, "middle")
    assert (piece.start, piece.end, piece.tokens) == (45 * 5, 56 * 5, 11)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("sentence", ["One two.", " Three four!", " Five\n\n", "six seven eight"]),
        ("paragraph", ["One two. Three", " four! Five\n\n", "six seven eight"]),
        ("line", ["One two. Three", " four! Five\n\n", "six seven eight"]),
        ("token", ["One two. Three", " four! Five\n\n", "six seven eight"]),
    ],
)
def test_pieces_end_with_units(fast: Registry, at: At, expected: list[str]) -> None:
    """A piece ends at the last end of a unit that fits, or between tokens where none fits."""
    text = "One two. Three four! Five\n\nsix seven eight"
    found = [text[piece.start : piece.end] for piece in split(fast.vocabulary("o200k_base"), text, 4, 0, at)]
    assert found == expected


def test_a_line_end_of_two_characters_is_no_paragraph(fast: Registry) -> None:
    """CR LF ends a line; two of them end a paragraph."""
    text = "a b\r\nc d\r\n\r\ne f"
    found = [text[piece.start : piece.end] for piece in split(fast.vocabulary("rwkv"), text, 7, 0, "paragraph")]
    assert found == ["a b\r\nc d\r\n\r\n", "e f"]


def test_a_piece_too_short_for_a_character_is_refused(fast: Registry) -> None:
    """A character of more tokens than a piece may have is named with its place."""
    with pytest.raises(TooFewTokens) as refused:
        list(split(fast.vocabulary("r50k_base"), "ab 𓀀", 1))
    assert (refused.value.place, refused.value.max_tokens) == (2, 1) or refused.value.place == 3
    assert refused.value.needed > 1


@pytest.mark.parametrize("name", ["o200k_base", "llama-2", "gemma-3", "bert-uncased", "rwkv"])
def test_long_texts_are_cut_in_blocks(fast: Registry, name: str) -> None:
    """A text of many blocks is cut like a short one, with white space and without any."""
    vocabulary = fast.vocabulary(name)
    for text in (MIXED * 800, "x" * 3 * BLOCK_CHARACTERS, " \n" * BLOCK_CHARACTERS):
        for keep in KEEP:
            kept_whole(vocabulary, text, 1_000, keep)
        assert in_pieces(vocabulary, text, 400, 50, "sentence")


def test_a_short_start_of_a_long_text_reads_one_block() -> None:
    """The rest of the text is counted, but its tokens are not looked for."""
    vocabulary = shared_registry().vocabulary("o200k_base")
    seen: list[int] = []

    class Watched:
        name, effort = "o200k_base", 1
        count, count_batch, encode, decode = (
            vocabulary.count,
            vocabulary.count_batch,
            vocabulary.encode,
            vocabulary.decode,
        )

        def tokens(self, text: str) -> object:
            seen.append(len(text))
            return vocabulary.tokens(text)

    truncate(Watched(), MIXED * 5_000, 50)  # type: ignore[arg-type]  # what it answers are tokens
    truncate(Watched(), MIXED * 5_000, 50, "end")  # type: ignore[arg-type]
    assert len(seen) == 2
    assert max(seen) <= BLOCK_CHARACTERS


def test_borders_of_a_text_without_tokens(fast: Registry) -> None:
    """A text that a vocabulary drops has an end nevertheless."""
    borders = Borders()
    borders.add_block(fast.vocabulary("bert-uncased"), "\x00\x01", 0)
    assert (list(borders.places), list(borders.tokens)) == ([0, 2], [0, 0])


UNDECODABLE = ("bert-cased", "bert-multilingual-cased", "bert-uncased", "clip")
# These rewrite or drop characters before they encode a text.
REWRITING = ("aya-101", "claude-2", "falcon", "falcon-3", "internlm-3", "jurassic-2", "minicpm", "t5", "xlm-roberta")


@pytest.mark.parametrize("name", sorted({*shipped_names()} - {*UNDECODABLE, *REWRITING}))
def test_tokens_give_the_text_back(fast: Registry, name: str) -> None:
    """The tokens of a text decode to the text, as it was sent."""
    vocabulary = fast.vocabulary(name)

    @given(texts)
    @example(MIXED)
    @example(" a")
    @example("a <0x41>")
    def check(text: str) -> None:
        # The mark that stands for a space in SentencePiece's files is a space in a text, too.
        if "\u2581" in text or not unicodedata.is_normalized("NFC", text):
            return
        assert vocabulary.decode(vocabulary.encode(text)) == (text, True)

    check()


@pytest.mark.parametrize("name", REWRITING)
def test_tokens_of_rewritten_texts_are_those_of_the_decoded_text(fast: Registry, name: str) -> None:
    """What is decoded has the same tokens again, so that only the writing has changed."""
    vocabulary = fast.vocabulary(name)
    ids = vocabulary.encode("ﬁne, Ｗörld! two  spaces 123")
    decoded = vocabulary.decode(ids)
    assert decoded.is_whole
    assert vocabulary.encode(decoded.text) == ids


@pytest.mark.parametrize("name", UNDECODABLE)
def test_a_vocabulary_that_loses_spaces_is_not_decoded(fast: Registry, name: str) -> None:
    """What stands between words is not in the tokens, so that no text is made up."""
    vocabulary = fast.vocabulary(name)
    with pytest.raises(UndecodableVocabulary, match=name):
        vocabulary.decode(vocabulary.encode("one two"))


@pytest.mark.parametrize("name", [name for name in shipped_names() if name not in UNDECODABLE])
@pytest.mark.parametrize("number", [-1, 10_000_000, 2**32, 2**70])
def test_an_id_that_is_no_token_is_named(fast: Registry, name: str, number: int) -> None:
    """Ids of any size are looked up, and the place of an unknown one is named."""
    vocabulary = fast.vocabulary(name)
    known = vocabulary.encode("a")
    with pytest.raises(UnknownToken) as refused:
        vocabulary.decode([*known, number])
    assert (refused.value.place, refused.value.token) == (len(known), number)


@pytest.mark.parametrize("name", ["o200k_base", "gemma-3", "rwkv", "deepseek-v2"])
def test_a_part_of_a_character_is_replaced(fast: Registry, name: str) -> None:
    """Tokens that begin a character give U+FFFD, and the answer says so."""
    vocabulary = fast.vocabulary(name)
    ids = vocabulary.encode("\U00013000")
    assert len(ids) > 1
    decoded = vocabulary.decode(ids[:1])
    assert (decoded.text, decoded.is_whole) == ("\ufffd", False)
    assert vocabulary.decode(ids) == ("\U00013000", True)


def test_an_unknown_character_is_replaced(fast: Registry) -> None:
    """The token of unknown characters has no text."""
    vocabulary = fast.vocabulary("t5")
    assert not vocabulary.decode(vocabulary.encode("你")).is_whole
