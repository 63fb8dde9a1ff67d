"""Money of the gateway: whole micro-rupees (10**-6 INR), rounded only for display."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

MICRO_INR = 1_000_000
# No balance reaches this sum; a 64-bit integer of the database holds a thousand times as much.
MAX_MICRO_INR = 10**15


class Tokens(NamedTuple):
    """The numbers of input and output tokens of a call."""

    input: int
    output: int


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """Prices in micro-rupees a token, which are rupees a million tokens."""

    input_micro_inr: int
    output_micro_inr: int

    def cost(self, tokens: Tokens) -> int:
        """Return the exact cost in micro-rupees."""
        return tokens.input * self.input_micro_inr + tokens.output * self.output_micro_inr

    def largest_output(self, input_tokens: int, micro_inr: int) -> int | None:
        """Return how many output tokens the money suffices for after the input; None if output costs nothing."""
        left = micro_inr - input_tokens * self.input_micro_inr
        if left < 0:
            return 0
        return left // self.output_micro_inr if self.output_micro_inr else None

    def charge(self, reported: Tokens, bound: Tokens) -> tuple[Tokens, int]:
        """Return the tokens that may be charged, and their cost in micro-rupees."""
        tokens = self.within(reported, bound)
        return tokens, self.cost(tokens)

    def within(self, reported: Tokens, bound: Tokens) -> Tokens:
        """Return the tokens that may be charged: those reported, of each kind at most as many as the bound has.

        Each kind has its own bound: room that the input leaves is not spent on output beyond the caller's limit.
        """
        return Tokens(min(reported.input, bound.input), min(reported.output, bound.output))


def rupees(micro_inr: int) -> Decimal:
    """Return the exact amount in rupees."""
    return Decimal(micro_inr).scaleb(-6)


def shown(micro_inr: int, decimals: int) -> str:
    """Return rupees with that many decimals, rounded down, so that no balance is shown too large."""
    digits = str(abs(micro_inr) // 10 ** (6 - decimals)).zfill(decimals + 1)
    point = len(digits) - decimals
    sign = "-" if micro_inr < 0 else ""
    return f"{sign}{digits[:point]}.{digits[point:]}" if decimals else f"{sign}{digits}"


def shown_each(amounts: Iterable[tuple[int, int]]) -> list[str]:
    """Return each amount in rupees, with the decimals beside it."""
    return [shown(micro_inr, decimals) for micro_inr, decimals in amounts]


def shown_short(micro_inr: int) -> str:
    """Return the exact amount in rupees without trailing zeros."""
    amount = rupees(micro_inr)
    return f"{amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize():f}"


def parse_rupees(text: str) -> int:
    """Return a positive amount such as `25000` or `0.5` in micro-rupees. Raise ValueError with a sentence."""
    try:
        amount = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"{text!r} is not an amount in rupees.") from None
    if not amount.is_finite() or amount <= 0:
        raise ValueError(f"{text!r} is not a positive amount in rupees.")
    if amount > rupees(MAX_MICRO_INR):
        raise ValueError(f"{text!r} is more than {rupees(MAX_MICRO_INR):,f} rupees.")
    micro_inr = amount.scaleb(6)
    if micro_inr != micro_inr.to_integral_value():
        raise ValueError(f"{text!r} has more than six decimals; a millionth of a rupee is the smallest amount.")
    return int(micro_inr)
