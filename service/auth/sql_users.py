"""Console users in SQL."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from service.auth import keys
from service.auth.users import User
from service.storage.sql.engine import Database
from service.storage.sql.tables import account, console_user, ended_session

ID_CHARACTERS = 16
USERS = select(console_user, account.c.name.label("account_name")).join_from(console_user, account)


class SqlUserStore:
    """A UserStore in SQL. `now` returns the time, `random_text(n)` n random base62 characters."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        random_text: Callable[[int], str] = keys.random_text,
    ) -> None:
        self.database = database
        self.now = now
        self.random_text = random_text

    async def create_user(self, email: str, account_id: str, password_hash: str) -> User | None:
        """Create a user; return None if the e-mail is taken."""
        values = {
            "id": f"user_{self.random_text(ID_CHARACTERS)}",
            "email": email,
            "account_id": account_id,
            "password_hash": password_hash,
            "generation": 1,
            "created_at": self.now(),
        }
        try:
            async with self.database.writing() as connection:
                await connection.execute(insert(console_user).values(values))
        except IntegrityError:
            return None
        return await self.find_by_email(email)

    async def set_password(self, email: str, password_hash: str) -> User | None:
        """Set a password, which ends all sessions of the user. Return None for an unknown e-mail."""
        changed = {"password_hash": password_hash, "generation": console_user.c.generation + 1}
        async with self.database.writing() as connection:
            await connection.execute(update(console_user).where(console_user.c.email == email).values(changed))
        return await self.find_by_email(email)

    async def delete_user(self, email: str) -> bool:
        """Delete a user; return False if there is none with that e-mail."""
        async with self.database.writing() as connection:
            deleted = await connection.execute(delete(console_user).where(console_user.c.email == email))
        return deleted.rowcount > 0

    async def list_users(self) -> list[User]:
        """Return all users, sorted by e-mail."""
        async with self.database.reading() as connection:
            return [_user_of(row) for row in await connection.execute(USERS.order_by(console_user.c.email))]

    async def find_by_email(self, email: str) -> User | None:
        """Return the user with an e-mail in its stored form, or None."""
        return await self._one(console_user.c.email == email)

    async def find_user(self, user_id: str) -> User | None:
        """Return the user with that id, or None."""
        return await self._one(console_user.c.id == user_id)

    async def find_session_user(self, user_id: str, session_id: str) -> User | None:
        """Return the user of that id, or None if there is none or the session of that id was ended."""
        ended = select(ended_session.c.id).where(ended_session.c.id == session_id).exists()
        return await self._one(console_user.c.id == user_id, ~ended)

    async def end_session(self, session_id: str, expires_at: datetime) -> None:
        """End a session, and remember it until `expires_at`; delete those that have expired."""
        over = delete(ended_session).where(ended_session.c.expires_at < self.now())
        with suppress(IntegrityError):  # it was ended before
            async with self.database.writing() as connection:
                await connection.execute(over)
                await connection.execute(insert(ended_session).values(id=session_id, expires_at=expires_at))

    async def _one(self, *conditions: ColumnElement[bool]) -> User | None:
        async with self.database.reading() as connection:
            row = (await connection.execute(USERS.where(*conditions))).one_or_none()
        return None if row is None else _user_of(row)


def _user_of(row: Row[Any]) -> User:
    return User(row.id, row.email, row.account_id, row.account_name, row.password_hash, row.generation, row.created_at)
