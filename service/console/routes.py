"""The composition of the console's API: its objects and its routes."""

from typing import Any

from starlette.routing import Route

from service.auth.passwords import LoginTurns, Passwords
from service.auth.policy import SessionPolicy
from service.auth.sessions import OpenSessions
from service.connections import Connections
from service.console.keys import ConsoleKeys
from service.console.login import Login, Logout
from service.http.context import InFlight
from service.http.endpoint import Operation, public, route
from service.http.request_limits import BodyReader
from service.runtime.clock import utc_now
from service.runtime.settings import Settings

MAX_BODY_BYTES = 10_000


def console_login(settings: Settings, connections: Connections, in_flight: InFlight) -> Login:
    """Return the login that the API and the pages share, so that both have one limit of password checks."""
    reader = BodyReader(min(MAX_BODY_BYTES, settings.max_body_bytes), settings.body_timeout_seconds, in_flight)
    attempts = connections.login_attempts
    return Login(reader, connections.users, Passwords(), connections.sessions, attempts, LoginTurns())


def console_routes(settings: Settings, connections: Connections, in_flight: InFlight, login: Login) -> list[Route]:
    """Return the routes of sessions and of an account's keys."""
    reader = BodyReader(min(MAX_BODY_BYTES, settings.max_body_bytes), settings.body_timeout_seconds, in_flight)
    users, sessions = connections.users, connections.sessions
    keys = ConsoleKeys(reader, connections.accounts, connections.account_keys, connections.revocations.publish, utc_now)
    policy = SessionPolicy(OpenSessions(sessions, users))
    operations: dict[str, dict[str, Operation[Any]]] = {
        "/api/console/session": {
            "POST": public(login.log_in),
            "DELETE": Operation(policy, Logout(policy.sessions).log_out),
        },
        "/api/gateway/keys": {
            "POST": Operation(policy, keys.create),
            "GET": Operation(policy, keys.list_page),
            "DELETE": Operation(policy, keys.revoke_named),
        },
        "/api/gateway/keys/{key_id}": {"DELETE": Operation(policy, keys.revoke)},
    }
    return [route(path, by_method, require_https=settings.require_https) for path, by_method in operations.items()]
