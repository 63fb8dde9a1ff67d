"""A call that is ready to be authorized and sent: the size of its prompt, and all that does not change any more.

A prompt has two sizes: the best count, and a bound. Where the rules of the upstream's model are known, both are those
of the whole request, with its frame, tools and images. Else the upstream wraps messages in a template that is not known
here: the count is that of the texts, and the bound has a generous allowance for the template. Input that an upstream
reports beyond the bound is not charged.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

from service.auth.accounts import Principal
from service.billing.charges import BillableCall
from service.billing.ledger import Claim
from service.billing.money import Tokens
from service.gateway.chat_sizes import ChatSize, ChatSizes
from service.gateway.request import ChatRequest
from service.http.context import RequestContext
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.responses import Header
from service.tokens.counting_pool import Caller, CountingPool
from tokenizer_registry import UncountableText

# Used for estimates if the upstream's vocabulary is not known.
DEFAULT_VOCABULARY = "o200k_base"
FRAME_TOKENS = 4  # of a template around each message, and once before the answer
MAX_FRAME_TOKENS = 16
MAX_PREAMBLE_TOKENS = 64  # of a template before the first message
MAX_TOOLS_PREAMBLE_TOKENS = 512  # of a template that explains the use of tools
BLOCK_CHARACTERS = 4_096
# The bound adds one token in 20, because texts that are joined may be tokenized differently from single texts.
TOKENS_PER_SLACK_TOKEN = 20


class PromptSize(NamedTuple):
    """Input tokens: `counted` is the best estimate, and `bound` the maximum, which is authorized."""

    counted: int
    bound: int


class PromptCounter:
    """Counts prompts and outputs.

    `vocabulary` is that of the upstream's model, and `sizes` counts its whole requests; None if it is not known.
    """

    def __init__(
        self,
        pool: CountingPool,
        vocabulary: str | None,
        system_prompt: str | None,
        sizes: ChatSizes | None = None,
    ) -> None:
        self.pool = pool
        self.sizes = sizes
        self.vocabulary = vocabulary
        self.system_texts = (system_prompt,) if system_prompt else ()

    async def size(self, request: ChatRequest, caller: Caller) -> PromptSize | Refusal:
        """Return the size of the prompt, or a refusal of a text that is too large or cannot be counted."""
        texts = (*self.system_texts, *request.texts)
        try:
            whole = await self._whole_size(request, texts, caller)
            if isinstance(whole, Refusal):
                return _name_messages(whole)
            if whole.counted is not None and whole.bound is not None:
                return PromptSize(whole.counted, whole.bound)
            size = await self._size_of_texts(request, texts, caller)
        except UncountableText as fault:
            return INVALID_REQUEST.saying(f"messages: {fault}")
        if isinstance(size, Refusal):
            return _name_messages(size)
        return size._replace(bound=max(size.bound, whole.bound or 0))

    async def _whole_size(self, request: ChatRequest, texts: tuple[str, ...], caller: Caller) -> ChatSize | Refusal:
        if self.sizes is None:
            return ChatSize(None, None)
        work = partial(self.sizes.size, request)
        return await self.pool.count_call(texts, work, caller, is_short=self.sizes.is_short_work)

    async def _size_of_texts(
        self, request: ChatRequest, texts: tuple[str, ...], caller: Caller
    ) -> PromptSize | Refusal:
        messages = len(request.messages) + len(self.system_texts)
        counted = await self.pool.count_texts(texts, self.vocabulary or DEFAULT_VOCABULARY, caller)
        if isinstance(counted, Refusal):
            return counted
        bound = counted if self.vocabulary else await self._upper_bound(texts, caller)
        if isinstance(bound, Refusal):
            return bound
        preamble = MAX_TOOLS_PREAMBLE_TOKENS if "tools" in request.options else 0
        return PromptSize(
            counted + FRAME_TOKENS * (messages + 1),
            bound + bound // TOKENS_PER_SLACK_TOKEN + MAX_FRAME_TOKENS * messages + MAX_PREAMBLE_TOKENS + preamble,
        )

    async def _upper_bound(self, texts: tuple[str, ...], caller: Caller) -> int | Refusal:
        """Return a number of tokens that no vocabulary exceeds: the bytes of the texts after NFKC."""
        if all(map(str.isascii, texts)):
            return sum(map(len, texts))
        return await self.pool.count_texts(texts, None, caller)

    async def count_output(self, texts: list[str], account_id: str) -> int:
        """Return the tokens of texts that the upstream wrote, for the charge of an account.

        Text of any size or content is counted, outside the limits for requests. Raise MemoryError.
        """
        valid = [piece.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for piece in texts]
        caller = Caller(account_id)
        try:
            return await self._count_admitted(valid, self.vocabulary or DEFAULT_VOCABULARY, caller)
        except UncountableText:
            return await self._count_admitted(valid, None, caller)
        except MemoryError:
            # Counting in blocks takes little memory, and adds at most one token for each block.
            return await self._count_admitted(list(_split_blocks(valid)), self.vocabulary or DEFAULT_VOCABULARY, caller)

    async def _count_admitted(self, texts: list[str], vocabulary: str | None, caller: Caller) -> int:
        counted = await self.pool.count_texts(texts, vocabulary, caller, admitted=True)
        return counted if isinstance(counted, int) else 0


class PreparedCall(NamedTuple):
    """A valid request with its size in tokens, what billing has to know of it, and the body for the upstream."""

    billable: BillableCall
    request: ChatRequest
    size: PromptSize
    upstream_body: Mapping[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class CallPreparer:
    """Prepares calls from valid requests. `new_id` returns an id that was never used before."""

    default_output_tokens: int
    max_output_tokens: int
    token_limit_field: str
    system_prompt: str | None
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def output_limit(self, request: ChatRequest) -> int:
        """Return the most tokens that one choice may have."""
        return min(request.max_tokens or self.default_output_tokens, self.max_output_tokens)

    def change_headers(self, request: ChatRequest) -> list[Header]:
        """Return headers that say in what the call differs from the request."""
        headers = []
        limit = self.output_limit(request)
        if request.max_tokens is not None and limit < request.max_tokens:
            headers.append((b"x-max-tokens-applied", b"%d" % limit))
        if request.dropped_messages:
            headers.append((b"x-system-messages-dropped", b"%d" % request.dropped_messages))
        return headers

    def prepare(
        self, request: ChatRequest, size: PromptSize, principal: Principal, context: RequestContext, claim: Claim | None
    ) -> PreparedCall:
        """Return the call. The same output limit is authorized and sent to the upstream."""
        limit = self.output_limit(request)
        choices = int(request.options.get("n", 1))
        billable = BillableCall(
            self.new_id(),
            context.trace_id,
            principal.account_id,
            principal.key_id,
            Tokens(size.bound, limit * choices),
            choices,
            request.stream,
            claim,
            context.span,
        )
        return PreparedCall(billable, request, size, self._upstream_body(request, limit), self.now())

    def _upstream_body(self, request: ChatRequest, limit: int) -> dict[str, Any]:
        system = [{"role": "system", "content": self.system_prompt}] if self.system_prompt else []
        body: dict[str, Any] = {
            "messages": [*system, *request.messages],
            **request.options,
            self.token_limit_field: limit,
        }
        if request.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body


def _split_blocks(texts: list[str]) -> Iterator[str]:
    for text in texts:
        yield from (text[at : at + BLOCK_CHARACTERS] for at in range(0, len(text), BLOCK_CHARACTERS))


def _name_messages(refusal: Refusal) -> Refusal:
    return refusal.saying(f"messages: {refusal.message}") if refusal.status == 413 else refusal
