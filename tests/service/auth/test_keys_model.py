"""Random lives of keys against a model in a dictionary, on both databases: what a store and two processes say of each.

More examples: KEYS_TEST_EXAMPLES=200.
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule, run_state_machine_as_test

from service.auth.accounts import ALL_SCOPES, KeyRefusal, KeyScope, NewKey, Principal, StoredKey
from service.auth.authenticator import KEEP_SECONDS, Authenticator
from service.auth.keys import new_secret
from service.storage.sql.url import DatabaseUrl
from tests.promises.figure import Figure
from tests.service.clocks import Clock
from tests.service.storage.databases import PEPPERS, Databases, account_store

EXAMPLES = int(os.environ.get("KEYS_TEST_EXAMPLES", "6"))
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Known:
    """The state of a key in the model."""

    account: str
    scopes: frozenset[KeyScope]
    created_at: datetime
    expires_at: datetime | None
    calls_per_second: int | None
    revoked: bool = False

    def answer(self, now: datetime) -> KeyRefusal | tuple[str, frozenset[KeyScope], int | None]:
        """Return what a process answers that knows this state."""
        if self.revoked:
            return KeyRefusal.REVOKED
        if self.expires_at is not None and self.expires_at <= now:
            return KeyRefusal.EXPIRED
        return self.account, self.scopes, self.calls_per_second


class Version(NamedTuple):
    """The state of a key since a moment; None while the key did not exist."""

    since_seconds: float
    known: Known | None


class KeyMachine(RuleBasedStateMachine):
    """Keys are made, limited, rotated and revoked in any order; one process is notified, another is not."""

    secrets = Bundle("secrets")

    def __init__(self, new_database: Callable[[], DatabaseUrl]) -> None:
        super().__init__()
        self.clock = Clock()
        self.runner = asyncio.Runner()
        self.opened = AsyncExitStack()
        self.store = self.run(self.opened.enter_async_context(account_store(new_database(), self.clock)))
        self.told, self.untold = (
            Authenticator(self.store, PEPPERS, self.clock.now, clock=self.clock.monotonic) for _ in range(2)
        )
        self.history: dict[str, list[Version]] = {}
        self.ids: dict[str, str] = {}

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        """Run a coroutine to its end, and return its result."""
        return self.runner.run(work)

    def now_known(self, secret: str) -> Known:
        """Return the newest state of a key in the model."""
        known = self.history[secret][-1].known
        assert known is not None
        return known

    def note(self, secret: str, known: Known) -> None:
        """Record that this state holds from now on."""
        self.history.setdefault(secret, []).append(Version(self.clock.seconds, known))

    def made(self, new: NewKey, known: Known) -> str:
        """Add a new key to the model."""
        self.ids[new.secret] = new.key.id
        self.note(new.secret, known)
        return new.secret

    def tell(self, key: StoredKey) -> None:
        """Notify one process of a change."""
        self.told.forget(key.digest)

    @rule(
        target=secrets,
        account=st.sampled_from(["Ada", "Bob"]),
        scopes=st.sets(st.sampled_from(list(KeyScope)), min_size=1).map(frozenset),
        lives_seconds=st.none() | st.sampled_from([1.0, 3.0, 60.0, 3600.0]),
    )
    def create(self, account: str, scopes: frozenset[KeyScope], lives_seconds: float | None) -> str:
        """A new key works immediately."""
        owner = self.run(self.store.get_or_create_account(account))
        now = self.clock.now()
        expires_at = None if lives_seconds is None else now + timedelta(seconds=lives_seconds)
        new = self.run(self.store.create_key(owner, "", scopes, expires_at))
        return self.made(new, Known(account, scopes, now, expires_at, owner.calls_per_second))

    @rule(target=secrets)
    def make_up(self) -> str:
        """Return a key of the right form that does not exist."""
        secret = new_secret()
        self.history[secret] = [Version(self.clock.seconds, None)]
        return secret

    @rule(secret=secrets)
    def revoke(self, secret: str) -> None:
        """Revoke a key permanently; a second revocation changes nothing."""
        if secret not in self.ids:
            assert self.run(self.store.revoke_key("key_none")) is None
            return
        revoked = self.run(self.store.revoke_key(self.ids[secret]))
        assert revoked is not None
        self.note(secret, replace(self.now_known(secret), revoked=True))
        self.tell(revoked)

    @rule(target=secrets, secret=secrets, overlap_seconds=st.sampled_from([0.0, 2.0, 60.0]))
    def rotate(self, secret: str, overlap_seconds: float) -> Any:
        """Rotate a key: a live one gets a successor and an end after the overlap, others do not."""
        now, overlap = self.clock.now(), timedelta(seconds=overlap_seconds)
        rotated = self.run(self.store.rotate_key(self.ids.get(secret, "key_none"), overlap))
        if secret not in self.ids or isinstance(self.now_known(secret).answer(now), KeyRefusal):
            assert rotated is None
            return multiple()
        assert rotated is not None
        old = self.now_known(secret)
        lives = None if old.expires_at is None else now + (old.expires_at - old.created_at)
        self.note(secret, replace(old, expires_at=min(now + overlap, old.expires_at or now + overlap)))
        self.tell(rotated.old)
        return self.made(rotated.new, replace(old, created_at=now, expires_at=lives))

    @rule(account=st.sampled_from(["Ada", "Bob"]), calls=st.integers(1, 99))
    def limit(self, account: str, calls: int) -> None:
        """Set an account's limit, which holds for all its keys."""
        owner = self.run(self.store.get_or_create_account(account))
        self.run(self.store.set_allowance(owner.id, calls, None))
        for secret in self.ids:
            if self.now_known(secret).account == account:
                self.note(secret, replace(self.now_known(secret), calls_per_second=calls))
                self.told.forget(PEPPERS.newest.digest(secret))

    @rule(seconds=st.sampled_from([0.5, 1.0, 59.0, 3600.0]))
    def pass_time(self, seconds: float) -> None:
        """Advance the clock, so that keys expire."""
        self.clock.advance(seconds)

    @rule()
    def let_answers_grow_old(self) -> None:
        """Advance the clock by the cache's lifetime, as a rule of its own so that it happens often."""
        self.clock.advance(KEEP_SECONDS)

    @invariant()
    def both_are_right(self) -> None:
        """The notified process is right; the other is right about now, or about an instant the cache may be behind."""
        now = self.clock.now()
        for secret, versions in self.history.items():
            ends = [*(version.since_seconds for version in versions[1:]), float("inf")]
            recent = [
                version.known
                for version, end in zip(versions, ends, strict=True)
                if end > self.clock.seconds - KEEP_SECONDS
            ]
            assert self.said(self.told, secret) == answer_of(versions[-1].known, now)
            assert self.said(self.untold, secret) in [answer_of(known, now) for known in recent]

    @rule(secret=secrets)
    def look_up(self, secret: str) -> None:
        """The store finds a key by its secret, with the fields that the model has, and a made-up one never."""
        found = self.run(self.store.find_keys(secret))
        if secret not in self.ids:
            assert found == []
            return
        (key,), known = found, self.now_known(secret)
        assert (key.id, key.account.name, key.scopes) == (self.ids[secret], known.account, known.scopes)
        assert (key.created_at, key.expires_at) == (known.created_at, known.expires_at)
        assert (key.revoked_at is not None, key.account.calls_per_second) == (known.revoked, known.calls_per_second)
        assert known.scopes <= ALL_SCOPES

    def said(self, process: Authenticator, secret: str) -> object:
        """Return what a process answers for a key."""
        answer = self.run(process.authenticate(secret))
        if isinstance(answer, Principal):
            return answer.account_name, answer.scopes, answer.calls_per_second
        return answer

    def teardown(self) -> None:
        """Close the database and the event loop."""
        self.run(self.opened.aclose())
        self.runner.close()


def answer_of(known: Known | None, now: datetime) -> object:
    """Return what a process answers that knows this state of a key."""
    return KeyRefusal.UNKNOWN if known is None else known.answer(now)


@pytest.mark.promise(17)
def test_any_life_of_keys_agrees_with_the_model(databases: Databases, figure: Figure) -> None:
    """In any order of making, limiting, rotating, revoking and asking: a notified process is right immediately, another
    one is right about some instant within the cache's lifetime."""
    run_state_machine_as_test(
        lambda: KeyMachine(databases.empty),  # type: ignore[arg-type]  # any factory will do
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=30,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
    figure(f"{EXAMPLES} random lives of keys, as the model has them")
