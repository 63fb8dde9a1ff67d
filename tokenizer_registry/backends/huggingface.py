"""tokenizer.json files, cut by `tokenizers`."""

from collections.abc import Sequence

from tokenizers import Encoding, Tokenizer

from tokenizer_registry.vocabulary import Token


class HuggingFaceEngine:
    """A tokenizer from its file's bytes, never changed after it is built.

    Special tokens count as text; other added tokens of the file are matched whole. The files that we build have only
    those of ordinary text: no marker is among them (docs/vocabularies.md has the rule).
    """

    __slots__ = ("_tokenizer",)

    def __init__(self, content: bytes) -> None:
        self._tokenizer = Tokenizer.from_buffer(content)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True

    def count(self, text: str) -> int:
        return len(self._encoding(text))

    def count_batch(self, texts: Sequence[str]) -> list[int]:
        encodings = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return list(map(len, encodings))

    def encode(self, text: str) -> list[int]:
        return self._encoding(text).ids

    def tokens(self, text: str) -> list[Token]:
        # The fast call leaves the places out.
        encoding = self._tokenizer.encode_batch([text], add_special_tokens=False)[0]
        return [Token(number, *place) for number, place in zip(encoding.ids, encoding.offsets, strict=True)]

    def _encoding(self, text: str) -> Encoding:
        # The batch call frees the GIL, the call for one text holds it.
        return self._tokenizer.encode_batch_fast([text], add_special_tokens=False)[0]
