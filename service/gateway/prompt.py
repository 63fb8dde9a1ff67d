"""How many tokens a prompt has: our count of it, and a bound that the upstream's own count stays under.

The upstream wraps messages in a frame that we do not see, so the bound adds to the count of the texts what
frames are known to need, generously. What an upstream reports beyond it is written off, not charged.
"""

from collections.abc import Iterator
from typing import NamedTuple

from service.gateway.request import ChatRequest
from service.http.errors import INVALID_REQUEST, Refusal
from service.tokens.counting_pool import Caller, CountingPool
from tokenizer_registry import UncountableText

# Counts for estimates, where the upstream's own vocabulary is not known.
USUAL_VOCABULARY = "o200k_base"
USUAL_FRAME_TOKENS = 4  # around each message, and once before the answer
MAX_FRAME_TOKENS = 16
MAX_PREAMBLE_TOKENS = 64  # what a template writes before the first message
MAX_TOOLS_PREAMBLE_TOKENS = 512  # and how it explains the use of tools
BLOCK_CHARACTERS = 4_096
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

    async def size(self, request: ChatRequest, caller: Caller) -> PromptSize | Refusal:
        """The size of a prompt, or why it is not known."""
        texts = (*self.system_texts, *request.texts)
        messages = len(request.messages) + len(self.system_texts)
        try:
            counted = await self.pool.count_texts(texts, self.vocabulary or USUAL_VOCABULARY, caller)
            if isinstance(counted, Refusal):
                return _of_messages(counted)
            most = counted if self.vocabulary else await self.pool.count_texts(texts, None, caller)
            if isinstance(most, Refusal):
                return _of_messages(most)
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"messages: {fault}")
        preamble = MAX_TOOLS_PREAMBLE_TOKENS if "tools" in request.options else 0
        return PromptSize(
            counted + USUAL_FRAME_TOKENS * (messages + 1),
            most + most // SLACK + MAX_FRAME_TOKENS * messages + MAX_PREAMBLE_TOKENS + preamble,
        )

    async def tokens(self, texts: list[str], account_id: str) -> int:
        """The tokens of texts that were written already, for the charge of an account: never refused, whatever is in
        them. Raises MemoryError."""
        whole = [piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for piece in texts]
        caller = Caller(account_id)
        try:
            return await self._written(whole, self.vocabulary or USUAL_VOCABULARY, caller)
        except UncountableText:
            return await self._written(whole, None, caller)
        except MemoryError:
            # In blocks it takes little memory, and up to one token more for each of them.
            return await self._written(list(_blocks(whole)), self.vocabulary or USUAL_VOCABULARY, caller)

    async def _written(self, texts: list[str], vocabulary: str | None, caller: Caller) -> int:
        counted = await self.pool.count_texts(texts, vocabulary, caller, admitted=True)
        return counted if isinstance(counted, int) else 0


def _blocks(texts: list[str]) -> Iterator[str]:
    for text in texts:
        yield from (text[at : at + BLOCK_CHARACTERS] for at in range(0, len(text), BLOCK_CHARACTERS))


def _of_messages(refusal: Refusal) -> Refusal:
    return refusal.saying(f"messages: {refusal.message}") if refusal.status == 413 else refusal
