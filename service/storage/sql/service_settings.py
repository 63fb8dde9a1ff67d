"""Settings of the service, as it was last started, for commands whose own may differ."""

from sqlalchemy import delete, insert, select

from service.storage.sql.engine import Database
from service.storage.sql.tables import service_setting

WELCOME = "credit_welcome_micro_inr"


async def record_welcome(database: Database, micro_inr: int) -> None:
    """Record the credit that the service gives with an account's first key. Raises StoreUnavailable."""
    if await recorded_welcome(database) == micro_inr:
        return
    async with database.writing() as connection:
        await connection.execute(delete(service_setting).where(service_setting.c.name == WELCOME))
        await connection.execute(insert(service_setting).values(name=WELCOME, value=str(micro_inr)))


async def recorded_welcome(database: Database) -> int | None:
    """Return what was recorded; None before the first start of a service. Raises StoreUnavailable."""
    async with database.reading() as connection:
        statement = select(service_setting.c.value).where(service_setting.c.name == WELCOME)
        value: str | None = (await connection.execute(statement)).scalar_one_or_none()
    return None if value is None else int(value)
