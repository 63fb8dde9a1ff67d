"""Texts made from fixed seeds: prose, source code, JSON and many languages, in pieces like those that people send."""

import json
import sysconfig
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from random import Random

import tokenizer_registry
from tokenizer_registry.verification.corpus import corpus, read_material
from tokenizer_registry.vocabulary_files import mixed_text, probe_texts

CORPUS = Path(tokenizer_registry.__file__).parent / "approximation" / "corpus"
OWN_PACKAGE = "weighbridge"
# From a word to more than one block.
LENGTHS = (20, 200, 2_000, 2_000, 10_000, 70_000)


def fixed_texts() -> list[str]:
    """The mixed text, the probes, and texts about the ends of texts."""
    edges = [
        "",
        " ",
        "  ",
        "\n",
        "a",
        " a",
        "a ",
        "a  ",
        "a\n",
        "a \n ",
        "\t a\n  ",
        "\u00a0a b\u3000",
        "'s 's",
        "▁a ▁ b",
    ]
    return [mixed_text(), *probe_texts(), *edges, "'s 's", "▁a ▁ b"]


def generated_texts(seed: int, size_bytes: int) -> Iterator[str]:
    """Texts of every kind in turn, until there are so many bytes of them in UTF-8."""
    dice = Random(seed)
    done = number = 0
    while done < size_bytes:
        text = KINDS[number % len(KINDS)](dice, dice.choice(LENGTHS))
        yield text
        done += len(text.encode("utf-8"))
        number += 1


def _prose(dice: Random, length: int) -> str:
    return _excerpt(dice, documents(), length)


def _code(dice: Random, length: int) -> str:
    return _excerpt(dice, sources(), length)


def _language(dice: Random, length: int) -> str:
    """Phrases of one language, in a random order."""
    words = dice.choice(languages()).split(" ")
    text = ""
    while len(text) < length:
        start = dice.randrange(len(words))
        text += " ".join(words[start : start + dice.randint(1, 12)]) + dice.choice((" ", " ", ", ", ". ", "\n", "! "))
    return text[:length]


def _script(dice: Random, length: int) -> str:
    """Random letters of one script."""
    script = dice.choice(read_material().scripts)
    text = ""
    while len(text) < length:
        text += "".join(chr(dice.randint(script.first, script.last)) for _ in range(dice.randint(1, 9)))
        text += script.between if dice.random() < 0.9 else dice.choice((". ", "\n", " ", "、", "»"))
    return text[:length]


def _json(dice: Random, length: int) -> str:
    words = dice.choice(languages()).split()
    rows = [
        {
            "id": dice.randrange(10**9),
            dice.choice(words): dice.choice((None, True, dice.random(), dice.choice(words), [dice.choice(words)] * 3)),
            "at": f"20{dice.randint(10, 26)}-0{dice.randint(1, 9)}-1{dice.randint(0, 9)}T0{dice.randint(0, 9)}:00:00Z",
        }
        for _ in range(length // 70 + 1)
    ]
    return json.dumps(rows, indent=dice.choice((None, 1, 2, 4)), ensure_ascii=dice.random() < 0.3)[:length]


def _mixed(dice: Random, length: int) -> str:
    return "".join(corpus(dice.randrange(2**32), length))[:length]


KINDS: tuple[Callable[[Random, int], str], ...] = (_prose, _code, _language, _script, _json, _mixed, _language)


def _excerpt(dice: Random, source: str, length: int) -> str:
    start = dice.randrange(max(1, len(source) - length))
    return source[start : start + length]


@cache
def languages() -> tuple[str, ...]:
    return tuple(path.read_text(encoding="utf-8") for path in sorted(CORPUS.rglob("*.txt")))


@cache
def sources() -> str:
    """Python's own library."""
    paths = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in paths)


@cache
def documents() -> str:
    """Descriptions and licences of the packages that are installed here, but for our own, which changes."""
    packages = Path(sysconfig.get_path("purelib"))
    paths = sorted([*packages.glob("*.dist-info/METADATA"), *packages.glob("*.dist-info/**/LICENSE*")])
    foreign = [path for path in paths if path.is_file() and OWN_PACKAGE not in str(path.relative_to(packages))]
    return "\n".join(path.read_text(encoding="utf-8", errors="replace") for path in foreign)
