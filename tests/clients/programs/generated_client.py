"""Calls of a client that openapi-python-client made; its package is in the folder that is named."""

import os
import sys

sys.path.insert(0, sys.argv[1])

from weighbridge_client import AuthenticatedClient
from weighbridge_client.api.gateway import create_chat_completion, list_calls, list_gateway_models
from weighbridge_client.api.operation import health
from weighbridge_client.api.tokens import count_tokens, list_authors, list_models, show_prices
from weighbridge_client.models import ChatMessage, ChatRequest, CountRequest

client = AuthenticatedClient(os.environ["GATEWAY_BASE_URL"], os.environ["GATEWAY_API_KEY"])
assert health.sync_detailed(client=client).status_code == 200
assert "OpenAI" in (list_authors.sync(client=client) or [])
assert [model.name for model in list_models.sync(client=client, name="gpt-4o")] == ["gpt-4o"]
(entry,) = count_tokens.sync(client=client, body=CountRequest(input_="Hello", type_="text", models=["gpt-4o"]))
assert entry.token_count == 1
assert show_prices.sync_detailed("gpt-4o", client=client).status_code == 200
assert list_gateway_models.sync_detailed(client=client).status_code == 200
chat = ChatRequest(model="cipher", messages=[ChatMessage(role="user", content="Hello")])
completion = create_chat_completion.sync(client=client, body=chat)
(call,) = list_calls.sync(client=client).data
assert (call.prompt_tokens, call.completion_tokens) == (
    completion.usage.prompt_tokens,
    completion.usage.completion_tokens,
)
print("right")
