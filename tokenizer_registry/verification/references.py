"""Counters that share nothing with the backends: what their counts are compared with."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import sentencepiece
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from tokenizer_registry.formats import byte_alphabet, parse_literals, parse_ranks
from tokenizer_registry.vocabulary_files import VocabularyFormat, VocabularySpec

BytePair = tuple[bytes, bytes]


def merges_of(ranks: Mapping[bytes, int]) -> list[BytePair]:
    """The pair that forms each token, in order of rank.

    While a text is merged, a stretch that ends up as one token has developed exactly as it would alone, for
    no merge crossed its ends. So each token has one pair that forms it: the last two parts of the token
    merged alone. A token that gets stuck in more parts is never formed by merging, and has none.
    """
    tokens = sorted((token for token in ranks if len(token) > 1), key=ranks.__getitem__)
    parts = (parts_before_last_merge(token, ranks) for token in tokens)
    return [(found[0], found[1]) for found in parts if len(found) == 2]


def parts_before_last_merge(token: bytes, ranks: Mapping[bytes, int]) -> list[bytes]:
    """The token merged alone, lowest rank first, until two parts are left or nothing merges."""
    parts = [token[at : at + 1] for at in range(len(token))]
    while len(parts) > 2:
        lowest, place = None, -1
        for at in range(len(parts) - 1):
            rank = ranks.get(parts[at] + parts[at + 1])
            if rank is not None and (lowest is None or rank < lowest):
                lowest, place = rank, at
        if lowest is None:
            break
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return parts


CountAll = Callable[[Sequence[str]], list[int]]


def reference_counter(spec: VocabularySpec, content: bytes) -> CountAll:
    """Counts tokens of many texts, for a vocabulary of this spec with this unpacked content."""
    match spec.format:
        case VocabularyFormat.TIKTOKEN:
            splits = spec.reference_splits or (spec.pattern or "",)
            return counter_of(rank_tokenizer(parse_ranks(content), splits, spec.normalizer))
        case VocabularyFormat.SENTENCEPIECE:
            return sentencepiece_counter(content)
        case VocabularyFormat.HUGGINGFACE:
            return counter_of(Tokenizer.from_str(content.decode("utf-8")))
        case VocabularyFormat.LONGEST_MATCH:
            return trie_counter(parse_literals(content))


def rank_tokenizer(ranks: Mapping[bytes, int], splits: Iterable[str], normalizer: str | None) -> Tokenizer:
    """The ranks as pairs in the `tokenizers` library: another merge algorithm, another regex engine."""
    letters = byte_alphabet()

    def written(token: bytes) -> str:
        return "".join(letters[byte] for byte in token)

    vocabulary = {written(token): rank for token, rank in ranks.items()}
    merges = [(written(left), written(right)) for left, right in merges_of(ranks)]
    # ignore_merges: a word that is a token as it stands is that token, as in tiktoken.
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, ignore_merges=True))
    if normalizer is not None:
        tokenizer.normalizer = {"NFC": normalizers.NFC, "NFKC": normalizers.NFKC}[normalizer]()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            *(pre_tokenizers.Split(Regex(split), "isolated") for split in splits),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    return tokenizer


def counter_of(tokenizer: Tokenizer) -> CountAll:
    """Counts with a tokenizer of the `tokenizers` library; special tokens are text."""
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.encode_special_tokens = True

    def count_all(texts: Sequence[str]) -> list[int]:
        encodings = tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding) for encoding in encodings]

    return count_all


def sentencepiece_counter(content: bytes) -> CountAll:
    """Counts with a bare processor of the `sentencepiece` library."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=content)
    return lambda texts: [len(processor.EncodeAsIds(text)) for text in texts]


def trie_counter(tokens: Iterable[bytes]) -> CountAll:
    """Counts with a trie of nested dictionaries, from which the longest token is taken each time."""
    root: dict[int, Any] = {}
    for token in tokens:
        node = root
        for byte in token:
            node = node.setdefault(byte, {})
        node[END] = True
    return lambda texts: [_count_in_trie(root, text.encode("utf-8")) for text in texts]


END: Final = -1


def _count_in_trie(root: Mapping[int, Any], text: bytes) -> int:
    count = at = 0
    while at < len(text):
        at = _longest_end(root, text, at)
        count += 1
    return count


def _longest_end(node: Mapping[int, Any], text: bytes, at: int) -> int:
    end = at
    for place in range(at, len(text)):
        if text[place] not in node:
            break
        node = node[text[place]]
        if END in node:
            end = place + 1
    return end
