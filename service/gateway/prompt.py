"""How many tokens a prompt has: our count of it, and a bound that the upstream's own count stays under.

The upstream wraps messages in a frame that we do not see, so the bound adds to the count of the texts what
frames are known to need, generously. What an upstream reports beyond it is written off, not charged.
"""

from typing import NamedTuple

from service.counting import CountingPool
from service.errors import INVALID_REQUEST, Refusal
from service.gateway.request import ChatRequest
from tokenizer_registry import UncountableText

# Counts for estimates, where the upstream's own vocabulary is not known.
USUAL_VOCABULARY = "o200k_base"
USUAL_FRAME_TOKENS = 4  # around each message, and once before the answer
MOST_FRAME_TOKENS = 16
MOST_PREAMBLE_TOKENS = 64  # what a template writes before the first message
MOST_TOOLS_PREAMBLE_TOKENS = 512  # and how it explains the use of tools
SLACK = 20  # one token in so many: texts that are cut together may have other borders than texts cut alone


class PromptSize(NamedTuple):
    """Input tokens: `counted` is the best estimate, `bound` what is held."""

    counted: int
    bound: int


class PromptCounter:
    """Sizes prompts. `vocabulary` is the upstream model's, or None if it is not known."""

    def __init__(self, pool: CountingPool, vocabulary: str | None, system_prompt: str | None) -> None:
        self.pool = pool
        self.vocabulary = vocabulary
        self.system_texts = (system_prompt,) if system_prompt else ()

    async def size(self, request: ChatRequest) -> PromptSize | Refusal:
        """The size of a prompt, or why it cannot be told."""
        texts = (*self.system_texts, *request.texts)
        messages = len(request.messages) + len(self.system_texts)
        try:
            counted = await self.pool.count_texts(texts, self.vocabulary or USUAL_VOCABULARY)
            if isinstance(counted, Refusal):
                return _of_messages(counted)
            most = counted if self.vocabulary else await self.pool.count_texts(texts, None)
            if isinstance(most, Refusal):
                return _of_messages(most)
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"messages: {fault}")
        preamble = MOST_TOOLS_PREAMBLE_TOKENS if "tools" in request.options else 0
        return PromptSize(
            counted + USUAL_FRAME_TOKENS * (messages + 1),
            most + most // SLACK + MOST_FRAME_TOKENS * messages + MOST_PREAMBLE_TOKENS + preamble,
        )

    async def tokens(self, texts: list[str]) -> int:
        """The tokens of texts that were written already: never refused, whatever is in them."""
        whole = [piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for piece in texts]
        try:
            counted = await self.pool.count_texts(whole, self.vocabulary or USUAL_VOCABULARY, admitted=True)
        except UncountableText:
            counted = await self.pool.count_texts(whole, None, admitted=True)
        return counted if isinstance(counted, int) else 0


def _of_messages(refusal: Refusal) -> Refusal:
    return refusal.saying(f"messages: {refusal.message}") if refusal.status == 413 else refusal
