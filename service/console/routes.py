"""The composition of the console's API: its objects and its routes."""

from starlette.routing import Route

from service.auth.endpoint import ConsoleEndpoint, SessionGate
from service.auth.passwords import LoginTurns, Passwords
from service.auth.sessions import OpenSessions
from service.connections import Connections
from service.console.keys import ConsoleKeys
from service.console.login import Login, Logout
from service.http.in_flight import InFlight
from service.http.request_limits import BodyReader
from service.http.routing import Handler
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
    gate = SessionGate(OpenSessions(sessions, users))
    guarding = gate.guarding
    handlers: dict[str, dict[str, Handler]] = {
        "/api/console/session": {"POST": login.log_in, "DELETE": Logout(gate).log_out},
        "/api/gateway/keys": {
            "POST": guarding(keys.create),
            "GET": guarding(keys.list_page),
            "DELETE": guarding(keys.revoke_named),
        },
        "/api/gateway/keys/{key_id}": {"DELETE": guarding(keys.revoke)},
    }
    return [
        Route(path, ConsoleEndpoint(by_method, require_https=settings.require_https), methods=[*by_method])
        for path, by_method in handlers.items()
    ]
