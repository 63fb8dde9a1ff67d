"""That converted ranks cut as the owner's original tokenizer.json does, token by token."""

import json
from collections.abc import Iterator

from tokenizers import Tokenizer

from scripts.vocabularies.conversion import Inexact
from tokenizer_registry.verification.byte_alphabet import byte_alphabet
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.vocabulary import Engine

# Every code point up to here, but for the large blocks where one character is like the next.
LAST_CODE_POINT = 0x1FFFF
ALIKE = (range(0x3500, 0x4D00), range(0x5000, 0x9F00), range(0xAD00, 0xD700), range(0xD800, 0xF900))


def plain_tokenizer(original: bytes) -> Tokenizer:
    """The owner's tokenizer without its added tokens, so that all text is ordinary."""
    document = json.loads(original)
    document |= {"added_tokens": [], "post_processor": None, "truncation": None, "padding": None}
    return Tokenizer.from_str(json.dumps(document))


def prove_same_tokens(engine: Engine, original: bytes) -> int:
    """Compare the cuts of about two million characters; the number compared. Raises Inexact."""
    tokenizer = plain_tokenizer(original)
    compared = 0
    for text in _texts(original):
        compared += len(text)
        ours = engine.encode(text)
        theirs = tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids
        if ours != theirs:
            raise Inexact(f"{len(ours)} tokens, the original gives {len(theirs)}, for {text[:60]!r} …")
    return compared


def _texts(original: bytes) -> Iterator[str]:
    yield from corpus(seed=2)
    yield from _words(original)
    yield from _code_points()


def _words(original: bytes) -> Iterator[str]:
    """All entries of the vocabulary, one a line, in lumps of a thousand."""
    byte_of = {letter: byte for byte, letter in byte_alphabet().items()}
    words = [
        bytes(byte_of[letter] for letter in word).decode("utf-8", "ignore")
        for word in json.loads(original)["model"]["vocab"]
        if all(letter in byte_of for letter in word)
    ]
    for start in range(0, len(words), 1000):
        yield "\n".join(words[start : start + 1000])


def _code_points() -> Iterator[str]:
    """Each character alone, doubled, and between others, in lumps of 256 characters."""
    for start in range(0, LAST_CODE_POINT, 256):
        if any(start in block for block in ALIKE):
            continue
        letters = [chr(point) for point in range(start, start + 256) if not 0xD800 <= point < 0xE000]
        yield "".join(f"{letter} a{letter}{letter}1{letter}\n" for letter in letters)
