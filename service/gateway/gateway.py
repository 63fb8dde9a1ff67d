"""The composition of the gateway: every object of it is made here; its routes are on one screen."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.routing import Route
from starlette.types import Receive, Scope

from service.auth.accounts import Principal
from service.auth.endpoint import SessionGate
from service.auth.policy import GatewayGate, UsageGate, UsageReader
from service.auth.sessions import OpenSessions
from service.billing.idempotency import Idempotency
from service.billing.money import MICRO_INR, TokenPrices
from service.billing.sweeper import Sweeper
from service.connections import Connections
from service.gateway.call import Means
from service.gateway.calls import Calls
from service.gateway.charges import Terms, Till
from service.gateway.chat import ChatEndpoint, Names
from service.gateway.endpoint import GatewayEndpoint, Handler
from service.gateway.joining import Joining
from service.gateway.left_calls import RedisLeftCalls
from service.gateway.order import Orders
from service.gateway.prompt import PromptCounter
from service.gateway.request import ChatRequests
from service.gateway.streamed import Patience
from service.gateway.upstream import Upstream
from service.gateway.usage import Usage
from service.http import json
from service.http.errors import MODEL_NOT_FOUND, Refusal
from service.http.health import Health
from service.http.json import shorten
from service.http.request_limits import BodyReader
from service.http.responses import Reply
from service.observability.gateway_metrics import GatewayMeters
from service.observability.trace_ids import random_id
from service.runtime.background import in_background
from service.runtime.clock import utc_now
from service.runtime.settings import Settings
from service.tokens.counting_pool import CountingPool
from tokenizer_registry import Registry

CHECKPOINT_SECONDS = 2.0
SWEEP_SECONDS = 15.0
LEASE_MARGIN_SECONDS = 30.0
# What a client wants to know of a model and the upstream does not say: a date like any other.
CREATED = 1716900000


class Gateway:
    """One a process. `at_point` hears how far each call is."""

    def __init__(
        self,
        settings: Settings,
        connections: Connections,
        pool: CountingPool,
        at_point: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.settings = settings
        meters = connections.metrics.gateway
        self.on_failure = connections.metrics.task_failed
        self.upstream = _upstream(settings, meters)
        self.calls = Calls(settings.gateway_max_drains)
        self.joining = Joining(RedisLeftCalls(connections.redis), self.calls)
        self.sweeper = Sweeper(connections.ledger, SWEEP_SECONDS, meters)
        self.usage = Usage(connections.statements)
        self.gate = GatewayGate(
            connections.authenticator,
            connections.limiter,
            calls_per_second=settings.gateway_calls_per_second,
            require_https=settings.require_https,
        )
        self.usage_gate = UsageGate(self.gate, SessionGate(OpenSessions(connections.sessions, connections.users)))
        counter = PromptCounter(pool, _vocabulary(settings, pool.registry), settings.gateway_system_prompt)
        self.chat = ChatEndpoint(
            reader=BodyReader(settings.max_body_bytes, settings.body_timeout_seconds, pool.in_flight),
            pool=pool,
            requests=ChatRequests(
                settings.gateway_model,
                settings.forwarded_properties,
                with_reasoning=settings.gateway_forward_reasoning,
            ),
            idempotency=Idempotency(connections.ledger, timedelta(hours=settings.gateway_idempotency_hours), utc_now),
            joining=self.joining,
            authenticator=connections.authenticator,
            orders=_orders(settings),
            names=Names(settings.gateway_model, settings.gateway_fingerprint),
            means=Means(
                self.upstream,
                Till(connections.ledger, _terms(settings), utc_now, meters),
                counter,
                at_point,
                settings.upstream_usage,
            ),
            calls=self.calls,
            patience=Patience(CHECKPOINT_SECONDS, settings.gateway_stream_seconds, settings.gateway_drain_seconds),
        )

    def routes(self) -> list[Route]:
        """Every route of the gateway."""
        return [
            Route("/v1/chat/completions", self._endpoint(self.chat.complete), methods=["POST"]),
            Route("/v1/models", self._endpoint(self._models), methods=["GET"]),
            Route("/v1/models/{model:path}", self._endpoint(self._model), methods=["GET"]),
            Route("/api/gateway/health", Health(), methods=["GET"]),
            Route("/api/gateway/usage", self._look_up(self.usage.list_calls), methods=["GET"]),
            Route("/api/gateway/usage/{request_id}", self._look_up(self.usage.one_call), methods=["GET"]),
        ]

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """For the time of the block calls are taken; then all are ended and settled."""
        async with self.upstream.open():
            try:
                async with in_background("sweeper", self.sweeper.step, self.on_failure):
                    yield
            finally:
                await self.calls.close()
                await self.joining.close()

    def _endpoint(self, handle: Handler[Principal]) -> GatewayEndpoint[Principal]:
        return GatewayEndpoint(self.gate.admit, handle)

    def _look_up(self, handle: Handler[UsageReader]) -> GatewayEndpoint[UsageReader]:
        return GatewayEndpoint(self.usage_gate.admit, handle)

    def _described(self) -> dict[str, json.Value]:
        name, owner = self.settings.gateway_model, self.settings.gateway_powered_by
        return {"id": name, "object": "model", "created": CREATED, "owned_by": owner}

    async def _models(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        return Reply(200, json.encode({"object": "list", "data": [self._described()]}))

    async def _model(self, scope: Scope, receive: Receive, principal: Principal) -> Reply | Refusal:
        name = scope["path_params"]["model"]
        if name != self.settings.gateway_model:
            return MODEL_NOT_FOUND.saying(f"There is no model {shorten(name)}; GET /v1/models lists what there is.")
        return Reply(200, json.encode(self._described()))


def _upstream(settings: Settings, meters: GatewayMeters) -> Upstream:
    key = settings.upstream_api_key
    return Upstream(
        settings.upstream_url,
        None if key is None else key.get_secret_value(),
        _model(settings),
        settings.gateway_model,
        settings.upstream_timeout_seconds,
        settings.upstream_connections,
        meters,
    )


def _model(settings: Settings) -> str:
    return settings.upstream_model or settings.gateway_model


def _vocabulary(settings: Settings, registry: Registry) -> str | None:
    """The upstream model's vocabulary, loaded; None if no setting says which it is."""
    known = registry.models.get(_model(settings))
    implied = known.vocabulary if known and known.vocabulary in registry.vocabularies else None
    name = settings.upstream_vocabulary or implied
    if name is not None:
        registry.vocabulary(name)
    return name


def _orders(settings: Settings) -> Orders:
    return Orders(
        usual_output_tokens=settings.gateway_output_tokens,
        most_output_tokens=settings.gateway_max_output_tokens,
        token_limit_field=settings.upstream_token_limit_field,
        system_prompt=settings.gateway_system_prompt,
        now=utc_now,
        new_id=random_id,
    )


def _terms(settings: Settings) -> Terms:
    return Terms(
        tariff=TokenPrices(settings.price_input_inr, settings.price_output_inr),
        lease_seconds=settings.upstream_timeout_seconds + LEASE_MARGIN_SECONDS,
        calls_at_once=settings.gateway_calls_at_once,
        warning_micro_inr=int(settings.credit_warning_inr * MICRO_INR),
        top_up_url=settings.credit_top_up_url,
    )
