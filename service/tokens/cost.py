"""`POST /v1/cost`: what providers answered, one usage or a list of them, to exact costs."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any

from starlette.types import Receive, Scope

from pricing_data import PriceBook
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import PricedUsage, price_usage
from service import strict_json
from service.body import INLINE_BODY_BYTES, BodyReader
from service.caller import Caller
from service.counting import CountingPool
from service.errors import INVALID_REQUEST, OVERLOADED, Refusal
from service.prices.cost_answer import CostAnswers
from service.prices.markup_answer import markup_properties
from service.reply import Reply
from service.senders import hold_exactly
from service.tokens.names import resolver
from service.tokens.plans import is_of_plans, priced_plans
from service.tokens.prices import version_header
from service.trace import trace_of

MAX_USAGES = 10_000
# Longer lists are priced in a thread; so many take about a millisecond.
MAX_INLINE_USAGES = 20
# Of a list whose items are decoded one by one. A usage with its details has about twenty.
MAX_VALUES = 400_000


class CostEndpoint:
    """Prices usages with one book. `now` is the instant of those that do not have one."""

    def __init__(
        self,
        reader: BodyReader,
        pool: CountingPool,
        models: Mapping[str, object],
        book: PriceBook,
        now: Callable[[], datetime],
    ) -> None:
        self.reader = reader
        self.pool = pool
        self.models = models
        self.book = book
        self.now = now
        self._version = version_header(book)
        self._answers = CostAnswers(book)

    async def cost(self, scope: Scope, receive: Receive) -> Reply | Refusal:
        """Answer one call."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        caller = Caller(trace_of(scope).account_id or "", receive)
        if len(body) <= INLINE_BODY_BYTES:
            request = parse(body)
        else:
            request = await self.pool.run(caller, partial(parse, body))
        if isinstance(request, Refusal):
            return request
        del body
        work = partial(self._priced, request, trace_of(scope).account_id)
        is_long = is_of_plans(request) or (isinstance(request, list) and len(request) > MAX_INLINE_USAGES)
        written = await self.pool.run(caller, work) if is_long else work()
        if isinstance(written, Refusal):
            return written
        held = not is_long or hold_exactly(scope, self.pool.in_flight, len(written))
        return Reply(200, written, (self._version,)) if held else OVERLOADED

    def _priced(self, request: Any, account: str | None) -> bytes | Refusal:
        if is_of_plans(request):
            return priced_plans(request, self.book, self.models, self.now(), account)
        if isinstance(request, list):
            return f"[{','.join(self._all(request, account))}]".encode()
        try:
            found = price_usage(self.book, request, now=self.now(), resolve=resolver(self.models, self.book))
        except BadUsage as fault:
            return INVALID_REQUEST.saying(f"{fault}.")
        return self._written(found, account).encode()

    def _written(self, found: PricedUsage, account: str | None) -> str:
        """Return the answer to one usage, with what the account pays besides."""
        answer = self._answers.answer(found)
        markup = self.book.markup(account, found.terms.at) if self.book.markups and found.terms else None
        return answer if markup is None else f"{answer[:-1]},{markup_properties(markup, found.total)}}}"

    def _all(self, items: list[Any], account: str | None) -> Iterable[str]:
        """Return the answer to each of several usages; one that cannot be read has its error and fails no other."""
        now, resolve = self.now(), resolver(self.models, self.book)
        for item in items:
            try:
                yield self._written(price_usage(self.book, item, now=now, resolve=resolve), account)
            except BadUsage as fault:
                yield self._answers.refusal(fault)


def parse(body: bytes) -> Any:
    """Return an object or a list of 1 to MAX_USAGES values, or a refusal."""
    try:
        request = strict_json.parse_list(body, MAX_VALUES, MAX_USAGES)
    except strict_json.TooManyItems:
        return INVALID_REQUEST.saying(f"Send at most {MAX_USAGES:,} usages in one list.")
    except strict_json.NotJson as fault:
        return INVALID_REQUEST.saying(str(fault))
    if isinstance(request, dict) or (isinstance(request, list) and request):
        return request
    return INVALID_REQUEST.saying("The body must be an object with usage or response, or a list of such objects.")
