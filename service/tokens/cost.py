"""`POST /v1/cost`: exact costs of usages that providers reported, or of plans."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from starlette.types import Receive, Scope

from corpus_cost.model_names import ModelNames
from pricing_data.plans import CallPlan, plan_costs, read_plan
from pricing_data.responses import BadUsage
from pricing_data.usage_pricing import PricedUsage, price_usage
from service.auth.accounts import Principal
from service.http import json
from service.http.context import hold_exactly
from service.http.errors import INVALID_REQUEST, OVERLOADED, Refusal
from service.http.request_limits import INLINE_BODY_BYTES, BodyReader
from service.http.responses import Reply
from service.tokens.cost_answers import CostAnswers, markup_properties, plan_answer
from service.tokens.counting_pool import Caller, CountingPool
from service.tokens.prices import version_header

MAX_USAGES = 10_000
# Longer lists are priced in a thread; pricing this many takes about 1 ms.
MAX_INLINE_USAGES = 20
# JSON values of a list of usages; a usage with its details has about 20.
MAX_VALUES = 400_000


class CostEndpoint:
    """Prices usages with the price book of `names`. `now` returns the time of usages without one."""

    def __init__(
        self,
        reader: BodyReader,
        pool: CountingPool,
        names: ModelNames,
        now: Callable[[], datetime],
    ) -> None:
        self.reader = reader
        self.pool = pool
        self.names = names
        self.book = names.book
        self.now = now
        self._version = version_header(self.book)
        self._answers = CostAnswers(self.book)

    async def cost(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        """Price the usages or plans of a request."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        caller = Caller(principal.account_id, receive)
        if len(body) <= INLINE_BODY_BYTES:
            request = parse(body)
        else:
            request = await self.pool.run(caller, partial(parse, body))
        if isinstance(request, Refusal):
            return request
        del body
        work = partial(self._priced, request, principal.account_id)
        is_long = is_of_plans(request) or (isinstance(request, list) and len(request) > MAX_INLINE_USAGES)
        written = await self.pool.run(caller, work) if is_long else work()
        if isinstance(written, Refusal):
            return written
        held = not is_long or hold_exactly(scope, self.pool.in_flight, len(written))
        return Reply(200, written, (self._version,)) if held else OVERLOADED

    def _priced(self, request: Any, account: str | None) -> bytes | Refusal:
        if is_of_plans(request):
            return priced_plans(request, self.names, self.now(), account)
        if isinstance(request, list):
            return f"[{','.join(self._all(request, account))}]".encode()
        try:
            found = price_usage(self.book, request, now=self.now(), resolve=self.names.resolver())
        except BadUsage as fault:
            return INVALID_REQUEST.saying(f"{fault}.")
        return self._written(found, account).encode()

    def _written(self, found: PricedUsage, account: str | None) -> str:
        """Return the JSON of one priced usage, with the mark-up of the account."""
        answer = self._answers.answer(found)
        markup = self.book.markup(account, found.terms.at) if self.book.markups and found.terms else None
        return answer if markup is None else f"{answer[:-1]},{markup_properties(markup, found.total)}}}"

    def _all(self, items: list[Any], account: str | None) -> Iterable[str]:
        """Return the JSON of each usage; one that is invalid has an error in its place."""
        now, resolve = self.now(), self.names.resolver()
        for item in items:
            try:
                yield self._written(price_usage(self.book, item, now=now, resolve=resolve), account)
            except BadUsage as fault:
                yield self._answers.refusal(fault)


def parse(body: bytes) -> Any:
    """Return an object, or a list of 1 to MAX_USAGES values, or a refusal."""
    try:
        request = json.decode_list(body, MAX_VALUES, MAX_USAGES)
    except json.TooManyItems:
        return INVALID_REQUEST.saying(f"Send at most {MAX_USAGES:,} usages in one list.")
    except json.NotJson as fault:
        return INVALID_REQUEST.saying(str(fault))
    if isinstance(request, dict) or (isinstance(request, list) and request):
        return request
    return INVALID_REQUEST.saying("The body must be an object with usage or response, or a list of such objects.")


MAX_PLANS = 100
# Models of all plans of a request together.
MAX_COSTS = 10_000
PLANS = "plans"


def is_of_plans(request: object) -> bool:
    """Return whether a request asks for plans."""
    return isinstance(request, dict) and PLANS in request


def priced_plans(request: Mapping[str, Any], names: ModelNames, now: datetime, account: str | None) -> bytes | Refusal:
    """Return the answer to a request with plans, or a refusal that names the plan and the property at fault."""
    try:
        plans = list(_plans(request, now, list(names.registry.models)))
    except BadUsage as fault:
        return INVALID_REQUEST.saying(f"{fault}.")
    if sum(len(plan.models) for plan in plans) > MAX_COSTS:
        return INVALID_REQUEST.saying(f"plans: send at most {MAX_COSTS:,} models in all plans together.")
    resolve, book = names.resolver(), names.book
    answers: list[json.Value] = [
        plan_answer(plan, plan_costs(book, plan, lambda name: resolve(name, None)), book.markup(account, plan.terms.at))
        for plan in plans
    ]
    return json.encode({PLANS: answers, "pricing_version": book.version})


def _plans(request: Mapping[str, Any], now: datetime, every_model: Sequence[str]) -> Iterator[CallPlan]:
    for name in request:
        if name != PLANS:
            raise BadUsage(name, "is not a property of a request with plans")
    plans = request[PLANS]
    if not isinstance(plans, list) or not 1 <= len(plans) <= MAX_PLANS:
        raise BadUsage(PLANS, f"must be a list of 1 to {MAX_PLANS} plans")
    for place, fields in enumerate(plans):
        try:
            yield read_plan(fields, now, every_model)
        except BadUsage as fault:
            raise BadUsage(f"plans[{place}].{fault.property}", fault.reason) from None
