"""`/console/keys`: create keys, which are shown once, list them, and revoke them after a confirmation."""

from collections.abc import Callable
from datetime import datetime, timedelta

from starlette.types import Receive, Scope

from service.auth.accounts import ALL_SCOPES, AccountKeys, KeyScope, NewKey, WantedKey, checked_text
from service.console.keys import ConsoleKeys
from service.http.errors import INVALID_REQUEST, Refusal
from service.http.responses import Reply
from service.http.validation import is_key_id
from service.web.console.session import Visit
from service.web.forms import WebForm, parse_form
from service.web.page import Pages, redirect

PAGE_KEYS = 100
LIFETIMES = {"": None, "30": timedelta(days=30), "90": timedelta(days=90), "365": timedelta(days=365)}


class KeyPages:
    """The pages of keys. `keys` creates and revokes them."""

    def __init__(self, pages: Pages, keys: ConsoleKeys, account_keys: AccountKeys, now: Callable[[], datetime]) -> None:
        self.pages = pages
        self.keys = keys
        self.account_keys = account_keys
        self.now = now

    async def show(self, scope: Scope, receive: Receive, visit: Visit) -> Reply | Refusal:
        """Return a page of the list, with the form for a new key."""
        query = parse_form(scope["query_string"].decode("latin-1"))
        if isinstance(query, Refusal):
            return query
        before = query.one("before")
        if before and not is_key_id(before):
            return INVALID_REQUEST.saying("before: must be the id of a key.")
        return await self._list_page(visit, before=before or None)

    async def create(self, scope: Scope, form: WebForm, visit: Visit) -> Reply | Refusal:
        """Create a key and return the page that shows it, once."""
        wanted = self._parse_key(form)
        made = wanted if isinstance(wanted, Refusal) else await self.keys.make(visit.user, wanted)
        return await self._list_page(visit, form, made)

    async def ask(self, scope: Scope, receive: Receive, visit: Visit) -> Reply | Refusal:
        """Return the page that asks for a confirmation: a revoked key never works again."""
        key = await self.keys.find(scope["path_params"]["key_id"], visit.user)
        if isinstance(key, Refusal):
            return key
        return self.pages.page("console_revoke.html", {"user": visit.user, "key": key}, headers=visit.headers)

    async def revoke(self, scope: Scope, form: WebForm, visit: Visit) -> Reply | Refusal:
        """Revoke the key and redirect to the list."""
        key = await self.keys.find(scope["path_params"]["key_id"], visit.user)
        if isinstance(key, Refusal):
            return key
        await self.keys.end(key, visit.user)
        return redirect("/console/keys", visit.headers)

    def _parse_key(self, form: WebForm) -> WantedKey | Refusal:
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

    async def _list_page(
        self, visit: Visit, form: WebForm | None = None, made: NewKey | Refusal | None = None, before: str | None = None
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
