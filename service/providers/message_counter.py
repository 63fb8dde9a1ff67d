"""What a text adds to one user message, by its provider: the number for the message, less what stands around it."""

from typing import Final, Protocol

from service.providers.endpoints import Provider

# One token in every vocabulary: what the message has beyond that is its frame.
SHORTEST: Final = "a"


class Asking(Protocol):
    """What asks a provider."""

    async def tokens(self, provider: Provider, model: str, text: str) -> int:
        """The provider's number for one user message. Raises ProviderFault."""


class MessageCounter:
    """Counts with one provider; each model's frame is asked for once."""

    def __init__(self, provider: Provider, client: Asking) -> None:
        self.provider = provider
        self._client = client
        self._frames: dict[str, int] = {}

    async def count(self, model: str, text: str) -> int:
        """The tokens of the text, which must not be empty. Raises ProviderFault."""
        if model not in self._frames:
            self._frames[model] = await self._client.tokens(self.provider, model, SHORTEST) - 1
        return max(0, await self._client.tokens(self.provider, model, text) - self._frames[model])
