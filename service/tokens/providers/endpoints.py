"""The three providers' counting endpoints: what is sent to each, and where the number stands in its answer.

Sources: the API references of Anthropic (`/v1/messages/count_tokens`), Google (`models/{model}:countTokens`) and OpenAI
(`/v1/responses/input_tokens`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol
from urllib.parse import quote

from service.runtime.settings import Settings
from tokenizer_registry import Model


class ProviderFault(Exception):
    """The provider did not count. `status` is that of its answer, None where there was none; no secret is in it."""

    def __init__(self, provider: str, reason: str, status: int | None = None) -> None:
        super().__init__(provider, reason, status)
        self.provider = provider
        self.reason = reason
        self.status = status

    def __str__(self) -> str:
        return f"{self.provider} did not count: {self.reason}"


ANTHROPIC_VERSION: Final = "2023-06-01"


class ProviderRequest(NamedTuple):
    """One POST; `path` follows the provider's base URL."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ProviderEndpoint:
    """One provider's way to count. `request` takes a key, a model's name and the text of one user message."""

    author: str
    prefix: str
    answer_field: str
    request: Callable[[str, str, str], ProviderRequest]


@dataclass(frozen=True, slots=True)
class CountingProvider:
    """An endpoint with its address and the key to it."""

    name: str
    endpoint: ProviderEndpoint
    url: str
    key: str = field(repr=False)

    def serves(self, model: Model) -> bool:
        """Whether it may know the model: its author's models, by their usual names."""
        return model.author == self.endpoint.author and model.name.startswith(self.endpoint.prefix)

    def request(self, model: str, text: str) -> ProviderRequest:
        """What is asked for this text as one user message."""
        return self.endpoint.request(self.key, model, text)


def _anthropic(key: str, model: str, text: str) -> ProviderRequest:
    headers = {"x-api-key": key, "anthropic-version": ANTHROPIC_VERSION}
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    return ProviderRequest("/v1/messages/count_tokens", headers, body)


def _google(key: str, model: str, text: str) -> ProviderRequest:
    body = {"contents": [{"role": "user", "parts": [{"text": text}]}]}
    return ProviderRequest(f"/v1beta/models/{quote(model, safe='')}:countTokens", {"x-goog-api-key": key}, body)


def _openai(key: str, model: str, text: str) -> ProviderRequest:
    return ProviderRequest(
        "/v1/responses/input_tokens", {"authorization": f"Bearer {key}"}, {"model": model, "input": text}
    )


ENDPOINTS: Final[Mapping[str, ProviderEndpoint]] = MappingProxyType(
    {
        "anthropic": ProviderEndpoint("Anthropic", "", "input_tokens", _anthropic),
        "google": ProviderEndpoint("Google", "gemini-", "totalTokens", _google),
        "openai": ProviderEndpoint("OpenAI", "", "input_tokens", _openai),
    }
)


# One token in every vocabulary: what the message has beyond that is its frame.
SHORTEST: Final = "a"


class Asking(Protocol):
    """What asks a provider."""

    async def tokens(self, provider: CountingProvider, model: str, text: str) -> int:
        """The provider's number for one user message. Raises ProviderFault."""


class MessageCounter:
    """Counts with one provider; each model's frame is asked for once."""

    def __init__(self, provider: CountingProvider, client: Asking) -> None:
        self.provider = provider
        self._client = client
        self._frames: dict[str, int] = {}

    async def count(self, model: str, text: str) -> int:
        """The tokens of the text, which must not be empty. Raises ProviderFault."""
        if model not in self._frames:
            self._frames[model] = await self._client.tokens(self.provider, model, SHORTEST) - 1
        return max(0, await self._client.tokens(self.provider, model, text) - self._frames[model])


def enabled_providers(settings: Settings) -> tuple[CountingProvider, ...]:
    """Those that calls may ask: named in `provider_counts`."""
    named = settings.provider_counts.split(",")
    return tuple(provider for provider in known_providers(settings) if provider.name in named)


def provider_of(settings: Settings, model: Model) -> CountingProvider | None:
    """The one that has a key and serves the model, whether calls may ask it or not."""
    return next((provider for provider in known_providers(settings) if provider.serves(model)), None)


def known_providers(settings: Settings) -> tuple[CountingProvider, ...]:
    """Those that have a key."""
    keys = {
        "anthropic": (settings.anthropic_url, settings.anthropic_api_key),
        "google": (settings.google_url, settings.google_api_key),
        "openai": (settings.openai_url, settings.openai_api_key),
    }
    return tuple(
        CountingProvider(name, ENDPOINTS[name], url, key.get_secret_value()) for name, (url, key) in keys.items() if key
    )
