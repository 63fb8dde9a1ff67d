"""Who is calling: the form, the cache, the store."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.auth.accounts import ALL_SCOPES, KeyRefusal, KeyScope, NewKey, Principal, StoredKey
from service.auth.authenticator import KEEP_SECONDS, Authenticator, LastUsed
from service.auth.keys import new_secret
from service.auth.pepper import Peppers
from service.auth.sql_accounts import SqlAccountStore
from service.storage.errors import StoreUnavailable
from service.storage.sql.engine import Database
from service.storage.sql.migrate import upgrade
from service.storage.sql.url import DatabaseUrl
from tests.service.clocks import START, Clock
from tests.service.storage.databases import OLD_PEPPER, PEPPERS

# The same in every process that collects the tests.
SOME_SECRET = new_secret(lambda characters: "7" * characters)

pytestmark = pytest.mark.anyio


class WatchedStore(SqlAccountStore):
    """The real store, which counts look-ups and can be made to wait or to fail."""

    def __init__(self, database: Database, peppers: Peppers, clock: Clock) -> None:
        super().__init__(database, peppers, clock.now)
        self.lookups = 0
        self.is_away = False
        self.answering = asyncio.Event()
        self.answering.set()
        self.asked = asyncio.Event()

    async def find_by_digest(self, digests: Sequence[str]) -> StoredKey | None:
        self.lookups += 1
        if self.is_away:
            raise StoreUnavailable("sqlite:///watched.db", "switched off.")
        found = await super().find_by_digest(digests)
        self.asked.set()
        await self.answering.wait()
        return found


@pytest.fixture
def clock() -> Clock:
    """Return a clock that only a test advances."""
    return Clock()


@pytest.fixture
async def store(anyio_backend: str, tmp_path: Path, clock: Clock) -> AsyncIterator[WatchedStore]:
    """Yield a store on a new SQLite file."""
    url = DatabaseUrl.of_file(tmp_path / "a.db")
    upgrade(url)
    database = Database(url)
    yield WatchedStore(database, PEPPERS, clock)
    await database.close()


@pytest.fixture
async def authenticator(store: WatchedStore, clock: Clock) -> AsyncIterator[Authenticator]:
    """Return the authenticator of one process."""
    authenticator = Authenticator(store, PEPPERS, clock.now, clock=clock.monotonic)
    yield authenticator
    await authenticator.close()


async def make_key(store: SqlAccountStore, seconds: float | None = None) -> NewKey:
    """A key of the account Ada, that expires in so many seconds, or never."""
    expires_at = None if seconds is None else store.now() + timedelta(seconds=seconds)
    return await store.create_key(await store.get_or_create_account("Ada"), expires_at=expires_at)


async def test_a_live_key_names_its_principal(store: WatchedStore, authenticator: Authenticator) -> None:
    """A key that is neither revoked nor expired gives account, key, scopes and the account's own allowance."""
    owner = await store.get_or_create_account("Ada")
    await store.set_allowance(owner.id, 3, 700)
    made = await store.create_key(owner, scopes=frozenset({KeyScope.TOKENS}))
    expected = Principal(owner.id, "Ada", made.key.id, frozenset({KeyScope.TOKENS}), 3, 700)
    assert await authenticator.authenticate(made.secret) == expected


@pytest.mark.parametrize("secret", ["", "abc", "atms_sk_", "atms_sk_short", "x" * 46, "\ud800", "\x00" * 46])
async def test_a_malformed_key_is_refused_without_the_store(
    store: WatchedStore, authenticator: Authenticator, secret: str
) -> None:
    """A wrong prefix or too few characters are MALFORMED, without a look-up."""
    assert await authenticator.authenticate(secret) is KeyRefusal.MALFORMED
    assert store.lookups == 0


@pytest.mark.parametrize(
    "secret",
    [
        "atms_sk_" + "0" * 38,
        SOME_SECRET + "0",
        SOME_SECRET[:-1] + "\x00",
        "atms_sk_" + "\u0663" * 38,
        "atms_sk_" + "\ud800" * 38,
        "atms_sk_" + "a" * 1_000_000,
    ],
)
async def test_a_wrong_checksum_is_refused_without_the_store(
    store: WatchedStore, authenticator: Authenticator, secret: str
) -> None:
    """A wrong length, alphabet or checksum behind the prefix is UNKNOWN, without a look-up."""
    assert await authenticator.authenticate(secret) is KeyRefusal.UNKNOWN
    assert store.lookups == 0


@given(text=st.text())
async def test_any_text_may_be_sent_as_a_key(text: str) -> None:
    """No text makes authentication fail, and none passes; the store is not reached, so none is needed."""
    url = DatabaseUrl.parse("sqlite:////nowhere/at/all.db")
    store = SqlAccountStore(Database(url), PEPPERS, Clock().now)
    assert isinstance(await Authenticator(store, PEPPERS, Clock().now).authenticate(text), KeyRefusal)


async def test_unknown_revoked_and_expired_keys_are_refused(
    store: WatchedStore, authenticator: Authenticator, clock: Clock
) -> None:
    """Each is refused with its own reason; a key that is both revoked and expired counts as revoked."""
    revoked, expired = await make_key(store, seconds=10), await make_key(store, seconds=10)
    await store.revoke_key(revoked.key.id)
    clock.advance(10)
    assert await authenticator.authenticate(new_secret()) is KeyRefusal.UNKNOWN
    assert await authenticator.authenticate(revoked.secret) is KeyRefusal.REVOKED
    assert await authenticator.authenticate(expired.secret) is KeyRefusal.EXPIRED


async def test_a_key_of_an_older_pepper_is_known(store: WatchedStore, clock: Clock) -> None:
    """Keys under every pepper of the list authenticate; under a pepper taken away they are unknown."""
    old_store = SqlAccountStore(store.database, Peppers((OLD_PEPPER,)), clock.now)
    made = await make_key(old_store)
    rotated = Authenticator(store, PEPPERS, clock.now, clock=clock.monotonic)
    assert isinstance(await rotated.authenticate(made.secret), Principal)
    without = Authenticator(store, Peppers((PEPPERS.newest,)), clock.now, clock=clock.monotonic)
    assert await without.authenticate(made.secret) is KeyRefusal.UNKNOWN


async def test_expiry_is_kept_to_the_second_in_the_cache(
    store: WatchedStore, authenticator: Authenticator, clock: Clock
) -> None:
    """A cached key passes until its expiry and from that instant on is refused, without a new look-up."""
    made = await make_key(store, seconds=2)
    clock.advance(1.999999)
    assert isinstance(await authenticator.authenticate(made.secret), Principal)
    clock.advance(0.000001)
    assert await authenticator.authenticate(made.secret) is KeyRefusal.EXPIRED
    assert store.lookups == 1


async def test_a_revocation_is_seen_within_the_time_of_the_cache(
    store: WatchedStore, authenticator: Authenticator, clock: Clock
) -> None:
    """A key revoked elsewhere passes from the cache, and is refused before 5 seconds are over."""
    made = await make_key(store)
    assert isinstance(await authenticator.authenticate(made.secret), Principal)
    await store.revoke_key(made.key.id)
    clock.advance(KEEP_SECONDS - 0.001)
    assert isinstance(await authenticator.authenticate(made.secret), Principal)
    clock.advance(0.001)
    assert await authenticator.authenticate(made.secret) is KeyRefusal.REVOKED
    assert KEEP_SECONDS < 5


async def test_use_does_not_prolong_the_cache(store: WatchedStore, authenticator: Authenticator, clock: Clock) -> None:
    """A revoked key that is used all the time is refused as soon as one that is not."""
    made = await make_key(store)
    await authenticator.authenticate(made.secret)
    await store.revoke_key(made.key.id)
    outcomes = []
    for _ in range(8):
        clock.advance(KEEP_SECONDS / 8)
        outcomes.append(await authenticator.authenticate(made.secret))
    assert outcomes[-1] is KeyRefusal.REVOKED


async def test_an_answer_is_as_old_as_its_question(
    store: WatchedStore, authenticator: Authenticator, clock: Clock
) -> None:
    """The lifetime of a cached answer begins when the store is asked, not when it answers."""
    made = await make_key(store)
    store.answering.clear()
    asking = asyncio.create_task(authenticator.authenticate(made.secret))
    await store.asked.wait()
    await store.revoke_key(made.key.id)
    clock.advance(KEEP_SECONDS)
    store.answering.set()
    assert isinstance(await asking, Principal)
    assert await authenticator.authenticate(made.secret) is KeyRefusal.REVOKED


async def test_unknown_keys_are_cached_too(store: WatchedStore, authenticator: Authenticator, clock: Clock) -> None:
    """An unknown key that is sent again and again is looked up once in the time of the cache."""
    secret = new_secret()
    for _ in range(10):
        assert await authenticator.authenticate(secret) is KeyRefusal.UNKNOWN
    assert store.lookups == 1
    clock.advance(KEEP_SECONDS)
    await authenticator.authenticate(secret)
    assert store.lookups == 2


async def test_calls_that_miss_together_ask_once(store: WatchedStore, authenticator: Authenticator) -> None:
    """A hundred concurrent calls with one key make one look-up, and all get its answer."""
    made = await make_key(store)
    principals = await asyncio.gather(*(authenticator.authenticate(made.secret) for _ in range(100)))
    assert store.lookups == 1
    assert set(principals) == {Principal.of(made.key)}


async def test_a_caller_who_hangs_up_does_not_end_the_look_up_of_others(
    store: WatchedStore, authenticator: Authenticator
) -> None:
    """Cancelling the call that began a look-up leaves the others waiting for its answer."""
    made = await make_key(store)
    store.answering.clear()
    calls = [asyncio.create_task(authenticator.authenticate(made.secret)) for _ in range(3)]
    await store.asked.wait()
    calls[0].cancel()
    store.answering.set()
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1:] == [Principal.of(made.key)] * 2
    assert store.lookups == 1


async def test_made_up_keys_do_not_push_out_real_ones(store: WatchedStore, clock: Clock) -> None:
    """However many unknown keys are sent, a live key stays in the cache, and the cache stays bounded."""
    authenticator = Authenticator(store, PEPPERS, clock.now, clock=clock.monotonic, max_entries=3)
    made = await make_key(store)
    await authenticator.authenticate(made.secret)
    unknown = [new_secret() for _ in range(10)]
    for secret in unknown:
        await authenticator.authenticate(secret)
    assert store.lookups == 11
    for secret in (made.secret, *unknown[-3:]):
        await authenticator.authenticate(secret)
    assert store.lookups == 11
    await authenticator.authenticate(unknown[0])
    assert store.lookups == 12


@pytest.mark.parametrize("pepper", PEPPERS.all)
async def test_a_forgotten_key_is_looked_up_at_once(
    store: WatchedStore, authenticator: Authenticator, clock: Clock, pepper: object
) -> None:
    """After a notice of revocation the key is refused immediately, under whichever pepper it is stored."""
    own = SqlAccountStore(store.database, Peppers(tuple(p for p in PEPPERS.all if p == pepper)), clock.now)
    made = await make_key(own)
    assert isinstance(await authenticator.authenticate(made.secret), Principal)
    revoked = await store.revoke_key(made.key.id)
    assert revoked is not None
    authenticator.forget(revoked.digest)
    assert await authenticator.authenticate(made.secret) is KeyRefusal.REVOKED


async def test_an_answer_on_its_way_is_forgotten_too(store: WatchedStore, authenticator: Authenticator) -> None:
    """A notice of revocation that arrives during a look-up keeps the old answer out of the cache."""
    made = await make_key(store)
    store.answering.clear()
    asking = asyncio.create_task(authenticator.authenticate(made.secret))
    await store.asked.wait()
    revoked = await store.revoke_key(made.key.id)
    assert revoked is not None
    authenticator.forget(revoked.digest)
    store.answering.set()
    await asking
    assert await authenticator.authenticate(made.secret) is KeyRefusal.REVOKED


async def test_cached_keys_outlive_the_store_for_their_time(
    store: WatchedStore, authenticator: Authenticator, clock: Clock
) -> None:
    """While the store fails, cached keys are accepted for their lifetime and other keys raise, until it works again."""
    made = await make_key(store)
    await authenticator.authenticate(made.secret)
    store.is_away = True
    clock.advance(KEEP_SECONDS - 0.001)
    assert isinstance(await authenticator.authenticate(made.secret), Principal)
    with pytest.raises(StoreUnavailable, match="switched off"):
        await authenticator.authenticate(new_secret())
    clock.advance(0.001)
    with pytest.raises(StoreUnavailable):
        await authenticator.authenticate(made.secret)
    store.is_away = False
    assert isinstance(await authenticator.authenticate(made.secret), Principal)


async def test_calls_that_wait_together_fail_together(store: WatchedStore, authenticator: Authenticator) -> None:
    """Each of the calls that share a look-up raises if the store fails."""
    store.is_away = True
    secret = new_secret()
    outcomes = await asyncio.gather(*(authenticator.authenticate(secret) for _ in range(5)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [StoreUnavailable] * 5
    assert store.lookups == 1


async def test_a_store_that_does_not_answer_is_given_up(store: WatchedStore, clock: Clock) -> None:
    """A look-up without an answer raises StoreUnavailable after the time-out."""
    impatient = Authenticator(store, PEPPERS, clock.now, lookup_timeout_seconds=0.01)
    store.answering.clear()
    with pytest.raises(StoreUnavailable, match="no answer"):
        await impatient.authenticate(new_secret())


async def test_uses_of_keys_are_noted(store: WatchedStore, clock: Clock) -> None:
    """Accepted calls, and only they, record the time of the key's last use."""
    last_used = LastUsed(store)
    authenticator = Authenticator(store, PEPPERS, clock.now, last_used=last_used, clock=clock.monotonic)
    used, revoked = await make_key(store), await make_key(store)
    await store.revoke_key(revoked.key.id)
    for secret in (used.secret, revoked.secret):
        await authenticator.authenticate(secret)
        clock.advance(1)
    await last_used.flush()
    written = {key.id: key.last_used_at for key in await store.list_keys()}
    assert written == {used.key.id: START, revoked.key.id: None}


async def test_scopes_default_to_all(store: WatchedStore, authenticator: Authenticator) -> None:
    """A key made without scopes may call both APIs."""
    made = await make_key(store)
    principal = await authenticator.authenticate(made.secret)
    assert isinstance(principal, Principal)
    assert principal.scopes == ALL_SCOPES == {"tokens", "gateway"}


async def test_a_watched_key_is_looked_up_as_its_calls_are(
    store: WatchedStore, authenticator: Authenticator, clock: Clock
) -> None:
    """Repeated checks of whether a key is still accepted use the cache of calls, and find the key's end."""
    made = await make_key(store, seconds=100)
    is_accepted = authenticator.watch(made.secret)
    assert made.secret not in repr(is_accepted)
    assert [await is_accepted() for _ in range(10)] == [True] * 10
    assert await authenticator.authenticate(made.secret)
    assert store.lookups == 1
    clock.advance(KEEP_SECONDS)
    store.is_away = True
    with pytest.raises(StoreUnavailable):
        await is_accepted()
    store.is_away = False
    assert await is_accepted()
    clock.advance(100)
    assert not await is_accepted()


async def test_a_watched_key_that_is_revoked(store: WatchedStore, authenticator: Authenticator) -> None:
    """After a notice of a change the store is asked again."""
    made = await make_key(store)
    is_accepted = authenticator.watch(made.secret)
    assert await is_accepted()
    revoked = await store.revoke_key(made.key.id)
    assert revoked is not None
    assert await is_accepted()
    authenticator.forget(revoked.digest)
    assert not await is_accepted()
    assert not await authenticator.watch("no key")()
