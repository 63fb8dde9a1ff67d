"""What can go wrong with a provider.

ProviderFault(provider, reason, status)
"""


class ProviderFault(Exception):
    """The provider did not count. `status` is that of its answer, None where there was none; no secret is in it."""

    def __init__(self, provider: str, reason: str, status: int | None = None) -> None:
        super().__init__(provider, reason, status)
        self.provider = provider
        self.reason = reason
        self.status = status

    def __str__(self) -> str:
        return f"{self.provider} did not count: {self.reason}"
