"""The counting endpoints of the providers: the request, the field of the count, and the configured providers.

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
    """A provider did not count. `status` is that of its reply, or None without one. It contains no secret."""

    def __init__(self, provider: str, reason: str, status: int | None = None) -> None:
        super().__init__(provider, reason, status)
        self.provider = provider
        self.reason = reason
        self.status = status

    def __str__(self) -> str:
        return f"{self.provider} did not count: {self.reason}"


ANTHROPIC_VERSION: Final = "2023-06-01"


class ProviderRequest(NamedTuple):
    """A POST request; `path` is relative to the provider's base URL."""

    path: str
    headers: Mapping[str, str]
    body: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ProviderEndpoint:
    """How a provider counts. `request` takes key, model name and the text of one user message."""

    author: str
    prefix: str
    answer_field: str
    request: Callable[[str, str, str], ProviderRequest]


@dataclass(frozen=True, slots=True)
class CountingProvider:
    """A configured provider: its endpoint, URL and API key."""

    name: str
    endpoint: ProviderEndpoint
    url: str
    key: str = field(repr=False)

    def serves(self, model: Model) -> bool:
        """Return whether the provider may know a model, by the model's author and name."""
        return model.author == self.endpoint.author and model.name.startswith(self.endpoint.prefix)

    def request(self, model: str, text: str) -> ProviderRequest:
        """Return the request that counts this text as one user message."""
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
    """A client that asks providers."""

    async def tokens(self, provider: CountingProvider, model: str, text: str) -> int:
        """Return the provider's count of one user message. Raise ProviderFault."""


class MessageCounter:
    """Counts with one provider; the tokens around a message are requested once a model."""

    def __init__(self, provider: CountingProvider, client: Asking) -> None:
        self.provider = provider
        self._client = client
        self._frames: dict[str, int] = {}

    async def count(self, model: str, text: str) -> int:
        """Return the tokens of a text that is not empty. Raise ProviderFault."""
        if model not in self._frames:
            self._frames[model] = await self._client.tokens(self.provider, model, SHORTEST) - 1
        return max(0, await self._client.tokens(self.provider, model, text) - self._frames[model])


def enabled_providers(settings: Settings) -> tuple[CountingProvider, ...]:
    """Return the providers that requests may use: those named in `provider_counts`."""
    named = settings.provider_counts.split(",")
    return tuple(provider for provider in known_providers(settings) if provider.name in named)


def provider_of(settings: Settings, model: Model) -> CountingProvider | None:
    """Return the provider with a key that serves the model, whether requests may use it or not."""
    return next((provider for provider in known_providers(settings) if provider.serves(model)), None)


def known_providers(settings: Settings) -> tuple[CountingProvider, ...]:
    """Return the providers whose key is set."""
    keys = {
        "anthropic": (settings.anthropic_url, settings.anthropic_api_key),
        "google": (settings.google_url, settings.google_api_key),
        "openai": (settings.openai_url, settings.openai_api_key),
    }
    return tuple(
        CountingProvider(name, ENDPOINTS[name], url, key.get_secret_value()) for name, (url, key) in keys.items() if key
    )
