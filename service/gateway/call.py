"""What plain and streamed calls have in common: a hold first, and always an outcome."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from service.billing.ledger import StoredAnswer
from service.gateway.bill import Bill, Purse
from service.gateway.charges import Till
from service.gateway.deadline import Deadline
from service.gateway.order import Order
from service.gateway.prompt import PromptCounter
from service.gateway.reported_usage import Dialect
from service.gateway.upstream import Upstream
from service.http.errors import INTERNAL, Refusal
from service.runtime.background import is_failure

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Means:
    """What every call works with. `at_point` hears how far a call is; tests end the process there."""

    upstream: Upstream
    till: Till
    counter: PromptCounter
    at_point: Callable[[str], None]
    dialect: Dialect = "openai"


class HeldCall(ABC, Generic[Answer]):
    """A call that runs by itself once it is started; `outcome` is what its caller waits for, and it always comes.

    `answer` is the whole answer, in the end, of a call that may be asked for it again.
    """

    def __init__(self, order: Order, means: Means) -> None:
        self.order = order
        self.means = means
        self.deadline = Deadline()
        self.bill: Bill | None = None
        self.answer: StoredAnswer | None = None
        self.outcome: asyncio.Future[Answer | Refusal] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """See RunningCall. Whatever breaks, the hold is closed and the caller hears of it."""
        try:
            held = await self.means.till.hold(self.order)
            if isinstance(held, Refusal):
                self.outcome.set_result(held)
                return
            self.means.at_point("held")
            await self._go_on(held)
        except BaseException as error:
            if not is_failure(error):
                raise  # the process ends: the hold is closed by the sweeper of another
            structlog.get_logger("gateway").error("call_broke", call=self.order.id, exc_info=error)
            await self._break_off()
        finally:
            if not self.outcome.done():
                self.outcome.set_result(INTERNAL)
            self._over()

    @abstractmethod
    async def _go_on(self, purse: Purse) -> None:
        """Ask the upstream, close the hold, and set the outcome; `purse` is the money after the hold."""

    @abstractmethod
    async def _break_off(self) -> None:
        """Close a hold that is still open: what the caller has is charged, and what it has not is free."""

    def _over(self) -> None:
        """Called when the call is over, however it ended."""
