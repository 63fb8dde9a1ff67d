"""Asks providers. Most services ask none: what speaks HTTP is imported where somebody does."""

from importlib import import_module
from typing import TYPE_CHECKING

from service.tokens.providers.endpoints import CountingProvider

if TYPE_CHECKING:
    from service.tokens.providers.http_client import HttpClient


class ProviderClient:
    """The door to the providers, which `open` opens; else the first question does."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self._client: HttpClient | None = None

    def open(self) -> "HttpClient":
        """Import the client and read the certificates: a tenth of a second in which a server had better not serve."""
        client = self._client
        if client is None:
            client = import_module("service.tokens.providers.http_client").HttpClient(self._timeout_seconds)
            self._client = client
        return client

    async def tokens(self, provider: CountingProvider, model: str, text: str) -> int:
        """The provider's number for one user message with this text. Raises ProviderFault."""
        return await self.open().tokens(provider, model, text)

    async def close(self) -> None:
        """Close all connections."""
        if self._client is not None:
            await self._client.close()
