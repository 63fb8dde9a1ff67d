"""The cost of a call, as headers, as properties of a chunk and as a comment of a stream."""

from decimal import Decimal
from typing import NamedTuple

from service.billing.ledger import Balance, Closed
from service.billing.money import Tokens, rupees, shown
from service.http import json
from service.http.responses import Header

COST_DECIMALS = 6
BALANCE_DECIMALS = 4
WARNING_HEADER = b"x-credit-warning"


class BalanceSnapshot(NamedTuple):
    """An account's balance and a key's spending after an operation of the ledger.

    Below a posted balance of `warning_micro_inr` the caller is warned.
    """

    balance: Balance
    key_spent_micro_inr: int
    warning_micro_inr: int

    def headers(self) -> list[Header]:
        """Return the balance, the key's spending and, if the balance is low, the warning."""
        headers = [
            (b"x-credit-balance-inr", shown(self.balance.posted, BALANCE_DECIMALS).encode()),
            (b"x-credit-spent-inr", shown(self.key_spent_micro_inr, COST_DECIMALS).encode()),
        ]
        if self.is_low:
            headers.append((WARNING_HEADER, self.warning.encode()))
        return headers

    @property
    def is_low(self) -> bool:
        """Whether the posted balance is below the threshold, compared in micro-rupees."""
        return self.balance.posted < self.warning_micro_inr

    @property
    def warning(self) -> str:
        """The warning as an ASCII sentence, as header values require."""
        return f"Low balance: less than INR {_format_short(self.warning_micro_inr)} left."


class CallBill(NamedTuple):
    """What a captured call was charged. `estimated` is true if the tokens are not those that the upstream reported."""

    tokens: Tokens
    cost_micro_inr: int
    estimated: bool
    snapshot: BalanceSnapshot

    @classmethod
    def of(cls, closed: Closed, warning_micro_inr: int) -> "CallBill":
        """Return the bill for a hold that the ledger has closed."""
        call = closed.call
        snapshot = BalanceSnapshot(closed.balance, closed.key_spent, warning_micro_inr)
        return cls(call.tokens, call.cost, call.estimated, snapshot)

    def headers(self) -> list[Header]:
        """Return the headers of the balance, the cost and the tokens."""
        return [
            *self.snapshot.headers(),
            (b"x-request-cost-inr", shown(self.cost_micro_inr, COST_DECIMALS).encode()),
            (b"x-tokens-input", str(self.tokens.input).encode()),
            (b"x-tokens-output", str(self.tokens.output).encode()),
        ]

    def usage(self) -> dict[str, int]:
        """Return the charged tokens in OpenAI's `usage` format."""
        return {
            "prompt_tokens": self.tokens.input,
            "completion_tokens": self.tokens.output,
            "total_tokens": sum(self.tokens),
        }

    def properties(self) -> dict[str, json.Value]:
        """Return the object `billing` of a chunk. Amounts are decimal strings, as in the headers."""
        properties: dict[str, json.Value] = {
            "request_cost_inr": shown(self.cost_micro_inr, COST_DECIMALS),
            "credit_balance_inr": shown(self.snapshot.balance.posted, BALANCE_DECIMALS),
            "credit_spent_inr": shown(self.snapshot.key_spent_micro_inr, COST_DECIMALS),
            "tokens_input": self.tokens.input,
            "tokens_output": self.tokens.output,
            "estimated": self.estimated,
        }
        return properties | ({"credit_warning": self.snapshot.warning} if self.snapshot.is_low else {})

    def comment(self) -> bytes:
        """Return the headers without the warning as one comment line of a stream, which SSE clients ignore."""
        words = " ".join(
            f"{name.decode()}={value.decode()}" for name, value in self.headers() if b"warning" not in name
        )
        return f": {words}\n\n".encode()


def _format_short(micro_inr: int) -> str:
    """Return rupees without trailing zeros."""
    amount = rupees(micro_inr)
    return f"{amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize():f}"
