"""The tables, as they are after the newest migration."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def microseconds_of(at: datetime) -> int:
    """Return an aware datetime as whole microseconds since 1970 in UTC."""
    return (at - EPOCH) // MICROSECOND


class UtcMicroseconds(TypeDecorator[datetime]):
    """An aware datetime stored as whole microseconds since 1970 in UTC, which sort alike on every database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Return the microseconds. Raise TypeError for a naive datetime, whose instant is not known."""
        return None if value is None else microseconds_of(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Return the datetime, aware and in UTC."""
        return None if value is None else EPOCH + value * MICROSECOND


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
    Column("account_id", String(40), ForeignKey("account.id"), nullable=False),
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
    Column("spent_micro_inr", BigInteger, nullable=False, server_default="0"),
    Index(None, "account_id", "created_at", "id"),
)

# Money in whole micro-rupees. `posted` is the sum of the account's entries, `held` that of its open holds.
balance = Table(
    "balance",
    metadata,
    Column("account_id", String(40), ForeignKey("account.id"), primary_key=True),
    Column("posted", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    CheckConstraint("held >= 0", name="held"),
    CheckConstraint("posted - held >= 0", name="available"),
)

# While it is open, `tokens` and `cost` are those of the last checkpoint, or null.
hold = Table(
    "hold",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("trace_id", String(32), nullable=False, index=True),
    Column("account_id", String(40), ForeignKey("account.id"), nullable=False),
    Column("key_id", String(40), ForeignKey("api_key.id"), nullable=False),
    Column("state", String(8), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("tokens_input", BigInteger),
    Column("tokens_output", BigInteger),
    Column("cost", BigInteger),
    Column("estimated", Boolean, nullable=False),
    Column("streamed", Boolean, nullable=False),
    Column("outcome", String(40)),
    Column("opened_at", UtcMicroseconds, nullable=False),
    Column("expires_at", UtcMicroseconds, nullable=False),
    Column("closed_at", UtcMicroseconds),
    Column("usage_fault", String(40)),
    CheckConstraint("amount >= 0", name="amount"),
    CheckConstraint("cost >= 0 AND cost <= amount", name="cost"),
    CheckConstraint("state IN ('open', 'settled', 'void')", name="state"),
    Index(None, "key_id", "opened_at"),
    Index(None, "account_id", "opened_at", "id"),
)
Index(
    "ix_hold_open",
    hold.c.key_id,
    hold.c.expires_at,
    sqlite_where=text("state = 'open'"),
    postgresql_where=text("state = 'open'"),
)

# Double entry, append-only (a trigger refuses changes): each row moves money from `debit` to `credit`.
entry = Table(
    "entry",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", UtcMicroseconds, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("reference", String(40), nullable=False),
    Column("account_id", String(40), ForeignKey("account.id"), nullable=False),
    Column("key_id", String(40), ForeignKey("api_key.id"), index=True),
    Column("debit", String(16), nullable=False),
    Column("credit", String(16), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("reason", Text, nullable=False),
    CheckConstraint("amount >= 0", name="amount"),
    UniqueConstraint("reference", "kind"),
    Index(None, "account_id", "id"),
)

# An idempotency key in use. Both digests are SHA-256; without a body the call is open or its answer is lost.
claim = Table(
    "claim",
    metadata,
    Column("key_id", String(40), ForeignKey("api_key.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Column("body_digest", String(64), nullable=False),
    Column("hold_id", String(40), ForeignKey("hold.id"), nullable=False, unique=True),
    Column("expires_at", UtcMicroseconds, nullable=False, index=True),
    Column("headers", Text),
    Column("content_type", Text),
    Column("body", LargeBinary),
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

# Sessions that their users ended, by their id, until their last token would have expired.
ended_session = Table(
    "ended_session",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("expires_at", UtcMicroseconds, nullable=False, index=True),
)

# What the service was last started with, as text.
service_setting = Table(
    "service_setting",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

# The number of the schema, as Alembic creates it itself: it is not one of the tables above.
schema_version = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
