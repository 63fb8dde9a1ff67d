"""The keys of one account in SQL: created within limits, pruned, and read a page at a time."""

import math
from datetime import datetime

from sqlalchemy import ColumnElement, and_, delete, func, literal, or_, select, tuple_

from service.auth.accounts import (
    KEY_LIMITS,
    NEW_WITHIN,
    Account,
    ApiKey,
    KeyLimits,
    KeyPage,
    NewKey,
    TooManyLive,
    TooManyNew,
    WantedKey,
)
from service.auth.sql_accounts import SqlAccountStore
from service.auth.sql_rows import KEYS, account_of, api_key_of
from service.storage.sql.connection import SqlConnection
from service.storage.sql.tables import UtcMicroseconds, account, api_key, hold

MAX_PRUNED_KEYS = 1_000


class SqlAccountKeys:
    """Keys of accounts, stored in SQL."""

    def __init__(self, store: SqlAccountStore) -> None:
        self.store = store

    async def create(
        self, account_id: str, wanted: WantedKey, limits: KeyLimits = KEY_LIMITS
    ) -> NewKey | TooManyLive | TooManyNew:
        """Create a key unless the account is at a limit, which holds for concurrent callers too.

        One transaction counts and writes, with the row of the account locked.
        """
        now = self.store.now()
        async with self.store.database.writing() as connection:
            owner = await _locked(connection, account_id)
            if await _live(connection, account_id, now) >= limits.live:
                return TooManyLive(limits.live)
            new, oldest = await _new(connection, account_id, now)
            if oldest is not None and new >= limits.new:
                return TooManyNew(max(1, math.ceil((oldest + NEW_WITHIN - now).total_seconds())))
            await _prune(connection, account_id, now, limits.ended)
            made = self.store.new_key(owner, wanted.label, wanted.scopes, now, wanted.expires_at)
            await self.store.insert_key(connection, made)
        return made

    async def page(self, account_id: str, size: int, after: str | None = None) -> KeyPage:
        """Return a page of keys, oldest first; it begins after the key with the id `after`."""
        return await self._page(account_id, size, after, is_newest_first=False)

    async def newest(self, account_id: str, size: int, before: str | None = None) -> KeyPage:
        """Return a page of keys, newest first; it begins before the key with the id `before`."""
        return await self._page(account_id, size, before, is_newest_first=True)

    async def _page(self, account_id: str, size: int, cursor: str | None, *, is_newest_first: bool) -> KeyPage:
        order = (api_key.c.created_at, api_key.c.id)
        directed = [column.desc() for column in order] if is_newest_first else order
        statement = KEYS.where(api_key.c.account_id == account_id).order_by(*directed).limit(size + 1)
        async with self.store.database.reading() as connection:
            if cursor is not None:
                wanted = select(api_key.c.created_at).where(api_key.c.account_id == account_id, api_key.c.id == cursor)
                seen = await connection.scalar(wanted)
                if seen is None:
                    return KeyPage((), has_more=False)
                place, last = tuple_(*order), tuple_(literal(seen, UtcMicroseconds()), literal(cursor))
                statement = statement.where(place < last if is_newest_first else place > last)
            found: list[ApiKey] = [api_key_of(row) for row in await connection.execute(statement)]
        return KeyPage(found[:size], len(found) > size)


async def _locked(connection: SqlConnection, account_id: str) -> Account:
    """Return the account. On PostgreSQL others who create a key of it wait from now on; on SQLite every writer does."""
    statement = select(account).where(account.c.id == account_id).with_for_update(key_share=True)
    return account_of((await connection.execute(statement)).one())


async def _live(connection: SqlConnection, account_id: str, now: datetime) -> int:
    works = and_(api_key.c.revoked_at.is_(None), or_(api_key.c.expires_at.is_(None), api_key.c.expires_at > now))
    counted = select(func.count()).select_from(api_key).where(api_key.c.account_id == account_id, works)
    return int(await connection.scalar(counted) or 0)


async def _new(connection: SqlConnection, account_id: str, now: datetime) -> tuple[int, datetime | None]:
    """Return how many keys were created within the time, and when the oldest of them was."""
    within = (api_key.c.account_id == account_id, api_key.c.created_at > now - NEW_WITHIN)
    row = (await connection.execute(select(func.count(), func.min(api_key.c.created_at)).where(*within))).one()
    return int(row[0]), row[1]


async def _prune(connection: SqlConnection, account_id: str, now: datetime, kept: int) -> None:
    """Delete ended keys that the ledger does not name, but the newest.

    One that ended lately stays: a call that it was accepted for may still be on its way to the ledger; and a key
    within `NEW_WITHIN` counts as new.
    """
    unnamed = ~select(hold.c.id).where(hold.c.key_id == api_key.c.id).exists()
    prunable = (
        select(api_key.c.id)
        .where(api_key.c.account_id == account_id, _ended(now), unnamed)
        .order_by(api_key.c.created_at.desc(), api_key.c.id.desc())
        .limit(MAX_PRUNED_KEYS)
        .offset(kept)
    )
    old = _ended(now - NEW_WITHIN)
    await connection.execute(delete(api_key).where(api_key.c.id.in_(prunable), old))


def _ended(at: datetime) -> ColumnElement[bool]:
    return or_(api_key.c.revoked_at <= at, api_key.c.expires_at <= at)
