"""The providers of the settings."""

from service.runtime.settings import Settings
from service.tokens.providers.endpoints import ENDPOINTS, CountingProvider
from tokenizer_registry import Model


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
