"""All settings of the service: names, types, bounds, defaults and descriptions.

The setting `max_body_bytes` is the variable `WEIGHBRIDGE_MAX_BODY_BYTES`. A new setting needs a field here and a row
in docs/settings.md.
"""

from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from service.runtime import data_dir as data_folder
from service.runtime.setting_values import (
    ApiKeySecret,
    ForwardedProperties,
    HeaderText,
    HttpUrl,
    Origins,
    ProviderNames,
    ProviderUrl,
    RedisUrl,
    StoreUrl,
    split_list,
)


class Settings(BaseModel):
    """Every setting, validated and immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    workers: int = Field(1, ge=1, le=256, description="Worker processes.")
    data_dir: Path = Field(
        default_factory=data_folder.default,
        description="Folder of the embedded stores, the pepper, the demo key and added vocabularies (default: "
        "the user's data folder).",
    )
    redis_url: RedisUrl | None = Field(
        None,
        description="Redis or Valkey for the counters, redis+cluster:// for a cluster (default: an embedded Valkey).",
    )
    database_url: StoreUrl | None = Field(
        None, description="SQLite or PostgreSQL for accounts and keys (default: SQLite in the data folder)."
    )
    pepper: SecretStr | None = Field(
        None, description="Base64 secret that keys are hashed with (default: a file in the data folder)."
    )
    rate_limit_per_second: int = Field(10, ge=1, le=1_000_000, description="Calls per second that an account may make.")
    quota_per_month: int = Field(
        5_000, ge=1, le=10**12, description="Calls per calendar month (UTC) that an account may make."
    )
    limits_without_redis: Literal["local", "open", "closed"] = Field(
        "local", description="How calls are limited while Redis is unreachable."
    )
    redis_timeout_seconds: float = Field(
        0.1, gt=0, le=60, description="Seconds to wait for Redis before a call is limited without it."
    )
    max_body_bytes: int = Field(
        16_000_000, ge=1_000, le=1 << 30, description="Maximum size of a request body, in bytes."
    )
    max_text_characters: int = Field(4_000_000, ge=1, le=10**9, description="Maximum length of a text, in characters.")
    max_expanded_bytes: int = Field(
        16_000_000, ge=1, le=10**9, description="Maximum size of a text after NFKC normalization, in UTF-8 bytes."
    )
    max_encode_characters: int = Field(
        100_000, ge=1, le=10**7, description="Maximum length of a text whose tokens are listed, in characters."
    )
    max_models: int = Field(1_000, ge=1, le=100_000, description="Maximum number of models in one count.")
    max_bytes_in_flight: int = Field(
        256_000_000,
        ge=1_000,
        description="Bytes of request bodies and large texts that one worker holds at a time; above it calls get 503.",
    )
    body_timeout_seconds: float = Field(15, gt=0, le=3600, description="Seconds in which a request body must arrive.")
    engine: Literal["fast", "reference"] = Field(
        "fast",
        description="Counting engine: fast is our own library where it is proven equal, reference the owners' "
        "libraries.",
    )
    preload_vocabularies: bool = Field(
        True, description="Load the vocabularies of all models at start; otherwise each at its first use."
    )
    head_timeout_seconds: float = Field(
        15, gt=0, le=3600, description="Seconds in which the headers of a request must arrive."
    )
    write_timeout_seconds: float = Field(
        30, gt=0, le=3600, description="Seconds in which a client must read 32 kB of a reply, or the rest of it."
    )
    keep_alive_seconds: float = Field(
        75, gt=0, le=86_400, description="Seconds that a connection may be idle between two requests."
    )
    shutdown_timeout_seconds: int = Field(
        30, ge=1, le=3600, description="Seconds that open requests get to finish on shutdown."
    )
    require_https: bool = Field(False, description="Refuse API calls that did not arrive over HTTPS.")
    trusted_proxies: str = Field(
        "", description="Addresses of proxies whose X-Forwarded headers are trusted, comma-separated; * for any."
    )
    anthropic_api_key: ApiKeySecret | None = Field(None, description="API key for Anthropic's counting endpoint.")
    anthropic_url: ProviderUrl = Field("https://api.anthropic.com", description="Base URL of Anthropic's API.")
    google_api_key: ApiKeySecret | None = Field(None, description="API key for Google's counting endpoint.")
    google_url: ProviderUrl = Field(
        "https://generativelanguage.googleapis.com", description="Base URL of Google's API."
    )
    openai_api_key: ApiKeySecret | None = Field(None, description="API key for OpenAI's counting endpoint.")
    openai_url: ProviderUrl = Field("https://api.openai.com", description="Base URL of OpenAI's API.")
    provider_counts: ProviderNames = Field(
        "",
        description="Providers that count texts when a call asks for estimates, comma-separated; texts are sent "
        "to them.",
    )
    provider_timeout_seconds: float = Field(
        3, gt=0, le=30, description="Seconds that a call waits for a provider's count."
    )
    price_overrides: Path | None = Field(
        None, description="File of your own prices, which override those of the price book."
    )
    aliases: Path | None = Field(
        None, description='TOML file of your own names of models, such as "house-large" = "gpt-4o".'
    )
    reference_hosts: str = Field(
        "",
        description="Hosts whose prices a refresh uses for open-weight models, in order of preference, "
        "comma-separated.",
    )
    prices_max_age_days: int = Field(
        30, ge=1, le=3650, description="Age in days above which the price book is reported as old."
    )
    cors_origins: Origins = Field(
        "", description="Origins of web pages that may call the API, comma-separated; * for any."
    )
    upstream_url: HttpUrl | None = Field(
        None, description="OpenAI-compatible server, such as http://127.0.0.1:11434/v1; without it chat calls get 502."
    )
    upstream_api_key: ApiKeySecret | None = Field(None, description="API key sent to the upstream.")
    upstream_model: str | None = Field(
        None,
        min_length=1,
        description="Model requested from the upstream (default: the value of WEIGHBRIDGE_GATEWAY_MODEL).",
    )
    upstream_vocabulary: str | None = Field(
        None, description="Vocabulary that counts the upstream model's tokens (default: that of the model's name)."
    )
    upstream_usage: Literal["openai", "xai"] = Field(
        "openai",
        description="How the upstream reports reasoning tokens: openai, within the output tokens; xai, in the "
        "total only.",
    )
    upstream_timeout_seconds: float = Field(
        60, gt=0, le=3600, description="Seconds to wait for an answer, or between two chunks of a stream."
    )
    upstream_connections: int = Field(
        400, ge=1, le=100_000, description="Connections that one worker opens to the upstream; further calls wait."
    )
    upstream_token_limit_field: Literal["max_tokens", "max_completion_tokens"] = Field(
        "max_tokens", description="Property of the upstream request that limits the output tokens."
    )
    gateway_model: HeaderText = Field("cipher", description="Name of the gateway's model.")
    gateway_fingerprint: str = Field("atms-fp-1", description="Value of system_fingerprint in the gateway's answers.")
    gateway_powered_by: HeaderText = Field(
        "atomesus", description="Value of the X-Powered-By header of the gateway's answers."
    )
    gateway_system_prompt: str | None = Field(
        None, description="System message put before every conversation; callers pay for its tokens."
    )
    gateway_forward_properties: ForwardedProperties = Field(
        "",
        description="Further request properties that are forwarded unchanged, comma-separated, such as "
        "top_k,min_p; they must not change the cost of an answer.",
    )
    gateway_forward_reasoning: bool = Field(
        False, description="Forward reasoning_content in answers that callers send back; DeepSeek and Kimi need it."
    )
    gateway_output_tokens: int = Field(
        4_096, ge=1, le=10**7, description="Maximum output tokens of an answer if the call sets no limit."
    )
    gateway_max_output_tokens: int = Field(
        16_384, ge=1, le=10**7, description="Maximum output tokens of an answer, whatever limit the call sets."
    )
    gateway_calls_at_once: int = Field(
        100, ge=1, le=10**6, description="Requests, including streams, that a key may have in progress at a time."
    )
    gateway_calls_per_second: int | None = Field(
        None, ge=1, le=10**6, description="Calls per second that a key may make (default: no limit)."
    )
    gateway_stream_seconds: float = Field(900, gt=0, le=86_400, description="Maximum duration of a stream, in seconds.")
    gateway_drain_seconds: float = Field(
        4, ge=0, le=3600, description="Seconds that a stream is read on after its caller has disconnected."
    )
    gateway_max_drains: int = Field(
        100, ge=0, le=10**6, description="Streams of disconnected callers that one worker reads on at a time."
    )
    gateway_idempotency_hours: float = Field(
        24, gt=0, le=8_760, description="Hours that an Idempotency-Key and its answer are remembered."
    )
    price_input_inr: int = Field(25, ge=0, le=10**9, description="Price of a million input tokens, in whole rupees.")
    price_output_inr: int = Field(100, ge=0, le=10**9, description="Price of a million output tokens, in whole rupees.")
    credit_welcome_inr: int = Field(
        25_000,
        ge=0,
        le=10**9,
        description="Credit that an account receives with its first key, in rupees; commands use the running "
        "service's value.",
    )
    credit_warning_inr: Decimal = Field(
        Decimal(10),
        ge=0,
        le=10**9,
        decimal_places=6,
        description="Balance in rupees below which replies carry a warning.",
    )
    credit_top_up_url: HttpUrl | None = Field(
        None, description="Page where credit can be bought, named in 402 answers."
    )
    otlp_endpoint: HttpUrl | None = Field(
        None, description="OpenTelemetry collector, such as http://127.0.0.1:4318 (default: no traces)."
    )
    playground: bool = Field(True, description="Serve the playground at / to visitors without a key.")
    playground_calls_per_second: int = Field(
        20, ge=1, le=10**6, description="Counts per second that a visitor of the playground may make."
    )
    playground_calls_per_month: int = Field(
        20_000,
        ge=1,
        le=10**12,
        description="Counts per calendar month (UTC) that a visitor of the playground may make.",
    )
    playground_max_characters: int = Field(
        1_000_000, ge=1, le=10**9, description="Maximum length of a text in the playground, in characters."
    )
    default_model: str | None = Field(
        None, min_length=1, description="Model that `weighbridge count` and `estimate` use when the command names none."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Lowest level of messages that are logged."
    )

    @property
    def allowed_origins(self) -> frozenset[str]:
        """Return the origins of `cors_origins`."""
        return frozenset(split_list(self.cors_origins))

    @property
    def forwarded_properties(self) -> tuple[str, ...]:
        """Return the names of `gateway_forward_properties`."""
        return tuple(split_list(self.gateway_forward_properties))
