"""What providers answer, in their own usage objects and whole responses, read into counts and terms."""

from pricing_data.responses.faults import BadUsage, UnpricedProperty
from pricing_data.responses.read import Read, read_usage
from pricing_data.responses.whole import read_response

__all__ = ["BadUsage", "Read", "UnpricedProperty", "read_response", "read_usage"]
