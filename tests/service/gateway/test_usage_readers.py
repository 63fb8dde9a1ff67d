"""The gateway's quick look at an upstream's usage and the reader of usages for costs count alike."""

import pytest

from service.gateway.dialects import parse_usage
from tests.pricing_data.responses.usage_examples import EXAMPLES, Example

CHATS = [
    example
    for example in EXAMPLES
    if example.shape == "openai-chat" and example.provider in {None, "xai", "deepseek", "groq", "moonshot", "z.ai"}
]
# Without a total the gateway has only what is written; reasoning is then not in it.
WITHOUT_TOTAL = "xAI without a total"


@pytest.mark.parametrize("example", CHATS, ids=lambda example: example.name)
def test_the_gateway_counts_input_and_output_as_costs_do(example: Example) -> None:
    """In both dialects, the counts are equal for any usage of chat completions."""
    found = parse_usage({"usage": example.usage}, "xai" if example.provider == "xai" else "openai")
    assert found.input == example.counts["input_tokens"]
    if example.name != WITHOUT_TOTAL:
        assert (found.output or 0) == example.counts["output_tokens"]
