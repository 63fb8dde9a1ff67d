"""What a call cost, in every form in which it is reported."""

from decimal import Decimal
from typing import NamedTuple

from service.billing.ledger import Balance, Closed
from service.billing.money import Tokens, rupees, shown
from service.http import json
from service.http.responses import Header

COST_DECIMALS = 6
BALANCE_DECIMALS = 4
WARNING = b"x-credit-warning"


class Purse(NamedTuple):
    """The money of whoever calls. `warning_micro_inr` is the balance below which they are warned."""

    balance: Balance
    key_spent: int
    warning_micro_inr: int

    def headers(self) -> list[Header]:
        """Balance, the key's spending, and a warning if the balance is low."""
        headers = [
            (b"x-credit-balance-inr", shown(self.balance.posted, BALANCE_DECIMALS).encode()),
            (b"x-credit-spent-inr", shown(self.key_spent, COST_DECIMALS).encode()),
        ]
        if self.is_low:
            headers.append((WARNING, self.warning.encode()))
        return headers

    @property
    def is_low(self) -> bool:
        """Whether the balance, exactly, is below the mark."""
        return self.balance.posted < self.warning_micro_inr

    @property
    def warning(self) -> str:
        """A sentence for a person, in ASCII for a header."""
        return f"Low balance: less than INR {_short(self.warning_micro_inr)} left."


class Bill(NamedTuple):
    """A settled call."""

    tokens: Tokens
    cost: int
    estimated: bool
    purse: Purse

    @classmethod
    def of(cls, closed: Closed, warning_micro_inr: int) -> "Bill":
        """From the ledger's own record."""
        call = closed.call
        return cls(call.tokens, call.cost, call.estimated, Purse(closed.balance, closed.key_spent, warning_micro_inr))

    def headers(self) -> list[Header]:
        """All billing headers."""
        return [
            *self.purse.headers(),
            (b"x-request-cost-inr", shown(self.cost, COST_DECIMALS).encode()),
            (b"x-tokens-input", str(self.tokens.input).encode()),
            (b"x-tokens-output", str(self.tokens.output).encode()),
        ]

    def usage(self) -> dict[str, int]:
        """The tokens that were charged, as OpenAI names them."""
        return {
            "prompt_tokens": self.tokens.input,
            "completion_tokens": self.tokens.output,
            "total_tokens": sum(self.tokens),
        }

    def properties(self) -> dict[str, json.Value]:
        """The object `billing` of a chunk. Amounts are strings, as in the headers: no float touches them."""
        properties: dict[str, json.Value] = {
            "request_cost_inr": shown(self.cost, COST_DECIMALS),
            "credit_balance_inr": shown(self.purse.balance.posted, BALANCE_DECIMALS),
            "credit_spent_inr": shown(self.purse.key_spent, COST_DECIMALS),
            "tokens_input": self.tokens.input,
            "tokens_output": self.tokens.output,
            "estimated": self.estimated,
        }
        return properties | ({"credit_warning": self.purse.warning} if self.purse.is_low else {})

    def comment(self) -> bytes:
        """The comment line of a stream: the headers, in one line that clients pass over."""
        words = " ".join(
            f"{name.decode()}={value.decode()}" for name, value in self.headers() if b"warning" not in name
        )
        return f": {words}\n\n".encode()


def _short(micro_inr: int) -> str:
    amount = rupees(micro_inr)
    return f"{amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize():f}"
