"""Client of the providers' APIs; the HTTP library is imported only if a provider is used."""

from importlib import import_module
from typing import TYPE_CHECKING

from service.tokens.providers.endpoints import CountingProvider

if TYPE_CHECKING:
    from service.tokens.providers.http_client import HttpClient


class ProviderClient:
    """Opens the HTTP client with `open`, or at the first request."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._client: HttpClient | None = None

    def open(self) -> "HttpClient":
        """Import the HTTP client and read certificates, which takes 0.1 s: call it before the service serves."""
        client = self._client
        if client is None:
            client = import_module("service.tokens.providers.http_client").HttpClient(self._timeout_seconds)
            self._client = client
        return client

    async def tokens(self, provider: CountingProvider, model: str, text: str) -> int:
        """Return the provider's count of one user message with this text. Raise ProviderFault."""
        return await self.open().tokens(provider, model, text)

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()
