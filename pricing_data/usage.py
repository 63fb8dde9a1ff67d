"""The input of pricing: the tokens and counted things of one call, and its terms."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from pricing_data.price import STANDARD

# No real call has more of anything; a larger count is an error.
MAX_TOKENS = 1_000_000_000


class Usage(NamedTuple):
    """Whole counts of one call, or of several (`requests`) at the same rates; sub-counts are subsets of the whole.

    Of the input: `cached_input_tokens` (read from a cache), `cache_write_tokens` (for the provider's standard time),
    `cache_write_1h_tokens`, audio, images and video. `cached_audio_tokens` and `cached_image_tokens` are in two of
    them; None is not known. Of the output: `reasoning_tokens`, audio and images. `seconds` may have a fraction.
    """

    input_tokens: int
    output_tokens: int = 0
    cached_input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    cached_audio_tokens: int | None = None
    input_image_tokens: int = 0
    cached_image_tokens: int | None = None
    input_video_tokens: int = 0
    reasoning_tokens: int = 0
    output_audio_tokens: int = 0
    output_image_tokens: int = 0
    requests: int = 1
    web_searches: int = 0
    file_searches: int = 0
    images: int = 0
    seconds: Decimal = Decimal()
    pages: int = 0

    def fault(self) -> str | None:
        """Return why this cannot be the usage of a call, with the wrong value; None if it is valid."""
        return (None if self._is_usual() else self._count_fault()) or self._subset_fault()

    def _is_usual(self) -> bool:
        """Fast path: return whether all counts are whole and within the bound of one call."""
        counts, unknown = _certain_counts(self), (self.cached_audio_tokens, self.cached_image_tokens)
        return (
            set(map(type, counts)) == {int}
            and min(counts) >= 0
            and max(counts) <= MAX_TOKENS
            and unknown == (None, None)
            and not self.seconds
        )

    def _count_fault(self) -> str | None:
        largest = MAX_TOKENS * max(1, self.requests) if type(self.requests) is int else MAX_TOKENS
        for name in WHOLE_COUNTS:
            value = getattr(self, name)
            if value is None and name in MAY_BE_UNKNOWN:
                continue
            if type(value) is not int or value < 0:
                return f"{name} must be a whole number, 0 or more, not {value!r}"
            if name != "requests" and value > largest:
                return f"{name} must be at most {largest:,}, not {value:,}"
        if not self.seconds.is_finite() or not 0 <= self.seconds <= largest:
            return f"seconds must be a number from 0 to {largest:,}, not {self.seconds}"
        return None

    def _subset_fault(self) -> str | None:
        read_and_written = self.cached_input_tokens + self.cache_write_tokens + self.cache_write_1h_tokens
        if read_and_written > self.input_tokens:
            return (
                f"{self.cached_input_tokens} cached and {self.cache_write_tokens + self.cache_write_1h_tokens} written "
                f"tokens are more than the {self.input_tokens} input tokens that they should be among"
            )
        if not any(_parts(self)):
            return None
        for whole, parts in SUBSETS:
            held = getattr(self, whole)
            found = {part: getattr(self, part) or 0 for part in parts}
            if sum(found.values()) > held:
                named = " and ".join(f"{part} {value}" for part, value in found.items() if value)
                return f"{named} are more than the {whole} {held} that they should be among"
        return None


MAY_BE_UNKNOWN = ("cached_audio_tokens", "cached_image_tokens")
WHOLE_COUNTS = tuple(name for name in Usage._fields if name != "seconds")
_certain_counts = attrgetter(*(name for name in WHOLE_COUNTS if name not in MAY_BE_UNKNOWN))
SUBSETS = (
    ("input_tokens", ("input_audio_tokens", "input_image_tokens", "input_video_tokens")),
    ("output_tokens", ("output_audio_tokens", "output_image_tokens")),
    ("output_tokens", ("reasoning_tokens",)),
    ("input_audio_tokens", ("cached_audio_tokens",)),
    ("input_image_tokens", ("cached_image_tokens",)),
    ("cached_input_tokens", ("cached_audio_tokens", "cached_image_tokens")),
)
_parts = attrgetter(*dict.fromkeys(part for _, parts in SUBSETS for part in parts))


@dataclass(frozen=True, slots=True)
class Terms:
    """When and how a call was made: `at` an aware instant, or on a date, which gets the rates of most of that day.

    `service` is one of `pricing_data.price.SERVICES`, `region` is where the provider keeps the data.
    """

    at: date
    service: str = STANDARD
    region: str | None = None
