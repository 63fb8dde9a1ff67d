"""A spending process: holds and settles as fast as it can until the money is gone, and prints what it was charged.

Arguments: URL ACCOUNT KEY AMOUNT COST NAME. It says `ready`, and begins when a line comes in.
"""

import asyncio
import sys
from datetime import UTC, datetime, timedelta

from service.billing.ledger import Charge, Held, NewHold
from service.billing.money import Tokens
from service.billing.sql_ledger import SqlLedger
from service.storage.sql.engine import Database
from service.storage.sql.url import DatabaseUrl


def utc_now() -> datetime:
    """Return the current time, UTC."""
    return datetime.now(UTC)


async def spend(url: str, account_id: str, key_id: str, amount: int, cost: int, name: str) -> int:
    """Spend until the money is gone, and return the number of paid calls."""
    database = Database(DatabaseUrl.parse(url))
    ledger = SqlLedger(database, utc_now, 0)
    async with database.reading():
        sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    paid = 0
    while True:
        hold_id = f"{name}-{paid}"
        lease = utc_now() + timedelta(hours=1)
        wanted = NewHold(hold_id, f"{paid:032x}", account_id, key_id, amount, False, lease)
        if not isinstance(await ledger.hold(wanted), Held):
            break
        await ledger.settle(hold_id, Charge(Tokens(0, 0), cost, "completed"))
        paid += 1
    await ledger.close()
    await database.close()
    return paid


if __name__ == "__main__":
    _, url, account_id, key_id, amount, cost, name = sys.argv
    sys.stdout.write(f"{asyncio.run(spend(url, account_id, key_id, int(amount), int(cost), name))}\n")
