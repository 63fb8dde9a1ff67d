"""The composition of the gateway: creates its objects from the settings, and lists its routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from secrets import token_hex

from starlette.routing import Route
from starlette.types import Receive, Scope

from service.auth.accounts import Principal
from service.auth.policy import GatewayPolicy, SessionPolicy, UsagePolicy
from service.auth.sessions import OpenSessions
from service.billing.charges import Billing, BillingTerms
from service.billing.idempotency import Idempotency
from service.billing.money import MICRO_INR, TokenPrices
from service.billing.sweeper import Sweeper
from service.connections import Connections
from service.gateway.call import CallContext, RunningCalls
from service.gateway.chat import ChatEndpoint, PublicModel
from service.gateway.chat_sizes import chat_sizes
from service.gateway.joining import RedisLeftCalls, RetryJoiner
from service.gateway.openrouter_models import FORMAT, openrouter_list
from service.gateway.prepared_call import CallPreparer, PromptCounter
from service.gateway.request import ChatRequests
from service.gateway.streaming import StreamTimeouts
from service.gateway.upstream import UpstreamModel
from service.gateway.usage_lookup import UsageLookup
from service.http import json
from service.http.endpoint import AuthPolicy, CallerT, Handler, Operation, route
from service.http.errors import INVALID_REQUEST, MODEL_NOT_FOUND, Refusal
from service.http.health import Health
from service.http.json import shorten
from service.http.request_limits import BodyReader
from service.http.responses import Reply
from service.http.validation import query_parameters
from service.observability.metrics import GatewayMeters
from service.runtime.background import in_background
from service.runtime.clock import utc_now
from service.runtime.settings import Settings
from service.tokens.counting_pool import CountingPool
from tokenizer_registry import Registry
from tokenizer_registry.facts import NO_FACTS, ModelFacts

CHECKPOINT_SECONDS = 2.0
SWEEP_SECONDS = 15.0
LEASE_MARGIN_SECONDS = 30.0
# Clients require `created` of a model, and the upstream does not report it: a constant, in seconds since 1970.
MODEL_CREATED = 1716900000


# Of the id of a call.
ID_BYTES = 16


class Gateway:
    """The gateway of one process."""

    def __init__(self, settings: Settings, connections: Connections, pool: CountingPool) -> None:
        self.settings = settings
        meters = connections.metrics.gateway
        self.on_failure = connections.metrics.task_failed
        self.upstream = _upstream(settings, meters)
        self.calls = RunningCalls(settings.gateway_max_drains)
        self.joiner = RetryJoiner(RedisLeftCalls(connections.redis), self.calls)
        self.sweeper = Sweeper(connections.ledger, SWEEP_SECONDS, meters)
        self.usage = UsageLookup(connections.statements)
        self.policy = GatewayPolicy(
            connections.authenticator, connections.limiter, calls_per_second=settings.gateway_calls_per_second
        )
        sessions = SessionPolicy(OpenSessions(connections.sessions, connections.users))
        self.usage_policy = UsagePolicy(self.policy, sessions)
        self.upstream_facts = _facts(settings, pool.registry)
        system = settings.gateway_system_prompt
        sizes = chat_sizes(pool.registry, _upstream_name(settings), settings.upstream_url or "", system)
        counter = PromptCounter(pool, _vocabulary(settings, pool.registry), system, sizes)
        self.chat = ChatEndpoint(
            reader=BodyReader(settings.max_body_bytes, settings.body_timeout_seconds, pool.in_flight),
            pool=pool,
            requests=ChatRequests(
                settings.gateway_model,
                settings.forwarded_properties,
                with_reasoning=settings.gateway_forward_reasoning,
            ),
            idempotency=Idempotency(connections.ledger, timedelta(hours=settings.gateway_idempotency_hours), utc_now),
            joiner=self.joiner,
            authenticator=connections.authenticator,
            preparer=_preparer(settings),
            model=PublicModel(settings.gateway_model, settings.gateway_fingerprint),
            context=CallContext(
                self.upstream,
                Billing(connections.ledger, _terms(settings), utc_now, meters),
                counter,
                settings.upstream_usage,
            ),
            calls=self.calls,
            timeouts=StreamTimeouts(
                CHECKPOINT_SECONDS, settings.gateway_stream_seconds, settings.gateway_drain_seconds
            ),
        )

    def routes(self) -> list[Route]:
        """Return all routes of the gateway."""
        return [
            self._route("POST", "/v1/chat/completions", self.policy, self.chat.complete),
            self._route("GET", "/v1/models", self.policy, self._list_models),
            self._route("GET", "/v1/models/{model:path}", self.policy, self._get_model),
            Route("/api/gateway/health", Health(), methods=["GET"]),
            self._route("GET", "/api/gateway/usage", self.usage_policy, self.usage.list_calls),
            self._route("GET", "/api/gateway/usage/{request_id}", self.usage_policy, self.usage.one_call),
        ]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Accept calls while the block runs, then end and settle all of them."""
        async with self.upstream.open():
            try:
                async with in_background("sweeper", self.sweeper.step, self.on_failure):
                    yield
            finally:
                await self.calls.close()
                await self.joiner.close()

    def _route(self, method: str, path: str, policy: AuthPolicy[CallerT], handle: Handler[CallerT]) -> Route:
        return route(path, {method: Operation(policy, handle)}, require_https=self.settings.require_https)

    def _model_properties(self) -> dict[str, json.Value]:
        name, owner = self.settings.gateway_model, self.settings.gateway_powered_by
        return {"id": name, "object": "model", "created": MODEL_CREATED, "owned_by": owner}

    async def _list_models(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        formats = {value for name, value in query_parameters(scope) if name == "format"}
        for other in formats - {FORMAT}:
            return INVALID_REQUEST.saying(f"format: must be {FORMAT}, or missing, not {shorten(other)}.")
        if not formats:
            return Reply(200, json.encode({"object": "list", "data": [self._model_properties()]}))
        return Reply(200, json.encode(openrouter_list(self.settings, self.upstream_facts, MODEL_CREATED)))

    async def _get_model(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        name = scope["path_params"]["model"]
        if name != self.settings.gateway_model:
            return MODEL_NOT_FOUND.saying(f"There is no model {shorten(name)}; GET /v1/models lists what there is.")
        return Reply(200, json.encode(self._model_properties()))


def _upstream(settings: Settings, meters: GatewayMeters) -> UpstreamModel:
    key = settings.upstream_api_key
    return UpstreamModel(
        settings.upstream_url,
        None if key is None else key.get_secret_value(),
        _upstream_name(settings),
        settings.gateway_model,
        settings.upstream_timeout_seconds,
        settings.upstream_connections,
        meters,
    )


def _upstream_name(settings: Settings) -> str:
    return settings.upstream_model or settings.gateway_model


def _facts(settings: Settings, registry: Registry) -> ModelFacts:
    """Return what is known of the upstream's model."""
    found = registry.names.find(_upstream_name(settings))
    return registry.facts[found.model] if found else NO_FACTS


def _vocabulary(settings: Settings, registry: Registry) -> str | None:
    """Load the vocabulary of the upstream's model and return its name, or None if no setting implies it."""
    found = registry.names.find(_upstream_name(settings))
    known = registry.models[found.model] if found else None
    implied = known.vocabulary if known and known.vocabulary in registry.vocabularies else None
    name = settings.upstream_vocabulary or implied
    if name is not None:
        registry.vocabulary(name)
    return name


def _preparer(settings: Settings) -> CallPreparer:
    return CallPreparer(
        default_output_tokens=settings.gateway_output_tokens,
        max_output_tokens=settings.gateway_max_output_tokens,
        token_limit_field=settings.upstream_token_limit_field,
        system_prompt=settings.gateway_system_prompt,
        now=utc_now,
        new_id=partial(token_hex, ID_BYTES),
    )


def _terms(settings: Settings) -> BillingTerms:
    return BillingTerms(
        tariff=TokenPrices(settings.price_input_inr, settings.price_output_inr),
        lease_seconds=settings.upstream_timeout_seconds + LEASE_MARGIN_SECONDS,
        max_open_calls=settings.gateway_calls_at_once,
        warning_micro_inr=int(settings.credit_warning_inr * MICRO_INR),
        top_up_url=settings.credit_top_up_url,
    )
