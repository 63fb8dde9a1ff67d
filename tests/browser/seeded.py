"""A console account with a past: keys, and calls that were charged, one to three a day."""

import random
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.auth.accounts import ApiKey
from service.auth.pepper import load_peppers
from service.auth.sql_accounts import SqlAccountStore
from service.billing.ledger import Charge, NewHold
from service.billing.money import MICRO_INR, TokenPrices, Tokens
from service.billing.sql_credit import WelcomeCredit
from service.billing.sql_ledger import SqlLedger
from service.storage.sql.engine import Database
from service.storage.sql.url import DatabaseUrl
from tests.end_to_end.server import COMMAND, PASSWORD, Server

EMAIL = "ada@example.org"
ACCOUNT = "harbour"
CHARGED_NAMES = ("gate camera", "notebook", "night shift")
HOSTILE_NAME = "<b onclick=alert(1)>=1+1</b>"
WELCOME = 25_000 * MICRO_INR
TARIFF = TokenPrices(25, 100)
DAYS = 12


def make_user(server: Server) -> None:
    """A person who may sign in."""
    subprocess.run(
        [*COMMAND, "users", "create", EMAIL, "--account", ACCOUNT, "--password-stdin"],
        env=server.environ, check=True, capture_output=True, text=True, input=PASSWORD + "\n",
    )  # fmt: skip


async def spend(data_dir: Path) -> None:
    """Keys of the account, and what they were charged up to now."""
    now = datetime.now(UTC)
    database = Database(DatabaseUrl.of_file(data_dir / "weighbridge.db"))
    try:
        peppers = load_peppers(data_dir)
        store = SqlAccountStore(database, peppers, lambda: now, welcome=WelcomeCredit(WELCOME))
        account = await store.get_or_create_account(ACCOUNT)
        keys = [(await store.create_key(account, name)).key for name in (*CHARGED_NAMES, HOSTILE_NAME)]
        dice = random.Random(1)
        for day in reversed(range(DAYS)):
            for key in keys[: dice.randrange(1, 4)]:
                await _charge(database, key, now - timedelta(days=day), dice)
    finally:
        await database.close()


async def _charge(database: Database, key: ApiKey, at: datetime, dice: random.Random) -> None:
    ledger = SqlLedger(database, lambda: at, WELCOME)
    tokens = Tokens(dice.randrange(200_000), dice.randrange(60_000))
    name = f"{dice.getrandbits(128):032x}"
    cost = TARIFF.cost(tokens)
    await ledger.hold(NewHold(name, name, key.account.id, key.id, cost, False, at + timedelta(minutes=1)))
    await ledger.settle(name, Charge(tokens, cost, "completed"))
