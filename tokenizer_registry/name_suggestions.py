"""The known name that was most likely meant by an unknown one; never one of another generation, size or modality."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Final, NamedTuple

from tokenizer_registry.name_index import spelling

# No published name is nearly as long without its path.
MAX_SUGGESTED_CHARACTERS: Final = 100
MAX_CORRECTED_WORDS: Final = 2
# Words up to this length may differ in one place, longer ones in two.
MAX_SHORT_WORD: Final = 5
MIN_CORRECTED_CHARACTERS: Final = 3
NUMBERS: Final = re.compile(r"\d+")
SIZE: Final = re.compile(r"\d+[bkmt]")
# Words that may be missing from a name, and those that it may have besides; a preview has another price.
OMITTED_WORDS: Final = frozenset({"instruct", "it", "latest", "preview"})
ADDED_WORDS: Final = frozenset({"latest"})
# Words that name another kind of model, though the catalogue may have none of it.
MODALITY_WORDS: Final = frozenset(
    {"audio", "embed", "embedding", "guard", "image", "live", "moderation", "ocr", "realtime", "rerank", "search"}
    | {"transcribe", "tts", "video", "vision"}
)


class KnownName(NamedTuple):
    """A name of a model, its words and their count."""

    model: str
    author: str | None
    name: str
    words: Counter[str]


class NameSuggestions:
    """Known names by the numbers in them: a suggestion has all numbers of the name, in their order."""

    def __init__(self, names: Iterable[tuple[str, str, str | None]]) -> None:
        """Take triples of name, model and author."""
        self._by_numbers: dict[tuple[str, ...], list[KnownName]] = defaultdict(list)
        self._words = set(MODALITY_WORDS)
        for name, model, author in names:
            spelt = spelling(name)
            words = Counter(spelt.split("-"))
            self._words.update(words)
            self._by_numbers[_numbers(spelt)].append(KnownName(model, author, spelt, words))

    def nearest(self, name: str, author: str | None) -> str | None:
        """Return the model that was most likely meant, None if there is none or more than one."""
        if len(name) > MAX_SUGGESTED_CHARACTERS:
            return None
        spelt = spelling(name)
        costs: dict[str, int] = {}
        for known in self._by_numbers.get(_numbers(spelt), ()):
            cost = self._cost(spelt, known) if author in (None, known.author) else None
            if cost is not None:
                costs[known.model] = min(cost, costs.get(known.model, cost))
        best = [model for model, cost in costs.items() if cost == min(costs.values())]
        return best[0] if len(best) == 1 else None

    def _cost(self, name: str, known: KnownName) -> int | None:
        """Return how many characters have to change, None if the name cannot mean the known one."""
        if name.replace("-", "") == known.name.replace("-", ""):
            return 0
        words = Counter(name.split("-"))
        ours, theirs = list((words - known.words).elements()), list((known.words - words).elements())
        if not ours and len(theirs) == 1 and theirs[0] in OMITTED_WORDS:
            return len(theirs[0])
        if not theirs and len(ours) == 1 and ours[0] in ADDED_WORDS:
            return len(ours[0])
        if len(ours) != len(theirs) or len(ours) > MAX_CORRECTED_WORDS:
            return None
        costs = [self._correction(*pair) for pair in zip(sorted(ours), sorted(theirs), strict=True)]
        return None if None in costs else sum(cost or 0 for cost in costs)

    def _correction(self, word: str, known: str) -> int | None:
        """Return how many characters of an unknown word differ from a known one, None if too many."""
        if word in self._words or SIZE.fullmatch(word) or NUMBERS.findall(word) != NUMBERS.findall(known):
            return None
        if len(word) < MIN_CORRECTED_CHARACTERS and word.isalpha():
            return None
        limit = 1 if len(word) <= MAX_SHORT_WORD else 2
        cost = edit_distance(word, known) if abs(len(word) - len(known)) <= limit else limit + 1
        return cost if cost <= limit else None


def edit_distance(first: str, second: str) -> int:
    """Return how many characters must be put in, left out, replaced or swapped with the next."""
    before: list[int] = []
    row = list(range(len(second) + 1))
    for place, character in enumerate(first, start=1):
        above, row, earlier = row, [place], before
        for column, other in enumerate(second, start=1):
            cost = min(above[column] + 1, row[-1] + 1, above[column - 1] + (character != other))
            if place > 1 and column > 1 and character == second[column - 2] and first[place - 2] == other:
                cost = min(cost, earlier[column - 2] + 1)
            row.append(cost)
        before = above
    return row[-1]


def _numbers(spelt: str) -> tuple[str, ...]:
    return tuple(NUMBERS.findall(spelt))
