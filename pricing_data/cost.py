"""Exact decimal arithmetic of amounts, and their plain text form. Nothing else multiplies or adds amounts."""

from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

# Wide enough that no product is ever rounded.
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def cost(tokens: int, price_per_token_usd: Decimal) -> Decimal:
    """Return the exact price of `tokens` tokens, in USD.

    Raise ValueError for a negative count, or a price that is negative or not finite.
    """
    if tokens < 0:
        raise ValueError(f"a count of tokens cannot be negative: {tokens}")
    if not price_per_token_usd.is_finite() or price_per_token_usd < 0:
        raise ValueError(f"not a price: {price_per_token_usd}")
    return EXACT.multiply(Decimal(tokens), price_per_token_usd)


def multiply(one: int | Decimal, other: Decimal) -> Decimal:
    """Return the exact product of two numbers. Neither is checked."""
    return EXACT.multiply(Decimal(one), other)


def add(*amounts: Decimal) -> Decimal:
    """Return the exact sum of amounts, 0 without any."""
    total = Decimal()
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def subtract(one: Decimal, other: Decimal) -> Decimal:
    """Return the exact difference of two amounts."""
    return EXACT.subtract(one, other)


def rounded(amount: Decimal, decimals: int, way: str) -> Decimal:
    """Return an amount rounded to a number of decimals; `way` is a rounding mode of `decimal`."""
    return amount.quantize(Decimal(1).scaleb(-decimals), way, EXACT)


def plain(value: Decimal) -> str:
    """Return the value in plain decimals without trailing zeros: "0.0000002", "0"; never an exponent.

    Raise ValueError for infinity and NaN.
    """
    if not value.is_finite():
        raise ValueError(f"not a finite amount: {value}")
    if not value:
        return "0"
    digits = format(value, "f")
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
