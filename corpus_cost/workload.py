"""The workload to estimate: how texts are read from sources, and how they are sent to the models."""

from datetime import date
from fractions import Fraction
from typing import NamedTuple

from pricing_data.price import STANDARD
from pricing_data.usage import Terms


class Output(NamedTuple):
    """The output tokens for each text: the sum of a fixed number, a ratio of the input tokens, and a column.

    The ratio is rounded to the nearest whole token of each text, halves up.
    """

    tokens: int = 0
    ratio: Fraction = Fraction(0)
    column: str | None = None

    def of(self, input_tokens: int, in_column: int) -> int:
        """Return the output tokens of one text."""
        top, bottom = self.ratio.as_integer_ratio()
        return self.tokens + in_column + (2 * input_tokens * top + bottom) // (2 * bottom)


class Workload(NamedTuple):
    """How the texts are sent to the models. `cached_share` applies to each text's tokens, rounded down."""

    day: date
    output: Output = Output()
    cached_share: Fraction = Fraction(0)
    batch: bool = False

    @property
    def terms(self) -> Terms:
        """Return the terms of the calls for the price book."""
        return Terms(self.day, "batch" if self.batch else STANDARD)

    def cached(self, input_tokens: int) -> int:
        """Return the tokens of one text that are read from a cache."""
        top, bottom = self.cached_share.as_integer_ratio()
        return input_tokens * top // bottom


class ReadOptions(NamedTuple):
    """How texts are read from a source. A text over `max_text_bytes` of UTF-8 is not counted, but listed as a fault.

    With `own_models`, there are only chats, and each is counted for the one of these models that its row names.
    """

    text_column: str = "text"
    output_column: str | None = None
    encoding: str = "utf-8"
    max_text_bytes: int = 16 << 20
    own_models: tuple[str, ...] | None = None
