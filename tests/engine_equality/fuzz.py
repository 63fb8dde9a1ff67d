"""Short strings put together from what tokenizers treat in ways of their own, from fixed seeds."""

import sys
from collections.abc import Callable, Iterator, Sequence
from random import Random

from tokenizer_registry.verification.corpus import read_material

MARKERS = (
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|eot_id|>", "<|begin_of_text|>", "<s>", "</s>", "<unk>", "<pad>",
    "[INST]", "[/INST]", "[CLS]", "[SEP]", "[MASK]", "[UNK]", "<mask>", "<bos>", "<eos>", "<start_of_turn>", "<EOT>",
    "<unused12>", "<h1>", "</h1>", "<0x0A>", "<think>", "<｜end▁of▁sentence｜>", "<fim_prefix>", "<|bom|>",
    "[control_8]", "[REFERENCE_DOC_4]", "<TOKENS_UNUSED_1>", "<code>", "<2mass>", "gMASK", "<|assistant|>",
    "##s", "▁", "▁▁",
)  # fmt: skip
SPACES = (
    " ", " ", " ", "  ", "   ", "    ", "\n", "\n\n", "\r\n", "\t", " \n ", "\u00a0", "\u3000", "\u2028",
    "\u0085", "\x1c",
)  # fmt: skip
ENDS = (
    ",", ".", "!", "?", ";", ":", ")", "]", "}", "'", '"', "'s", "'LL", "n't", "=", " = ", "|", "$", ">", "/", "_",
    "…", "。", "> </",
)  # fmt: skip
MARKS = (
    "\u0301", "\u0308", "\u093f", "\u05b0", "\u200d", "\ufe0f", "\u1100\u1161", "\u11a8", "ﬁ", "ﷺ", "½", "²", "Ⅷ",
    "İ", "ß",
)  # fmt: skip

Part = Callable[[Random], str]


def fuzzed_texts(seed: int, number: int, tokens: Sequence[str] = ()) -> Iterator[str]:
    """So many strings of 1 to 12 parts. `tokens` are a vocabulary's own, which are what its merges go wrong at."""
    dice = Random(seed)
    material = read_material()
    parts: list[Part] = [
        lambda dice: dice.choice(material.words),
        lambda dice: dice.choice(SPACES),
        lambda dice: dice.choice(SPACES),
        lambda dice: dice.choice(ENDS),
        lambda dice: dice.choice(MARKERS),
        lambda dice: dice.choice(MARKS),
        lambda dice: chr(dice.randint(0x20, 0x7E)),
        lambda dice: str(dice.randrange(10 ** dice.randint(1, 7))),
        lambda dice: chr(_code_point(dice)),
        lambda dice: dice.choice(material.emoji),
        lambda dice: dice.choice((" ", "a", "-", "中", "é")) * dice.randint(1, 40),
    ]
    if tokens:
        parts += [lambda dice: dice.choice(tokens)] * 6
    for _ in range(number):
        yield "".join(dice.choice(parts)(dice) for _ in range(dice.randint(1, 12)))


def _code_point(dice: Random) -> int:
    """Any but a surrogate, those of the first plane as often as all others."""
    point = dice.randint(0, 0xFFFF) if dice.random() < 0.5 else dice.randint(0, sys.maxunicode)
    return 0x3B1 if 0xD800 <= point <= 0xDFFF else point
