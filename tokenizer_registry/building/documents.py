"""tokenizer.json files as documents: brought into the form that is shipped, without losing a count."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

Document = dict[str, Any]
# What counting needs. Post-processing adds control tokens; decoding, padding and truncation are not for counting.
NEEDED = ("version", "normalizer", "pre_tokenizer")


def is_ordinary_text(token: Mapping[str, Any]) -> bool:
    """Whether an added token stands for text that people write: white space, or a single character.

    All others are markers: control tokens, and names such as <think> or <|im_start|>, flagged special or not.
    """
    return not token["special"] and (not token["content"].strip() or len(token["content"]) == 1)


def plain_document(document: Mapping[str, Any]) -> Document:
    """The document with all that counting plain text needs, and with no marker that could match in a text."""
    markers = {token["content"] for token in document["added_tokens"] if not is_ordinary_text(token)}
    return {
        **{key: document[key] for key in NEEDED if key in document},
        "added_tokens": [token for token in document["added_tokens"] if is_ordinary_text(token)],
        "model": _without_markers(document["model"], markers),
    }


def content_of_document(document: Mapping[str, Any]) -> bytes:
    """The document as a compact file, the same on every machine."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def with_runs_of_white_space(document: Mapping[str, Any]) -> Document:
    """GPT-2's tokenizer made CodeGen's and Phi's: 31 to 2 spaces and 9 to 2 tabs are tokens of their own."""
    runs = [*(" " * length for length in range(31, 1, -1)), *("\t" * length for length in range(9, 1, -1))]
    first = len(document["model"]["vocab"])
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": True, "special": False}
    added = [{"id": first + place, "content": run, **flags} for place, run in enumerate(runs)]
    return {**document, "added_tokens": [*document["added_tokens"], *added]}


def _without_markers(model: Mapping[str, Any], markers: set[str]) -> Document:
    match model["type"]:
        case "Unigram":
            # A Unigram matches every piece. No text holds a space when it comes to the pieces: ▁ has replaced it.
            pieces = [[f" {text}" if text in markers else text, score] for text, score in model["vocab"]]
            return {**model, "vocab": pieces}
        case "BPE":
            return {**model, "merges": [pair for pair in _pairs(model["merges"]) if "".join(pair) not in markers]}
        case _:
            return dict(model)


def _pairs(merges: Iterable[str | list[str]]) -> list[list[str]]:
    return [merge.split(" ") if isinstance(merge, str) else merge for merge in merges]
