"""The package's pieces as a SentencePiece model in which every piece costs the same."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from sentencepiece import sentencepiece_model_pb2

from tokenizer_registry.approximation.letters import CAPS, SECOND_HALF, SHIFT, UNCOVERED, WORD_BEGINS, WORD_ENDS

MARKS = {"⟨bow⟩": WORD_BEGINS, "⟨eow⟩": WORD_ENDS, "⟨shift⟩": SHIFT, "⟨caps⟩": CAPS}
_ATOM = re.compile("⟨(?:bow|eow|shift|caps)⟩|(?:⟨0x[0-9A-Fa-f]{2}⟩)+|.", re.DOTALL)
SCORE = -1.0


def model_of(tokens: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The model's file. `tokens` are the groups of the package's document."""
    beginnings = tokens["bytes_fallback"]
    pieces = {parsed(piece) for group, held in tokens.items() if group != "bytes_fallback" for piece in held}
    pieces |= {parsed(piece) + WORD_ENDS for piece in tokens["contractions"]}
    units = {piece for piece in pieces if len(piece) == 1}
    doubled = {character for piece in pieces for character in piece} - units
    _check(doubled, beginnings, units)
    spelled = {_spelled(piece, doubled) for piece in pieces} | doubled | {UNCOVERED, SECOND_HALF}
    return _model(sorted(spelled), sorted(beginnings))


def parsed(piece: str) -> str:
    """A piece in the package's notation as the text that it is."""
    return "".join(_text(match[0]) for match in _ATOM.finditer(piece))


def _text(atom: str) -> str:
    if atom in MARKS:
        return MARKS[atom]
    return bytes.fromhex(re.sub("⟨0x|⟩", "", atom)).decode() if atom.startswith("⟨0x") else atom


def _spelled(piece: str, doubled: Iterable[str]) -> str:
    for character in doubled:
        piece = piece.replace(character, character + SECOND_HALF)
    return piece


def _check(doubled: Iterable[str], beginnings: Iterable[str], units: Iterable[str]) -> None:
    """A character that lies within pieces and is none must cost two tokens: that is what its spelling means."""
    known = {bytes.fromhex(beginning) for beginning in beginnings} | {unit.encode() for unit in units}
    for character in doubled:
        encoded = character.encode()
        cuts = range(1, len(encoded))
        halves = ((encoded[:cut], encoded[cut:]) for cut in cuts)
        if not any(all(len(half) == 1 or half in known for half in pair) for pair in halves):
            raise ValueError(f"{character!r} costs more than two tokens")


def _model(pieces: Iterable[str], beginnings: Iterable[str]) -> bytes:
    formats: Any = sentencepiece_model_pb2  # made when it is imported, so that no types are known
    model = formats.ModelProto()
    kind = formats.ModelProto.SentencePiece
    model.trainer_spec.model_type = formats.TrainerSpec.UNIGRAM
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = False
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = False
    model.pieces.add(piece="<unk>", score=0, type=kind.UNKNOWN)
    for piece in pieces:
        model.pieces.add(piece=piece, score=SCORE, type=kind.NORMAL)
    for beginning in beginnings:
        model.pieces.add(piece=f"<0x{beginning.upper()}>", score=0, type=kind.CONTROL)
    model.trainer_spec.vocab_size = len(model.pieces)
    written: bytes = model.SerializeToString(deterministic=True)
    return written
