"""The limits of texts that the service has by default."""

from service.http.context import InFlight
from service.runtime.settings import Settings
from service.tokens.counting_pool import CountingPool, TextLimits
from tokenizer_registry import Registry


def default_limits() -> TextLimits:
    """Return the limits of one text."""
    fields = Settings.model_fields
    return TextLimits(fields["max_text_characters"].default, fields["max_expanded_bytes"].default)


def default_pool(registry: Registry) -> CountingPool:
    """Return a pool of two threads with the limits of the service."""
    in_flight = InFlight(Settings.model_fields["max_bytes_in_flight"].default)
    return CountingPool(registry, default_limits(), in_flight, threads=2)
