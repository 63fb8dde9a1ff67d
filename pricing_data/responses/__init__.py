"""What providers answer, in their own usage objects and whole responses, read into counts and terms."""

from pricing_data.errors import BadUsage, UnpricedProperty
from pricing_data.responses.response import read_response
from pricing_data.responses.usage import ProviderUsage, read_usage

__all__ = ["BadUsage", "ProviderUsage", "UnpricedProperty", "read_response", "read_usage"]
