"""HTTP requests to providers: one request for one number, within a time limit."""

import json
from typing import Final

import httpx2

from service.tokens.providers.endpoints import CountingProvider, ProviderFault

MAX_ANSWER_BYTES: Final = 65_536
MAX_CONNECTIONS: Final = 16
# Twice the longest context of any model; larger numbers are errors.
MAX_TOKENS: Final = 20_000_000


class HttpClient:
    """Asks providers without redirects, retries, proxies or other settings of the environment."""

    def __init__(self, timeout_seconds: float) -> None:
        self._client = httpx2.AsyncClient(
            timeout=timeout_seconds,
            limits=httpx2.Limits(max_connections=MAX_CONNECTIONS),
            follow_redirects=False,
            trust_env=False,
        )

    async def tokens(self, provider: CountingProvider, model: str, text: str) -> int:
        """Return the provider's count of one user message with this text, including what it adds to a message.

        Raise ProviderFault for any reply that is not a number.
        """
        asked = provider.request(model, text)
        try:
            async with self._client.stream(
                "POST", provider.url + asked.path, headers=asked.headers, json=asked.body
            ) as answer:
                if answer.status_code != 200:
                    raise ProviderFault(provider.name, f"HTTP {answer.status_code}", answer.status_code)
                content = bytearray()
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise ProviderFault(provider.name, "the answer is too long")
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, ValueError) as error:
            raise ProviderFault(provider.name, type(error).__name__) from None
        return _number(provider, bytes(content))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.aclose()


def _number(provider: CountingProvider, content: bytes) -> int:
    try:
        answer = json.loads(content)
    except (ValueError, RecursionError):
        raise ProviderFault(provider.name, "the answer is not JSON") from None
    number = answer.get(provider.endpoint.answer_field) if isinstance(answer, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= MAX_TOKENS:
        raise ProviderFault(provider.name, f"the answer has no {provider.endpoint.answer_field}")
    return number
