"""The welcome credit that a service recorded at its start, as commands find it."""

import pytest

from service.billing.sql_credit import record_welcome, recorded_welcome
from service.storage.sql.engine import Database
from service.storage.sql.migrate import upgrade
from tests.service.storage.databases import Databases

pytestmark = pytest.mark.anyio


async def test_the_newest_welcome_is_found(databases: Databases) -> None:
    """Before the first start nothing is found; then the amount that the last start recorded, also if it was none."""
    url = databases.empty()
    upgrade(url)
    database = Database(url)
    assert await recorded_welcome(database) is None
    for micro_inr in (7_000_000, 7_000_000, 0, 10**15):
        await record_welcome(database, micro_inr)
        assert await recorded_welcome(database) == micro_inr
    await database.close()
