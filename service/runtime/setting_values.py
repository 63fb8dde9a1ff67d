"""Types of settings: URLs, keys and lists of names, each with the check of its value.

A check raises ValueError with words that follow the setting's name, such as "must begin with http://".
"""

import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationInfo

PREFIX = "WEIGHBRIDGE_"
REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster")
DATABASE_SCHEMES = ("sqlite", "postgresql", "postgres")
PROVIDERS = ("anthropic", "google", "openai")
# Properties that the gateway reads itself, or that change how many answers are paid for.
NOT_TO_FORWARD = frozenset(
    ("model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "best_of")
)


def split_list(text: str) -> list[str]:
    """Return the words of a comma-separated list, without spaces around them and without empty words."""
    return list(filter(None, map(str.strip, text.split(","))))


def _check_redis_url(url: SecretStr) -> SecretStr:
    parts = urlsplit(url.get_secret_value())
    if parts.scheme not in REDIS_SCHEMES:
        raise ValueError("must begin with redis://, rediss://, unix://, redis+cluster:// or rediss+cluster://")
    if "+cluster" in parts.scheme:
        if not all(map(_is_address, parts.netloc.rpartition("@")[2].split(","))):
            raise ValueError("must name nodes as HOST:PORT, with commas, such as redis+cluster://a:6379,b:6379")
        if parts.path not in ("", "/", "/0"):
            raise ValueError("must not name a database: a cluster has only one")
    return url


def _is_address(text: str) -> bool:
    """Return whether the text is a host, with or without a port."""
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _check_database_url(url: SecretStr) -> SecretStr:
    if urlsplit(url.get_secret_value()).scheme not in DATABASE_SCHEMES:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return url


def _check_http_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    if parts.username or parts.password:
        raise ValueError("must not contain a user name or password")
    return url


def _check_provider_url(url: str) -> str:
    """Return the URL without a slash at its end."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("must begin with http:// or https://")
    return url.rstrip("/")


def _check_api_key(key: SecretStr) -> SecretStr:
    if not re.fullmatch("[!-~]+", key.get_secret_value()):
        raise ValueError("must be printable ASCII without spaces")
    return key


def _check_provider_names(names: str, info: ValidationInfo) -> str:
    """Every provider needs its key. Keys are declared first, so `info` has them unless they are invalid themselves."""
    for name in filter(None, names.split(",")):
        if name not in PROVIDERS:
            raise ValueError(f"{name!r} is not one of {', '.join(PROVIDERS)}")
        if f"{name}_api_key" in info.data and info.data[f"{name}_api_key"] is None:
            raise ValueError(f"{name} needs {PREFIX}{name.upper()}_API_KEY")
    return names


def _check_origins(origins: str) -> str:
    for origin in split_list(origins):
        parts = urlsplit(origin)
        if origin != "*" and (parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}"):
            raise ValueError(f"{origin} is not an origin such as https://example.org")
    return origins


def _check_property_names(names: str) -> str:
    for name in split_list(names):
        if not re.fullmatch(r"[A-Za-z_]\w{0,63}", name, re.ASCII) or name in NOT_TO_FORWARD:
            raise ValueError(f"{name!r} is not a property that can be forwarded unchanged")
    return names


RedisUrl = Annotated[SecretStr, AfterValidator(_check_redis_url)]
StoreUrl = Annotated[SecretStr, AfterValidator(_check_database_url)]
HttpUrl = Annotated[str, AfterValidator(_check_http_url)]
ProviderUrl = Annotated[str, AfterValidator(_check_provider_url)]
ApiKeySecret = Annotated[SecretStr, AfterValidator(_check_api_key)]
ProviderNames = Annotated[str, AfterValidator(_check_provider_names)]
Origins = Annotated[str, AfterValidator(_check_origins)]
ForwardedProperties = Annotated[str, AfterValidator(_check_property_names)]
HeaderText = Annotated[str, Field(pattern=r"^[!-~]([ -~]*[!-~])?$", max_length=200)]
