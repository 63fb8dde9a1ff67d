"""Every setting of the service, and the only place that reads the environment.

A setting `max_body_bytes` is the variable `WEIGHBRIDGE_MAX_BODY_BYTES`. All faults of a
configuration are reported together, each with the name of its variable.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, ValidationInfo

from service.runtime import data_dir as data_folder
from weighbridge_base.suggestions import nearest

PREFIX = "WEIGHBRIDGE_"
REDIS_SCHEMES = ("redis", "rediss", "unix", "redis+cluster", "rediss+cluster")
PROVIDERS = ("anthropic", "google", "openai")


def _redis_url(url: SecretStr) -> SecretStr:
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
    """Whether it is a host, with a port or without."""
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False


def _database_url(url: SecretStr) -> SecretStr:
    if urlsplit(url.get_secret_value()).scheme not in ("sqlite", "postgresql", "postgres"):
        raise ValueError("must begin with sqlite:/// or postgresql://")
    return url


def _provider_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError("must begin with http:// or https://")
    return url.rstrip("/")


def _provider_key(key: SecretStr) -> SecretStr:
    if not re.fullmatch("[!-~]+", key.get_secret_value()):
        raise ValueError("must be printable ASCII without spaces")
    return key


def _provider_names(names: str, info: ValidationInfo) -> str:
    """Keys are declared before, so that they are known here unless they are at fault themselves."""
    for name in filter(None, names.split(",")):
        if name not in PROVIDERS:
            raise ValueError(f"{name!r} is not one of {', '.join(PROVIDERS)}")
        if f"{name}_api_key" in info.data and info.data[f"{name}_api_key"] is None:
            raise ValueError(f"{name} needs {PREFIX}{name.upper()}_API_KEY")
    return names


ProviderKey = Annotated[SecretStr, AfterValidator(_provider_key)]
ProviderUrl = Annotated[str, AfterValidator(_provider_url)]


def _origins(origins: str) -> str:
    for origin in filter(None, map(str.strip, origins.split(","))):
        parts = urlsplit(origin)
        if origin != "*" and (parts.scheme not in ("http", "https") or origin != f"{parts.scheme}://{parts.netloc}"):
            raise ValueError(f"{origin} is not an origin such as https://example.org")
    return origins


def _http_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must begin with http:// or https:// and name a host")
    if parts.username or parts.password:
        raise ValueError("must not hold a user name or password")
    return url


# What the gateway reads itself, or would change how many answers are paid for.
NOT_TO_FORWARD = frozenset(
    ("model", "messages", "stream", "stream_options", "max_tokens", "max_completion_tokens", "n", "best_of")
)


def _property_names(names: str) -> str:
    for name in filter(None, map(str.strip, names.split(","))):
        if not re.fullmatch(r"[A-Za-z_]\w{0,63}", name, re.ASCII) or name in NOT_TO_FORWARD:
            raise ValueError(f"{name!r} is not a property that can be forwarded as it is")
    return names


HeaderText = Annotated[str, Field(pattern=r"^[!-~]([ -~]*[!-~])?$", max_length=200)]


class Settings(BaseModel):
    """The whole configuration, validated and unchangeable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    workers: int = Field(1, ge=1, le=256, description="Worker processes.")
    data_dir: Path = Field(
        default_factory=data_folder.default,
        description="Folder of the embedded stores, the pepper, the demo key and added vocabularies; without it the "
        "user's data folder.",
    )
    redis_url: Annotated[SecretStr, AfterValidator(_redis_url)] | None = Field(
        None,
        description="Redis or Valkey that holds the counters, redis+cluster:// for a cluster; without it an embedded "
        "Valkey is started.",
    )
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = Field(
        None,
        description="SQLite or PostgreSQL that holds accounts and keys; without it SQLite in the data folder.",
    )
    pepper: SecretStr | None = Field(
        None, description="Base64 secret under which keys are hashed; without it a file in the data folder."
    )
    rate_limit_per_second: int = Field(10, ge=1, le=1_000_000, description="Calls an account may make in any second.")
    quota_per_month: int = Field(
        5_000, ge=1, le=10**12, description="Calls an account may make in a calendar month, UTC."
    )
    limits_without_redis: Literal["local", "open", "closed"] = Field(
        "local", description="What happens to limits while Redis is unreachable."
    )
    redis_timeout_seconds: float = Field(
        0.1, gt=0, le=60, description="Time for an answer of Redis; beyond it a call is limited without it."
    )
    max_body_bytes: int = Field(16_000_000, ge=1_000, le=1 << 30, description="Longest request body.")
    max_text_characters: int = Field(900_000, ge=1, le=10**9, description="Longest text, in characters.")
    max_expanded_bytes: int = Field(4_000_000, ge=1, le=10**9, description="Longest text after NFKC, in UTF-8 bytes.")
    max_encode_characters: int = Field(
        100_000, ge=1, le=10**7, description="Longest text whose tokens are listed one by one, in characters."
    )
    max_models: int = Field(1_000, ge=1, le=100_000, description="Most model names in one count.")
    max_bytes_in_flight: int = Field(
        64_000_000,
        ge=1_000,
        description="Bytes of bodies and large texts held at one time by one worker; beyond them 503.",
    )
    body_timeout_seconds: float = Field(15, gt=0, le=3600, description="Time to receive a request body.")
    engine: Literal["fast", "reference"] = Field(
        "fast", description="What counts: our own library where it is proven equal, or the owners' libraries."
    )
    preload_vocabularies: bool = Field(
        True, description="Load the vocabularies of all models at the start; otherwise each at its first use."
    )
    head_timeout_seconds: float = Field(15, gt=0, le=3600, description="Time to receive a request's head.")
    write_timeout_seconds: float = Field(
        30,
        gt=0,
        le=3600,
        description="Time in which a client has to read 32 kB of a reply, or what is left of it.",
    )
    keep_alive_seconds: float = Field(
        75, gt=0, le=86_400, description="Time for which a connection may be idle between two requests."
    )
    shutdown_timeout_seconds: int = Field(
        30, ge=1, le=3600, description="Time for open requests to finish on shutdown."
    )
    require_https: bool = Field(False, description="Refuse API calls that did not come over HTTPS.")
    trusted_proxies: str = Field(
        "", description="Addresses of proxies whose X-Forwarded headers are believed, with commas; * for any."
    )
    anthropic_api_key: ProviderKey | None = Field(None, description="Key for Anthropic's counting endpoint.")
    anthropic_url: ProviderUrl = Field("https://api.anthropic.com", description="Base of Anthropic's API.")
    google_api_key: ProviderKey | None = Field(None, description="Key for Google's counting endpoint.")
    google_url: ProviderUrl = Field("https://generativelanguage.googleapis.com", description="Base of Google's API.")
    openai_api_key: ProviderKey | None = Field(None, description="Key for OpenAI's counting endpoint.")
    openai_url: ProviderUrl = Field("https://api.openai.com", description="Base of OpenAI's API.")
    provider_counts: Annotated[str, AfterValidator(_provider_names)] = Field(
        "",
        description="Providers that count texts for which an estimate is asked, with commas; texts are sent to them.",
    )
    provider_timeout_seconds: float = Field(3, gt=0, le=30, description="Time that a call waits for providers.")
    price_overrides: Path | None = Field(None, description="File of cited prices that win over the price book's.")
    reference_hosts: str = Field(
        "", description="Hosts whose prices a refresh takes for open weights, in order, with commas."
    )
    prices_max_age_days: int = Field(
        30, ge=1, le=3650, description="Age of the price book, in days, from which on it is reported as old."
    )
    cors_origins: Annotated[str, AfterValidator(_origins)] = Field(
        "", description="Origins of web pages that may call the API, with commas; * for any."
    )
    upstream_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="OpenAI-compatible server, such as http://127.0.0.1:11434/v1; without it chat answers 502."
    )
    upstream_api_key: ProviderKey | None = Field(None, description="Key that the upstream is called with.")
    upstream_model: str | None = Field(
        None, min_length=1, description="Model that the upstream is asked for; without it the gateway's own name."
    )
    upstream_vocabulary: str | None = Field(
        None, description="Vocabulary that cuts the upstream model's text; without it that of the model's name."
    )
    upstream_usage: Literal["openai", "xai"] = Field(
        "openai",
        description="How the upstream counts reasoning: openai, in the output; xai, in the total alone.",
    )
    upstream_timeout_seconds: float = Field(
        60, gt=0, le=3600, description="Time for an answer, or between two pieces of a stream."
    )
    upstream_connections: int = Field(
        400, ge=1, le=100_000, description="Connections that one worker has to the upstream; calls beyond them wait."
    )
    upstream_token_limit_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="Property of the upstream request that limits the output tokens."
    )
    gateway_model: HeaderText = Field("cipher", description="Name of the gateway's model.")
    gateway_fingerprint: str = Field("atms-fp-1", description="system_fingerprint of the gateway's answers.")
    gateway_powered_by: HeaderText = Field("atomesus", description="X-Powered-By of the gateway's answers.")
    gateway_system_prompt: str | None = Field(
        None, description="System message put before every conversation; the caller pays for its tokens."
    )
    gateway_forward_properties: Annotated[str, AfterValidator(_property_names)] = Field(
        "",
        description="Further properties of a request that go upstream as they are, with commas, such as top_k,min_p; "
        "they must not change what an answer costs.",
    )
    gateway_forward_reasoning: bool = Field(
        False, description="Forward reasoning_content in answers that callers send back; DeepSeek and Kimi want it."
    )
    gateway_output_tokens: int = Field(
        4_096, ge=1, le=10**7, description="Most tokens that an answer may have if the call names no limit."
    )
    gateway_max_output_tokens: int = Field(
        16_384, ge=1, le=10**7, description="Most tokens that an answer may have, whatever the call asks for."
    )
    gateway_calls_at_once: int = Field(
        100, ge=1, le=10**6, description="Open calls, streams too, that a key may have at one time."
    )
    gateway_calls_per_second: int | None = Field(
        None, ge=1, le=10**6, description="Calls that a key may make in any second; without it there is no limit."
    )
    gateway_stream_seconds: float = Field(900, gt=0, le=86_400, description="Longest time of a stream.")
    gateway_drain_seconds: float = Field(
        4, ge=0, le=3600, description="Time for which a stream is read on after its caller has gone."
    )
    gateway_max_drains: int = Field(
        100, ge=0, le=10**6, description="Streams without a caller that one worker reads on at one time."
    )
    gateway_idempotency_hours: float = Field(
        24, gt=0, le=8_760, description="Time for which an Idempotency-Key is remembered, with its answer."
    )
    price_input_inr: int = Field(25, ge=0, le=10**9, description="Price of a million input tokens, in whole rupees.")
    price_output_inr: int = Field(100, ge=0, le=10**9, description="Price of a million output tokens, in whole rupees.")
    credit_welcome_inr: int = Field(
        25_000,
        ge=0,
        le=10**9,
        description="Credit that comes with an account's first key, in rupees; commands go by the service's.",
    )
    credit_warning_inr: Decimal = Field(
        Decimal(10), ge=0, le=10**9, decimal_places=6, description="Balance below which replies carry a warning."
    )
    credit_top_up_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="Page where credit is bought, named in 402 answers."
    )
    otlp_endpoint: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="OpenTelemetry collector, such as http://127.0.0.1:4318; without it no traces are made."
    )
    playground: bool = Field(True, description="Serve the playground at / to visitors who have no key.")
    playground_calls_per_second: int = Field(
        20, ge=1, le=10**6, description="Counts that a visitor of the playground may make in any second."
    )
    playground_calls_per_month: int = Field(
        20_000, ge=1, le=10**12, description="Counts that a visitor of the playground may make in a month, UTC."
    )
    playground_max_characters: int = Field(
        1_000_000, ge=1, le=10**9, description="Longest text of the playground, in characters."
    )
    default_model: str | None = Field(
        None, min_length=1, description="Model of `weighbridge count` and `estimate` where the command names none."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @property
    def allowed_origins(self) -> frozenset[str]:
        """The origins of `cors_origins`."""
        return frozenset(filter(None, map(str.strip, self.cors_origins.split(","))))

    @property
    def forwarded_properties(self) -> tuple[str, ...]:
        """The names of `gateway_forward_properties`."""
        return tuple(filter(None, map(str.strip, self.gateway_forward_properties.split(","))))


@dataclass(eq=False)
class SettingsError(Exception):
    """The configuration is wrong. `faults` has one sentence for each fault."""

    faults: tuple[str, ...]

    def __str__(self) -> str:
        return "The configuration is wrong:\n" + "\n".join(f"  {fault}" for fault in self.faults)


@dataclass(frozen=True)
class Configuration:
    """Settings, and where each value came from: `default`, `environment` or `command line`."""

    settings: Settings
    sources: Mapping[str, str]


def load(environ: Mapping[str, str] | None = None, options: Mapping[str, object] | None = None) -> Configuration:
    """Read the settings from `environ` (default: the process's); `options` that are not None win.

    Raises SettingsError with every fault.
    """
    variables = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in (os.environ if environ is None else environ).items()
        if name.startswith(PREFIX)
    }
    chosen = {name: value for name, value in (options or {}).items() if value is not None}
    sources = dict.fromkeys(Settings.model_fields, "default")
    sources |= dict.fromkeys(variables, "environment") | dict.fromkeys(chosen, "command line")
    try:
        return Configuration(Settings.model_validate({**variables, **chosen}), sources)
    except ValidationError as error:
        faults = tuple(_fault(str(fault["loc"][0]), fault["type"], fault["msg"], sources) for fault in error.errors())
        raise SettingsError(faults) from None


def shown(value: object) -> str:
    """A setting's value as it may be printed: secrets are masked."""
    if value is None:
        return "-"
    return "********" if isinstance(value, SecretStr) else str(value)


def _fault(name: str, kind: str, message: str, sources: Mapping[str, str]) -> str:
    shown_name = f"--{name.replace('_', '-')}" if sources.get(name) == "command line" else f"{PREFIX}{name.upper()}"
    if kind == "extra_forbidden":
        near = nearest(name, Settings.model_fields)
        return f"{shown_name}: no such setting." + (f" Did you mean {PREFIX}{near.upper()}?" if near else "")
    return f"{shown_name}: {message.removeprefix('Value error, ')}."
