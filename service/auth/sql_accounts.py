"""The store of accounts and API keys in SQL."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import ColumnElement, bindparam, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from service.auth import keys
from service.auth.accounts import (
    ALL_SCOPES,
    Account,
    ApiKey,
    KeyScope,
    NewKey,
    RotatedKey,
    StoredKey,
    checked_name,
    checked_text,
)
from service.auth.pepper import Peppers
from service.auth.sql_rows import KEYS, account_of, api_key_of, key_values
from service.storage.sql.connection import SqlConnection
from service.storage.sql.engine import Database
from service.storage.sql.tables import UtcMicroseconds, account, api_key

LAST_USED_INTERVAL = timedelta(minutes=1)
ID_CHARACTERS = 16
KEYS_BY_DIGEST = KEYS.where(api_key.c.digest.in_(bindparam("digests", expanding=True)))
_SHOWN_KEY = re.compile(rf"({keys.PREFIX})(?:…|\.{{2,3}})([0-9A-Za-z]{{4}})")


class Welcome(Protocol):
    """The credit that an account gets with its first key."""

    @property
    def micro_inr(self) -> int:
        """Return the credit in micro-rupees; 0 for none."""

    async def grant(self, connection: SqlConnection, account_id: str, now: datetime) -> bool:
        """Open the account's balance with the credit; return False if it has a balance already."""


class SqlAccountStore:
    """An AccountStore in SQL. `now` returns the time, `random_text(n)` n random base62 characters.

    The first key of an account adds the `welcome` credit, if there is one.
    """

    def __init__(
        self,
        database: Database,
        peppers: Peppers,
        now: Callable[[], datetime],
        random_text: Callable[[int], str] = keys.random_text,
        welcome: Welcome | None = None,
    ) -> None:
        self.database = database
        self.peppers = peppers
        self.now = now
        self.welcome_credit = welcome
        self.random_text = random_text

    async def create_account(self, name: str) -> Account | None:
        """Create an account; return None if the name is taken. Raise ValueError for an invalid name."""
        made = Account(f"acc_{self.random_text(ID_CHARACTERS)}", checked_name(name), self.now())
        values = {"id": made.id, "name": made.name, "created_at": made.created_at}
        try:
            async with self.database.writing() as connection:
                await connection.execute(insert(account).values(values))
        except IntegrityError:
            return None
        return made

    async def get_or_create_account(self, name: str) -> Account:
        """Return the account of that name; create it if there is none. Concurrent callers get the same account."""
        by_name = account.c.name == checked_name(name)
        found = await self._account(by_name) or await self.create_account(name) or await self._account(by_name)
        if found is None:
            raise LookupError(f"Account {name!r} was deleted while it was looked up.")
        return found

    async def set_allowance(
        self, account_id: str, calls_per_second: int | None, calls_per_month: int | None
    ) -> Account | None:
        """Set the limits that are not None; return the account, or None if there is none of that id."""
        given = {"calls_per_second": calls_per_second, "calls_per_month": calls_per_month}
        changed = {name: value for name, value in given.items() if value is not None}
        if changed:
            async with self.database.writing() as connection:
                await connection.execute(update(account).where(account.c.id == account_id).values(changed))
        return await self._account(account.c.id == account_id)

    async def clear_allowance(self, account_id: str) -> None:
        """Reset the limits of an account to the defaults of the service."""
        none = {"calls_per_second": None, "calls_per_month": None}
        async with self.database.writing() as connection:
            await connection.execute(update(account).where(account.c.id == account_id).values(none))

    async def list_accounts(self) -> list[Account]:
        """Return all accounts, sorted by name."""
        async with self.database.reading() as connection:
            return [account_of(row) for row in await connection.execute(select(account).order_by(account.c.name))]

    async def find_account(self, name: str) -> Account | None:
        """Return the account of that name, or None."""
        return await self._account(account.c.name == name.strip())

    async def welcome(self, account: Account) -> int:
        """Give an account that never had credit its welcome credit; return it in micro-rupees, 0 for all others."""
        if self.welcome_credit is None or not self.welcome_credit.micro_inr:
            return 0
        async with self.database.writing() as connection:
            is_new = await self.welcome_credit.grant(connection, account.id, self.now())
        return self.welcome_credit.micro_inr if is_new else 0

    async def create_key(
        self,
        account: Account,
        label: str = "",
        scopes: frozenset[KeyScope] = ALL_SCOPES,
        expires_at: datetime | None = None,
    ) -> NewKey:
        """Create a key. Its secret is returned only here."""
        made = self.new_key(account, label, scopes, self.now(), expires_at)
        async with self.database.writing() as connection:
            await self.insert_key(connection, made)
        return made

    async def insert_key(self, connection: SqlConnection, made: NewKey) -> None:
        """Insert a new key in a transaction; the first of an account adds its welcome credit."""
        if self.welcome_credit is not None and self.welcome_credit.micro_inr:
            await self.welcome_credit.grant(connection, made.key.account.id, made.key.created_at)
        await connection.execute(insert(api_key).values(key_values(made.key, self.peppers.newest, made.secret)))

    async def list_keys(self, account_name: str | None = None) -> list[ApiKey]:
        """Return all keys, or those of one account, sorted by account name, then by creation."""
        if account_name is None:
            return await self._keys()
        return await self._keys(account.c.name == account_name.strip())

    async def find_keys(self, reference: str) -> list[ApiKey]:
        """Return the keys that match an id, a shown form (`atms_sk_...wXyZ`) or a whole secret."""
        reference = reference.strip()
        if keys.has_valid_checksum(reference):
            return await self._keys(api_key.c.digest.in_(self.peppers.digests(reference)))
        if shown := _SHOWN_KEY.fullmatch(reference):
            prefix, last_four = shown.groups()
            return await self._keys(api_key.c.prefix == prefix, api_key.c.last_four == last_four)
        return await self._keys(api_key.c.id == reference)

    async def revoke_key(self, key_id: str) -> StoredKey | None:
        """Revoke a key permanently; the time of the first revocation stays. Return None for an unknown id."""
        live = update(api_key).where(api_key.c.id == key_id, api_key.c.revoked_at.is_(None))
        async with self.database.writing() as connection:
            await connection.execute(live.values(revoked_at=self.now()))
        return await self._stored_key(api_key.c.id == key_id)

    async def rotate_key(self, key_id: str, overlap: timedelta) -> RotatedKey | None:
        """Create a key like the one of that id, which expires after `overlap` at the latest, in one transaction."""
        now = self.now()
        async with self.database.writing() as connection:
            row = (await connection.execute(KEYS.where(api_key.c.id == key_id).with_for_update())).one_or_none()
            if row is None or (old := api_key_of(row)).refusal(now) is not None:
                return None
            expires_at = None if old.expires_at is None else now + (old.expires_at - old.created_at)
            new = self.new_key(old.account, old.label, old.scopes, now, expires_at)
            ends_at = min(now + overlap, old.expires_at or now + overlap)
            await connection.execute(insert(api_key).values(key_values(new.key, self.peppers.newest, new.secret)))
            await connection.execute(update(api_key).where(api_key.c.id == key_id).values(expires_at=ends_at))
        return RotatedKey(new, StoredKey(replace(old, expires_at=ends_at), row.api_key_digest))

    async def find_by_digest(self, digests: Sequence[str]) -> StoredKey | None:
        """Return the key that is stored under one of these digests of one secret, or None."""
        rows = await self.database.rows(KEYS_BY_DIGEST, {"digests": list(digests)})
        return StoredKey(api_key_of(rows[0]), rows[0].api_key_digest) if rows else None

    async def touch_last_used(self, used_at: Mapping[str, datetime]) -> None:
        """Store when keys, by id, were used; a use within a minute of the stored one is dropped.

        Rows are updated in the order of their ids, so that two processes cannot deadlock.
        """
        if not used_at:
            return
        before, at = (bindparam(name, type_=UtcMicroseconds()) for name in ("before", "at"))
        due = or_(api_key.c.last_used_at.is_(None), api_key.c.last_used_at <= before)
        statement = update(api_key).where(api_key.c.id == bindparam("key_id"), due).values(last_used_at=at)
        rows = [
            {"key_id": key_id, "at": used, "before": used - LAST_USED_INTERVAL}
            for key_id, used in sorted(used_at.items())
        ]
        async with self.database.writing() as connection:
            await connection.execute(statement, rows)

    async def pepper_ids_in_use(self) -> frozenset[str]:
        """Return the ids of the peppers under which keys that are not revoked are stored."""
        statement = select(api_key.c.pepper_id).where(api_key.c.revoked_at.is_(None)).distinct()
        async with self.database.reading() as connection:
            return frozenset((await connection.execute(statement)).scalars())

    def new_key(
        self, account: Account, label: str, scopes: frozenset[KeyScope], now: datetime, expires_at: datetime | None
    ) -> NewKey:
        """Return a key that is not yet stored. Raise ValueError for an invalid label."""
        secret = keys.new_secret(self.random_text)
        key = ApiKey(
            id=f"key_{self.random_text(ID_CHARACTERS)}",
            account=account,
            label=checked_text(label, "label"),
            prefix=keys.PREFIX,
            last_four=secret[-4:],
            scopes=scopes,
            created_at=now,
            expires_at=expires_at,
        )
        return NewKey(key, secret)

    async def _account(self, condition: ColumnElement[bool]) -> Account | None:
        async with self.database.reading() as connection:
            row = (await connection.execute(select(account).where(condition))).one_or_none()
        return None if row is None else account_of(row)

    async def _keys(self, *conditions: ColumnElement[bool]) -> list[ApiKey]:
        statement = KEYS.where(*conditions).order_by(account.c.name, api_key.c.created_at, api_key.c.id)
        async with self.database.reading() as connection:
            return [api_key_of(row) for row in await connection.execute(statement)]

    async def _stored_key(self, condition: ColumnElement[bool]) -> StoredKey | None:
        async with self.database.reading() as connection:
            row = (await connection.execute(KEYS.where(condition))).one_or_none()
        return None if row is None else StoredKey(api_key_of(row), row.api_key_digest)
