"""`/api/gateway/keys`: the API keys of a user's account, in the format of OpenAI's API."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog
from starlette.types import Receive, Scope

from service.auth.accounts import (
    ALL_SCOPES,
    AccountKeys,
    AccountStore,
    ApiKey,
    KeyScope,
    NewKey,
    TooManyLive,
    TooManyNew,
    WantedKey,
    checked_text,
)
from service.auth.sessions import OpenSession
from service.auth.users import User
from service.http import json
from service.http.errors import INVALID_REQUEST, KEY_NOT_FOUND, TOO_MANY_KEYS, TOO_MANY_NEW_KEYS, Refusal
from service.http.json import shorten
from service.http.request_limits import BodyReader, named_headers
from service.http.responses import Reply
from service.http.validation import (
    InvalidRequest,
    check_names,
    is_key_id,
    page_size,
    query_parameters,
    read_body,
    typed,
)

FIELDS = ("name", "scopes", "expires_at")
MAX_PAGE_KEYS = 100
NO_KEY_NAMED = INVALID_REQUEST.saying("Name one key: its id in the path, as ?id=, or in the body as id.")
ONLY_ID = 'The body must be an object with the id of a key, such as {"id": "key_..."}.'
LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()


class ConsoleKeys:
    """Creates, lists and revokes keys. `announce` publishes a revocation to all processes, by the key's digest."""

    def __init__(
        self,
        reader: BodyReader,
        store: AccountStore,
        account_keys: AccountKeys,
        announce: Callable[[str], Awaitable[object]],
        now: Callable[[], datetime],
    ) -> None:
        self.reader = reader
        self.store = store
        self.account_keys = account_keys
        self.announce = announce
        self.now = now
        self.log = structlog.get_logger()

    async def create(self, scope: Scope, receive: Receive, caller: OpenSession) -> Reply | Refusal:
        """Create a key. The reply has its secret in `value`, which is never shown again."""
        body = await self.reader.read(scope, receive)
        if isinstance(body, Refusal):
            return body
        wanted = read_body(body, self._parse_key, "The body must be a JSON object.")
        if isinstance(wanted, Refusal):
            return wanted
        made = await self.make(caller.user, wanted)
        if isinstance(made, Refusal):
            return made
        return Reply(200, json.encode({**_shown(made.key), "value": made.secret}))

    async def make(self, user: User, wanted: WantedKey) -> NewKey | Refusal:
        """Return a new key of the user's account, or a refusal if it has, or recently created, too many."""
        made = await self.account_keys.create(user.account_id, wanted)
        if isinstance(made, TooManyLive):
            return TOO_MANY_KEYS
        if isinstance(made, TooManyNew):
            return TOO_MANY_NEW_KEYS.with_headers([(b"retry-after", b"%d" % made.wait_seconds)])
        self.log.info("key_created", key=made.key.id, user=user.id, account=user.account_id)
        return made

    async def list_page(self, scope: Scope, receive: Receive, caller: OpenSession) -> Reply | Refusal:
        """Return a page of `limit` keys without their secrets, oldest first, beginning after the key `after`."""
        query = dict(query_parameters(scope))
        limit = page_size(query.get("limit", str(MAX_PAGE_KEYS)), MAX_PAGE_KEYS)
        if limit is None:
            return INVALID_REQUEST.saying(f"limit: must be a whole number from 1 to {MAX_PAGE_KEYS}.")
        after = query.get("after")
        if after is not None and not is_key_id(after):
            return INVALID_REQUEST.saying(f"after: {shorten(after)} is not the id of a key.")
        page = await self.account_keys.page(caller.user.account_id, limit, after)
        found: list[json.Value] = [_shown(key) for key in page.keys]
        return Reply(200, json.encode({"object": "list", "data": found, "has_more": page.has_more}))

    async def revoke(self, scope: Scope, receive: Receive, caller: OpenSession) -> Reply | Refusal:
        """Revoke the key in the path; revoking it again is no error. Keys of other accounts are not found."""
        return await self._revoke(scope["path_params"]["key_id"], caller.user)

    async def revoke_named(self, scope: Scope, receive: Receive, caller: OpenSession) -> Reply | Refusal:
        """Revoke the key whose id is in the query or in the body, as `id`."""
        named = [value for name, value in query_parameters(scope) if name == "id"]
        if not named:
            body = await self.reader.read(scope, receive)
            if isinstance(body, Refusal):
                return body if named_headers(scope).get(b"content-type") else NO_KEY_NAMED
            key_id = read_body(body, _only_id, ONLY_ID)
            if isinstance(key_id, Refusal):
                return key_id
            named = [key_id]
        return await self._revoke(named[0], caller.user) if len(named) == 1 else NO_KEY_NAMED

    async def _revoke(self, key_id: str, user: User) -> Reply | Refusal:
        key = await self.find(key_id, user)
        if isinstance(key, Refusal):
            return key
        await self.end(key, user)
        return Reply(200, json.encode({"id": key.id, "object": "api_key.deleted", "deleted": True}))

    async def find(self, key_id: str, user: User) -> ApiKey | Refusal:
        """Return a key of the user's account, or a refusal."""
        found = await self.store.find_keys(key_id) if is_key_id(key_id) else []
        if not found or found[0].account.id != user.account_id:
            return KEY_NOT_FOUND
        return found[0]

    async def end(self, key: ApiKey, user: User) -> None:
        """Revoke a key and publish it to all processes."""
        revoked = await self.store.revoke_key(key.id)
        if revoked is not None:
            await self.announce(revoked.digest)
        self.log.info("key_revoked", key=key.id, user=user.id, account=user.account_id)

    def _parse_key(self, fields: dict[str, Any]) -> WantedKey:
        """Return the requested key. Raise InvalidRequest."""
        check_names(fields, FIELDS)
        return WantedKey(_name(fields), _scopes(fields), self._expiry(fields))

    def _expiry(self, fields: Mapping[str, Any]) -> datetime | None:
        seconds = fields.get("expires_at")
        if seconds is None:
            return None
        if type(seconds) is not int or not self.now().timestamp() < seconds < LATEST:
            raise InvalidRequest("expires_at: must be a future time in whole seconds since 1970, or null.")
        return datetime.fromtimestamp(seconds, UTC)


def _only_id(fields: dict[str, Any]) -> str:
    """Return the id of a body that has no other property. Raise InvalidRequest."""
    key_id = fields.get("id")
    if fields.keys() != {"id"} or not isinstance(key_id, str):
        raise InvalidRequest(ONLY_ID)
    return key_id


def _name(fields: Mapping[str, Any]) -> str:
    name = typed(fields, "name", str, "a string", "")
    try:
        return checked_text(name, "name")
    except ValueError as fault:
        raise InvalidRequest(f"name: {fault}") from None


def _scopes(fields: Mapping[str, Any]) -> frozenset[KeyScope]:
    names = fields.get("scopes", sorted(ALL_SCOPES))
    if not isinstance(names, list) or not names or not all(name in list(KeyScope) for name in names):
        raise InvalidRequest(f"scopes: must be a list of one or more of {', '.join(sorted(ALL_SCOPES))}.")
    return frozenset(KeyScope(name) for name in names)


def _shown(key: ApiKey) -> dict[str, json.Value]:
    """Return a key without its secret. Times are seconds since 1970."""
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
