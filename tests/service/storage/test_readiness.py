"""`/ready` says whether the stores accept writes now, with real stores that refuse them in every way."""

import asyncio
import shutil
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
import psycopg
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from service.auth.accounts import Account
from service.connections import Addresses, Connections
from service.http.health import Readiness
from service.storage.errors import StoreUnavailable
from service.storage.health import RefusedWrites, SharedChecks
from service.storage.sql.migrate import upgrade
from service.storage.sql.url import DatabaseUrl
from tests.eventually import eventually
from tests.served import Served, served
from tests.service.clocks import Clock
from tests.service.storage.databases import PEPPERS, Databases
from tests.service.store_process import StoreProcess
from tests.small_disk import MEBIBYTE, small_disk

WITHIN_SECONDS = 30


@dataclass(frozen=True)
class Probed:
    """A served `/ready`, and the stores that it checks."""

    server: Served
    connections: Connections

    def faults(self) -> dict[str, str]:
        """Return the faults by store; an empty result if it is ready."""
        answer = httpx2.get(f"{self.server.url}/ready", timeout=30)
        faults = {name: text for name, text in answer.json().items() if name != "status" and text != "ok"}
        assert answer.status_code == (503 if faults else 200)
        return faults

    def becomes(self, fault: str, store: str = "accounts") -> None:
        """Wait until this fault of the store is reported."""
        eventually(lambda: fault in self.faults().get(store, ""), within=WITHIN_SECONDS)

    def recovers(self) -> None:
        """Wait until the service is ready."""
        eventually(lambda: self.faults() == {}, within=WITHIN_SECONDS)

    def write(self, name: str) -> Account:
        """Write to the database as the service does."""
        return self.server.run(self.connections.accounts.get_or_create_account(name))


@contextmanager
def probed(store: StoreProcess, url: DatabaseUrl) -> Iterator[Probed]:
    """Yield the probe of a service with these stores."""
    upgrade(url)
    connections = Connections(Addresses(store.url, url, PEPPERS), limits_without_redis="local", redis_timeout_seconds=1)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with connections.open():
            yield

    app = Starlette(routes=[Route("/ready", Readiness(connections.faults, {}))], lifespan=lifespan)
    with served(app) as server:
        yield Probed(server, connections)


def test_a_locked_database_is_not_ready(own_store: StoreProcess, tmp_path: Path) -> None:
    """The database is not ready while another process holds the lock of writers."""
    path = tmp_path / "a.db"
    with probed(own_store, DatabaseUrl.of_file(path)) as service, closing(sqlite3.connect(path)) as other:
        assert service.faults() == {}
        other.execute("BEGIN EXCLUSIVE")
        service.becomes("The database cannot be written: database is locked.")
        other.rollback()
        service.recovers()


@pytest.mark.promise(42)
def test_a_full_disk_is_not_ready(own_store: StoreProcess, tmp_path: Path) -> None:
    """Not ready while the disk is full, even if nothing is written, and for some seconds after a refused write."""
    with (
        small_disk(tmp_path / "disk", MEBIBYTE) as disk,
        probed(own_store, DatabaseUrl.of_file(disk.folder / "a.db")) as service,
    ):
        assert service.faults() == {}
        service.write("Ada")
        disk.fill()
        service.becomes("The database cannot be written: database or disk is full.")
        disk.free()
        service.recovers()
        disk.fill()
        with pytest.raises(StoreUnavailable):
            service.write("Eve")
        disk.free()
        service.becomes("A write was refused ")
        service.write("Eve")


def test_a_file_system_that_became_read_only_is_not_ready(own_store: StoreProcess, tmp_path: Path) -> None:
    """A database that can only be read is not ready; it is ready again when it can be written."""
    with (
        small_disk(tmp_path / "disk", MEBIBYTE) as disk,
        probed(own_store, DatabaseUrl.of_file(disk.folder / "a.db")) as service,
    ):
        assert service.faults() == {}
        disk.remount("ro")  # nothing of the service is open, as the system demands
        service.becomes("The database cannot be written: ")
        disk.remount("rw")
        service.recovers()


@contextmanager
def immutable(path: Path) -> Iterator[Callable[[], None]]:
    """Make a file immutable until the yielded function is called. Skip the test if that is impossible."""

    def end() -> None:
        subprocess.run(["chattr", "-i", path], check=True)

    if shutil.which("chattr") is None or subprocess.run(["chattr", "+i", path], capture_output=True).returncode:
        pytest.skip("no file can be made immutable here")
    try:
        yield end
    finally:
        end()


def test_an_immutable_database_is_not_ready(own_store: StoreProcess, tmp_path: Path) -> None:
    """Not ready, even while connections that were open before still write to their log."""
    path = tmp_path / "a.db"
    with probed(own_store, DatabaseUrl.of_file(path)) as service:
        service.write("Ada")
        assert service.faults() == {}
        with immutable(path) as end:
            service.becomes("The database cannot be written: the file is read-only.")
            end()
            service.recovers()


def test_a_database_that_is_gone_is_not_made_anew(own_store: StoreProcess, tmp_path: Path) -> None:
    """A database file that was moved away is a fault, and no empty file takes its place."""
    path = tmp_path / "a.db"
    with probed(own_store, DatabaseUrl.of_file(path)) as service:
        path.rename(tmp_path / "b.db")
        service.becomes("The database cannot be written: the file is gone.")
        assert not path.exists()
        (tmp_path / "b.db").rename(path)
        service.recovers()


@pytest.mark.parametrize(
    ("setting", "refuses", "takes", "reason"),
    [
        ("maxmemory", "1", "0", "command not allowed when used memory"),
        ("min-replicas-to-write", "1", "0", "NOREPLICAS"),
    ],
)
def test_counters_that_refuse_writes_are_not_ready(
    own_store: StoreProcess, tmp_path: Path, setting: str, refuses: str, takes: str, reason: str
) -> None:
    """Counters that answer but refuse writes are not ready."""
    with probed(own_store, DatabaseUrl.of_file(tmp_path / "a.db")) as service, own_store.client() as client:
        assert service.faults() == {}
        client.config_set(setting, refuses)
        service.becomes(f"Redis refuses writes: {reason}", "counters")
        client.config_set(setting, takes)
        service.recovers()


def test_counters_that_became_a_replica_are_not_ready(own_store: StoreProcess, tmp_path: Path) -> None:
    """Counters that became a replica, so that the address leads to the wrong node, are not ready."""
    with probed(own_store, DatabaseUrl.of_file(tmp_path / "a.db")) as service, own_store.client() as client:
        client.replicaof("127.0.0.1", "1")
        service.becomes("Redis refuses writes: ", "counters")
        client.replicaof("NO", "ONE")
        service.recovers()


def test_counters_that_do_not_answer_are_named(own_store: StoreProcess, tmp_path: Path) -> None:
    """A store that does not answer is named in the reply."""
    with probed(own_store, DatabaseUrl.of_file(tmp_path / "a.db")) as service:
        own_store.freeze()
        service.becomes("Redis does not answer.", "counters")
        own_store.thaw()
        service.recovers()


def test_postgresql_that_refuses_writes_is_not_ready(own_store: StoreProcess, postgres: Databases) -> None:
    """A read-only PostgreSQL is not ready; a table that is locked is reported as no answer in time."""
    url = postgres.empty()
    upgrade(url)
    dsn = url.with_driver.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(dsn, autocommit=True) as other, probed(own_store, url) as service:
        assert service.faults() == {}
        other.execute("BEGIN")
        other.execute("LOCK TABLE alembic_version IN ACCESS EXCLUSIVE MODE")
        service.becomes("The database does not answer within 1.5 s.")
        other.execute("ROLLBACK")
        service.recovers()
        other.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        other.execute("SELECT pg_reload_conf()")
        try:
            service.becomes(
                "The database cannot be written: cannot execute SELECT FOR UPDATE in a read-only transaction."
            )
        finally:
            other.execute("ALTER SYSTEM RESET default_transaction_read_only")
            other.execute("SELECT pg_reload_conf()")
        service.recovers()


def test_a_refused_write_is_told_for_ten_seconds() -> None:
    """The last refused write of each store is reported for ten seconds, and no longer."""
    clock = Clock()
    refused = RefusedWrites(clock.monotonic)
    assert refused.fault("accounts") is None
    refused.note("accounts", "disk full.")
    assert refused.fault("accounts") == "A write was refused 0 s ago: disk full."
    assert refused.fault("counters") is None
    clock.advance(9)
    assert refused.fault("accounts") == "A write was refused 9 s ago: disk full."
    clock.advance(2)
    assert refused.fault("accounts") is None


@pytest.mark.anyio
async def test_however_many_ask_one_check_is_made_in_a_second() -> None:
    """Concurrent requests share one check, even if one of them is cancelled; so do requests within a second."""
    clock, checks = Clock(), 0
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def check() -> dict[str, str | None]:
        nonlocal checks
        checks += 1
        begun.set()
        await goes_on.wait()
        return {"accounts": None}

    shared = SharedChecks(check, clock.monotonic)
    asking = [asyncio.create_task(shared.ask()) for _ in range(100)]
    await begun.wait()
    asking[0].cancel()
    goes_on.set()
    assert [await one for one in asking[1:]] == [{"accounts": None}] * 99
    await shared.ask()
    assert checks == 1
    clock.advance(1)
    await shared.ask()
    assert checks == 2
    await shared.close()
