"""The workload to estimate: how texts are read from sources, and how they are sent to the models."""

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from pricing_data.price import STANDARD
from pricing_data.usage import Terms


class Output(NamedTuple):
    """The tokens that a model answers to each text: so many, and so many for each input token, and by a column.

    Shares are rounded to the nearest whole token of each text, halves up.
    """

    tokens: int = 0
    ratio: Fraction = Fraction(0)
    column: str | None = None

    def of(self, input_tokens: int, in_column: int) -> int:
        """The output tokens of one text."""
        top, bottom = self.ratio.as_integer_ratio()
        return self.tokens + in_column + (2 * input_tokens * top + bottom) // (2 * bottom)


class Workload(NamedTuple):
    """How the texts are sent. The cached share is of each text's tokens, rounded down."""

    day: date
    output: Output = Output()
    cached_share: Fraction = Fraction(0)
    batch: bool = False

    @property
    def terms(self) -> Terms:
        """Return when and how the calls are made, as the price book asks it."""
        return Terms(self.day, "batch" if self.batch else STANDARD)

    def cached(self, input_tokens: int) -> int:
        """The tokens of one text that are read from a cache."""
        top, bottom = self.cached_share.as_integer_ratio()
        return input_tokens * top // bottom


class ReadOptions(NamedTuple):
    """How texts are found in a source. A text over `max_text_bytes` of UTF-8 is refused."""

    text_column: str = "text"
    output_column: str | None = None
    encoding: str = "utf-8"
    max_text_bytes: int = 16 << 20
