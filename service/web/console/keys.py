"""`/console/keys`: the keys of an account: create, shown once, and revoke, asked twice."""

from collections.abc import Callable
from datetime import datetime, timedelta

from starlette.types import Receive, Scope

from service.auth.accounts import ALL_SCOPES, AccountKeys, KeyScope, NewKey, WantedKey, checked_text
from service.console.keys import ConsoleKeys
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.responses import Reply
from service.http.validation import is_key_id
from service.web.console.session import Visit
from service.web.forms import Form, parsed
from service.web.page import Pages, redirect

PAGE_KEYS = 100
LIFETIMES = {"": None, "30": timedelta(days=30), "90": timedelta(days=90), "365": timedelta(days=365)}


class KeyPages:
    """Shows, makes and ends keys; `keys` does it."""

    def __init__(self, pages: Pages, keys: ConsoleKeys, account_keys: AccountKeys, now: Callable[[], datetime]) -> None:
        self.pages = pages
        self.keys = keys
        self.account_keys = account_keys
        self.now = now

    async def show(self, scope: Scope, receive: Receive, visit: Visit) -> Reply | Refusal:
        """A page of the list, and the form for a new one."""
        query = parsed(scope["query_string"].decode("latin-1"))
        if isinstance(query, Refusal):
            return query
        before = query.one("before")
        if before and not is_key_id(before):
            return INVALID_REQUEST.saying("before: must be the id of a key.")
        return await self._listed(visit, before=before or None)

    async def create(self, scope: Scope, form: Form, visit: Visit) -> Reply | Refusal:
        """Make a key, and show it this once."""
        wanted = self._wanted(form)
        made = wanted if isinstance(wanted, Refusal) else await self.keys.make(visit.user, wanted)
        return await self._listed(visit, form, made)

    async def ask(self, scope: Scope, receive: Receive, visit: Visit) -> Reply | Refusal:
        """Is it meant: a key that is revoked never works again."""
        key = await self.keys.find(scope["path_params"]["key_id"], visit.user)
        if isinstance(key, Refusal):
            return key
        return self.pages.page("console_revoke.html", {"user": visit.user, "key": key}, headers=visit.headers)

    async def revoke(self, scope: Scope, form: Form, visit: Visit) -> Reply | Refusal:
        """Revoke it."""
        key = await self.keys.find(scope["path_params"]["key_id"], visit.user)
        if isinstance(key, Refusal):
            return key
        await self.keys.end(key, visit.user)
        return redirect("/console/keys", visit.headers)

    def _wanted(self, form: Form) -> WantedKey | Refusal:
        try:
            name = checked_text(form.one("name").strip(), "name")
        except ValueError as fault:
            return INVALID_REQUEST.saying(str(fault))
        scopes = frozenset(KeyScope(scope) for scope in form.all("scopes") if scope in list(KeyScope))
        if not scopes:
            return INVALID_REQUEST.saying("Choose at least one API that the key may call.")
        if form.one("lifetime") not in LIFETIMES:
            return INVALID_REQUEST.saying("Choose one of the lifetimes that the form offers.")
        lifetime = LIFETIMES[form.one("lifetime")]
        return WantedKey(name, scopes, None if lifetime is None else self.now() + lifetime)

    async def _listed(
        self, visit: Visit, form: Form | None = None, made: NewKey | Refusal | None = None, before: str | None = None
    ) -> Reply:
        now = self.now()
        page = await self.account_keys.newest(visit.user.account_id, PAGE_KEYS, before)
        refusal = made if isinstance(made, Refusal) else None
        values = {
            "user": visit.user,
            "keys": [(key, key.refusal(now)) for key in page.keys],
            "before": before,
            "older": page.keys[-1].id if page.has_more else None,
            "made": made if isinstance(made, NewKey) else None,
            "refusal": refusal,
            "name": form.one("name") if form and refusal else "",
            "all_scopes": sorted(ALL_SCOPES),
        }
        status = refusal.status if refusal else 200
        headers = [*refusal.headers, *visit.headers] if refusal else visit.headers
        return self.pages.page("console_keys.html", values, status, headers)
