"""The tables, as they are after the newest migration."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, MetaData, String, Table, Text

from service.stores.sql.types import UtcMicroseconds

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

account = Table(
    "account",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", UtcMicroseconds, nullable=False),
    Column("calls_per_second", Integer),
    Column("calls_per_month", BigInteger),
    CheckConstraint("calls_per_second > 0", name="calls_per_second"),
    CheckConstraint("calls_per_month > 0", name="calls_per_month"),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("account_id", String(40), ForeignKey("account.id"), nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    Column("pepper_id", String(12), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("last_four", String(4), nullable=False),
    Column("scopes", Text, nullable=False),
    Column("created_at", UtcMicroseconds, nullable=False),
    Column("expires_at", UtcMicroseconds),
    Column("revoked_at", UtcMicroseconds),
    Column("last_used_at", UtcMicroseconds),
)

console_user = Table(
    "console_user",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("email", String(254), nullable=False, unique=True),
    Column("account_id", String(40), ForeignKey("account.id"), nullable=False, index=True),
    Column("password_hash", Text, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("created_at", UtcMicroseconds, nullable=False),
)
