"""Routes of the token API, and the objects behind them."""

import time
from collections.abc import Callable
from datetime import date

from starlette.routing import Route

from corpus_cost.model_names import ModelNames
from pricing_data import PriceBook
from service.auth.accounts import KeyScope, Principal
from service.auth.policy import (
    FindSecret,
    KeyPlace,
    TokenApiPolicy,
    bearer_tokens,
    in_header,
    in_query,
    provider_key,
    token_api_key,
)
from service.connections import Connections
from service.http.endpoint import Handler, Operation, route
from service.http.error_formats import (
    ANTHROPIC_PATH,
    COST_PATH,
    DETOKENIZE_PATH,
    GEMINI_FOLDERS,
    GEMINI_METHOD,
    RESPONSES_PATH,
    TOKENIZE_PATH,
    VERTEX_FOLDERS,
)
from service.http.request_limits import BodyReader
from service.limits import Allowance
from service.runtime.clock import utc_now
from service.runtime.settings import Settings
from service.tokens.cheapest import CheapestEndpoint
from service.tokens.cost import CostEndpoint
from service.tokens.count import CountEndpoint
from service.tokens.counting_pool import CountingPool
from service.tokens.cut import CutEndpoint
from service.tokens.decode import DecodeEndpoint
from service.tokens.encode import EncodeEndpoint
from service.tokens.fits import FitsEndpoint
from service.tokens.models import Catalogue
from service.tokens.prices import PriceHistories
from service.tokens.provider_calls import ProviderCalls
from service.tokens.providers.client import ProviderClient
from service.tokens.providers.counts import ProviderCounts
from service.tokens.providers.endpoints import enabled_providers
from service.tokens.requests import CountRequests
from service.tokens.vllm import VllmEndpoints
from tokenizer_registry import Registry


def token_routes(
    settings: Settings,
    connections: Connections,
    pool: CountingPool,
    client: ProviderClient,
    book: PriceBook,
    today: Callable[[], date],
) -> list[Route]:
    """Return all routes of the token API; `today` returns the date of the prices."""
    names = ModelNames(pool.registry, book)
    reader = BodyReader(settings.max_body_bytes, settings.body_timeout_seconds, pool.in_flight)
    requests = CountRequests(names, settings.max_models)
    providers = _provider_counts(settings, pool.registry, client)
    catalogue = Catalogue(pool.registry, book, today)
    counting = CountEndpoint(reader, requests, pool, providers, book, utc_now, connections.metrics.counted)
    cheapest = CheapestEndpoint(reader, pool, book, utc_now, connections.metrics.counted)
    handlers: dict[tuple[str, str], Handler[Principal]] = {
        ("GET", "/v1/tokens/models"): catalogue.list_models,
        ("GET", "/v1/tokens/authors"): catalogue.list_authors,
        ("POST", "/v1/tokens/count"): counting.count,
        ("POST", "/v1/tokens/cheapest"): cheapest.cheapest,
        ("POST", "/v1/tokens/fits"): FitsEndpoint(reader, requests, pool).fits,
        ("POST", "/v1/tokens/encode"): EncodeEndpoint(reader, pool, settings.max_encode_characters).encode,
        ("POST", "/v1/tokens/decode"): DecodeEndpoint(reader, pool).decode,
        ("POST", "/v1/tokens/truncate"): CutEndpoint(reader, pool).truncate,
        ("POST", "/v1/tokens/split"): CutEndpoint(reader, pool).split,
        ("GET", "/v1/tokens/prices/{name:path}"): PriceHistories(names, today).show,
        ("POST", COST_PATH): CostEndpoint(reader, pool, names, utc_now).cost,
    }
    policy = _policy(settings, connections)
    return [
        *(_route(settings, method, path, policy, handle) for (method, path), handle in handlers.items()),
        *_provider_routes(settings, connections, pool, reader),
    ]


def _provider_routes(
    settings: Settings, connections: Connections, pool: CountingPool, reader: BodyReader
) -> list[Route]:
    """Return the routes whose clients are made for another provider's API."""
    calls = ProviderCalls(reader, pool, connections.metrics.counted)
    vllm = VllmEndpoints(reader, pool)
    bearer: KeyPlace = bearer_tokens
    header = in_header(b"x-api-key")
    anthropic = provider_key((header, bearer), "x-api-key or Authorization: Bearer")
    openai = provider_key((bearer, header), "Authorization: Bearer")
    gemini = provider_key(
        (in_header(b"x-goog-api-key"), bearer, header, in_query("key")), "x-goog-api-key or the parameter key"
    )
    handlers: list[tuple[str, FindSecret, Handler[Principal]]] = [
        (ANTHROPIC_PATH, anthropic, calls.count_anthropic),
        (RESPONSES_PATH, openai, calls.count_openai),
        *((f"{folder}{{model:path}}{GEMINI_METHOD}", gemini, calls.count_gemini) for folder in GEMINI_FOLDERS),
        *((f"{folder}{{model:path}}{GEMINI_METHOD}", gemini, calls.count_vertex) for folder in VERTEX_FOLDERS),
        (TOKENIZE_PATH, openai, vllm.tokenize),
        (DETOKENIZE_PATH, openai, vllm.detokenize),
    ]
    return [
        _route(settings, "POST", path, _policy(settings, connections, find_key), handle)
        for path, find_key, handle in handlers
    ]


def _route(settings: Settings, method: str, path: str, policy: TokenApiPolicy, handle: Handler[Principal]) -> Route:
    return route(path, {method: Operation(policy, handle)}, require_https=settings.require_https)


def _policy(settings: Settings, connections: Connections, find_key: FindSecret = token_api_key) -> TokenApiPolicy:
    allowance = Allowance(settings.rate_limit_per_second, settings.quota_per_month)
    return TokenApiPolicy(
        connections.authenticator, connections.limiter, allowance, scope=KeyScope.TOKENS, find_key=find_key
    )


def _provider_counts(settings: Settings, registry: Registry, client: ProviderClient) -> ProviderCounts:
    return ProviderCounts(
        enabled_providers(settings),
        registry.models,
        client,
        timeout_seconds=settings.provider_timeout_seconds,
        clock=time.monotonic,
    )
