"""That what is shipped cuts as the owner's original tokenizer.json does, token by token."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tokenizers import Tokenizer

from tokenizer_registry.building.conversion import Inexact, is_ordinary_text
from tokenizer_registry.formats import byte_alphabet
from tokenizer_registry.verification.corpus import corpus
from tokenizer_registry.vocabulary import Engine

# Every code point up to here, but for the large blocks where one character is like the next.
LAST_CODE_POINT = 0x1FFFF
ALIKE = (range(0x3500, 0x4D00), range(0x5000, 0x9F00), range(0xAD00, 0xD700), range(0xD800, 0xF900))


def owners_tokenizer(document: Mapping[str, Any]) -> Tokenizer:
    """The owner's tokenizer, its model untouched, without its markers, so that all text is ordinary."""
    added = [token for token in document["added_tokens"] if is_ordinary_text(token)]
    plain = {**document, "added_tokens": added, "post_processor": None, "truncation": None, "padding": None}
    return Tokenizer.from_str(json.dumps(plain))


def prove_same_tokens(
    engine: Engine, document: Mapping[str, Any], owners_numbers: Mapping[int, int] | None = None
) -> int:
    """Compare the cuts of about two million characters, token by token; the number compared. Raises Inexact.

    `owners_numbers` leads from our numbers to the owner's, where they differ. Markers are cut out of the texts: to
    us they are text, to some owners' models they are pieces.
    """
    tokenizer = owners_tokenizer(document)
    markers = _any_of(token["content"] for token in document["added_tokens"] if not is_ordinary_text(token))
    compared = 0
    for text in (markers.sub("", text) for text in _texts(document)):
        compared += len(text)
        ours = engine.encode(text)
        if owners_numbers is not None:
            ours = [owners_numbers[number] for number in ours]
        theirs = tokenizer.encode_batch_fast([text], add_special_tokens=False)[0].ids
        if ours != theirs:
            raise Inexact(f"{len(ours)} tokens, the original gives {len(theirs)}, for {text[:60]!r} …")
    return compared


def _any_of(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, words)) or "(?!)")


def _texts(document: Mapping[str, Any]) -> Iterator[str]:
    yield from corpus(seed=2)
    yield from _words(document["model"]["vocab"])
    yield from _code_points()


def _words(vocabulary: Mapping[str, int] | list[list[Any]]) -> Iterator[str]:
    """All entries of the vocabulary, one a line, in lumps of a thousand."""
    byte_of = {letter: byte for byte, letter in byte_alphabet().items()}
    entries = vocabulary if isinstance(vocabulary, Mapping) else [piece for piece, _score in vocabulary]
    words = []
    for word in entries:
        words.append(word.replace("▁", " "))
        if all(letter in byte_of for letter in word):
            words.append(bytes(byte_of[letter] for letter in word).decode("utf-8", "ignore"))
    for start in range(0, len(words), 1000):
        yield "\n".join(words[start : start + 1000])


def _code_points() -> Iterator[str]:
    """Each character alone, doubled, and between others, in lumps of 256 characters."""
    for start in range(0, LAST_CODE_POINT, 256):
        if any(start in block for block in ALIKE):
            continue
        letters = [chr(point) for point in range(start, start + 256) if not 0xD800 <= point < 0xE000]
        yield "".join(f"{letter} a{letter}{letter}1{letter}\n" for letter in letters)
