"""Users: the people who may log in to the console."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

MAX_EMAIL = 254
PASSWORD_CHARACTERS = (12, 1024)


@dataclass(frozen=True, slots=True)
class User:
    """A person of an account. `generation` rises with each new password, which ends earlier sessions."""

    id: str
    email: str
    account_id: str
    account_name: str
    password_hash: str
    generation: int
    created_at: datetime

    def __repr__(self) -> str:
        return f"User(id={self.id!r}, account_id={self.account_id!r})"


class UserStore(Protocol):
    """The store of users. Every operation raises StoreUnavailable if it cannot be reached."""

    async def create_user(self, email: str, account_id: str, password_hash: str) -> User | None:
        """Create a user; return None if the e-mail is taken."""

    async def set_password(self, email: str, password_hash: str) -> User | None:
        """Set a password, which ends all sessions of the user. Return None for an unknown e-mail."""

    async def delete_user(self, email: str) -> bool:
        """Delete a user; return False if there is none with that e-mail."""

    async def list_users(self) -> list[User]:
        """Return all users, sorted by e-mail."""

    async def find_by_email(self, email: str) -> User | None:
        """Return the user with an e-mail in its stored form, or None."""

    async def find_user(self, user_id: str) -> User | None:
        """Return the user with that id, or None."""

    async def find_session_user(self, user_id: str, session_id: str) -> User | None:
        """Return the user of that id, or None if there is none or the session of that id was ended."""

    async def end_session(self, session_id: str, expires_at: datetime) -> None:
        """End a session, and remember it until `expires_at`."""


def checked_email(text: str) -> str:
    """Return an e-mail address in its stored form. Raise ValueError with a sentence."""
    email = text.strip().lower()
    name, _, host = email.rpartition("@")
    if not name or not host or len(email) > MAX_EMAIL or not email.isprintable() or " " in email:
        raise ValueError(f"{text[:MAX_EMAIL]!r} is not an e-mail address.")
    return email


def checked_password(password: str) -> str:
    """Return the password. Raise ValueError with a sentence that does not repeat it."""
    least, most = PASSWORD_CHARACTERS
    if not least <= len(password) <= most:
        raise ValueError(f"A password has {least} to {most} characters.")
    return password
