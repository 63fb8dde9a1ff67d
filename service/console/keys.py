"""`/api/gateway/keys`: the API keys of a user's account, in the manner of OpenAI's API."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from starlette.types import Receive, Scope

from service import strict_json, wire
from service.accounts import ALL_SCOPES, AccountStore, ApiKey, NewKey, checked_text
from service.accounts import Scope as KeyScope
from service.body import BodyReader
from service.console.users import User
from service.errors import INVALID_REQUEST, KEY_NOT_FOUND, TOO_MANY_KEYS, Refusal
from service.identifiers import is_key_id
from service.reply import Reply
from service.strict_json import shorten

FIELDS = ("name", "scopes", "expires_at")
MOST_LIVE_KEYS = 100
LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class ConsoleKeys:
    """Creates, lists and revokes. `announce` tells all processes of a revocation, by the key's digest."""

    def __init__(
        self,
        reader: BodyReader,
        store: AccountStore,
        announce: Callable[[str], Awaitable[object]],
        now: Callable[[], datetime],
    ) -> None:
        self.reader = reader
        self.store = store
        self.announce = announce
        self.now = now
        self.log = structlog.get_logger()

    async def create(self, scope: Scope, receive: Receive, user: User) -> Reply | Refusal:
        """A new key, with its secret in `value`, which is never shown again."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        try:
            name, scopes, expires_at = self._wanted(body)
        except (strict_json.NotJson, ValueError) as fault:
            return INVALID_REQUEST.saying(str(fault))
        made = await self.make(user, name, scopes, expires_at)
        if isinstance(made, Refusal):
            return made
        return Reply(200, wire.encode({**_shown(made.key), "value": made.secret}))

    async def make(
        self, user: User, name: str, scopes: frozenset[KeyScope], expires_at: datetime | None
    ) -> NewKey | Refusal:
        """A new key of the user's account, unless it has as many as it may have."""
        live = [key for key in await self.store.list_keys(user.account_name) if key.refusal(self.now()) is None]
        if len(live) >= MOST_LIVE_KEYS:
            return TOO_MANY_KEYS
        account = await self.store.get_or_create_account(user.account_name)
        made = await self.store.create_key(account, name, scopes, expires_at)
        self.log.info("key_created", key=made.key.id, user=user.id, account=account.id)
        return made

    async def list_all(self, scope: Scope, receive: Receive, user: User) -> Reply | Refusal:
        """All keys of the account, the newest last; none of them with its secret."""
        found: list[wire.Value] = [_shown(key) for key in await self.store.list_keys(user.account_name)]
        return Reply(200, wire.encode({"object": "list", "data": found, "has_more": False}))

    async def revoke(self, scope: Scope, receive: Receive, user: User) -> Reply | Refusal:
        """Revoke for good; to do it again is no error. A key of somebody else is not found."""
        key = await self.find(scope["path_params"]["key_id"], user)
        if isinstance(key, Refusal):
            return key
        await self.end(key, user)
        return Reply(200, wire.encode({"id": key.id, "object": "api_key.deleted", "deleted": True}))

    async def find(self, key_id: str, user: User) -> ApiKey | Refusal:
        """A key of the user's account."""
        found = await self.store.find_keys(key_id) if is_key_id(key_id) else []
        if not found or found[0].account.id != user.account_id:
            return KEY_NOT_FOUND
        return found[0]

    async def end(self, key: ApiKey, user: User) -> None:
        """Revoke a key, everywhere."""
        revoked = await self.store.revoke_key(key.id)
        if revoked is not None:
            await self.announce(revoked.digest)
        self.log.info("key_revoked", key=key.id, user=user.id, account=user.account_id)

    def _wanted(self, body: bytes) -> tuple[str, frozenset[KeyScope], datetime | None]:
        """Raises NotJson, or ValueError with a sentence that names the property."""
        fields = strict_json.parse(body)
        if not isinstance(fields, dict):
            raise ValueError("The body must be a JSON object.")
        for name in fields:
            if name not in FIELDS:
                raise ValueError(f"{shorten(name)} is not a property of this request; it has {', '.join(FIELDS)}.")
        return _name(fields), _scopes(fields), self._expiry(fields)

    def _expiry(self, fields: Mapping[str, Any]) -> datetime | None:
        seconds = fields.get("expires_at")
        if seconds is None:
            return None
        if type(seconds) is not int or not self.now().timestamp() < seconds < LATEST:
            raise ValueError("expires_at: must be a time to come, in whole seconds since 1970, or null.")
        return datetime.fromtimestamp(seconds, UTC)


def _name(fields: Mapping[str, Any]) -> str:
    name = fields.get("name", "")
    if not isinstance(name, str):
        raise ValueError(f"name: must be a string, not {shorten(name)}.")
    try:
        return checked_text(name, "name")
    except ValueError as fault:
        raise ValueError(f"name: {fault}") from None


def _scopes(fields: Mapping[str, Any]) -> frozenset[KeyScope]:
    names = fields.get("scopes", sorted(ALL_SCOPES))
    if not isinstance(names, list) or not names or not all(name in list(KeyScope) for name in names):
        raise ValueError(f"scopes: must be a list of some of {', '.join(sorted(ALL_SCOPES))}.")
    return frozenset(KeyScope(name) for name in names)


def _shown(key: ApiKey) -> dict[str, wire.Value]:
    """All that may be shown of a key. Times are seconds since 1970."""
    return {
        "object": "api_key",
        "id": key.id,
        "name": key.label,
        "redacted_value": key.shown,
        "scopes": [*sorted(key.scopes)],
        "created_at": int(key.created_at.timestamp()),
        "expires_at": _seconds(key.expires_at),
        "last_used_at": _seconds(key.last_used_at),
        "revoked_at": _seconds(key.revoked_at),
    }


def _seconds(at: datetime | None) -> int | None:
    return None if at is None else int(at.timestamp())
