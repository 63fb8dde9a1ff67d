"""Prepaid credit: balances, holds, double entry, and idempotency keys."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

APPEND_ONLY = {
    "sqlite": (
        "CREATE TRIGGER entry_append_only_update BEFORE UPDATE ON entry "
        "BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END",
        "CREATE TRIGGER entry_append_only_delete BEFORE DELETE ON entry "
        "BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION entry_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'entries are never changed'; END $$",
        "CREATE TRIGGER entry_append_only BEFORE UPDATE OR DELETE ON entry "
        "FOR EACH ROW EXECUTE FUNCTION entry_append_only()",
    ),
}


def upgrade() -> None:
    """Make the tables; no account has credit yet."""
    op.add_column("api_key", sa.Column("spent_micro_inr", sa.BigInteger, nullable=False, server_default="0"))
    op.create_table(
        "balance",
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("posted", sa.BigInteger, nullable=False),
        sa.Column("held", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_balance")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_balance_account_id_account")),
        sa.CheckConstraint("held >= 0", name=op.f("ck_balance_held")),
        sa.CheckConstraint("posted - held >= 0", name=op.f("ck_balance_available")),
    )
    _create_hold()
    _create_entry()
    op.create_table(
        "claim",
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body_digest", sa.String(64), nullable=False),
        sa.Column("hold_id", sa.String(40), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("headers", sa.Text),
        sa.Column("content_type", sa.Text),
        sa.Column("body", sa.LargeBinary),
        sa.PrimaryKeyConstraint("key_id", "digest", name=op.f("pk_claim")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_claim_key_id_api_key")),
        sa.ForeignKeyConstraint(["hold_id"], ["hold.id"], name=op.f("fk_claim_hold_id_hold")),
        sa.UniqueConstraint("hold_id", name=op.f("uq_claim_hold_id")),
    )
    op.create_index(op.f("ix_claim_expires_at"), "claim", ["expires_at"])


def _create_hold() -> None:
    op.create_table(
        "hold",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("trace_id", sa.String(32), nullable=False),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("key_id", sa.String(40), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("tokens_input", sa.BigInteger),
        sa.Column("tokens_output", sa.BigInteger),
        sa.Column("cost", sa.BigInteger),
        sa.Column("estimated", sa.Boolean, nullable=False),
        sa.Column("streamed", sa.Boolean, nullable=False),
        sa.Column("outcome", sa.String(40)),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("closed_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hold")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_hold_account_id_account")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_hold_key_id_api_key")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_hold_amount")),
        sa.CheckConstraint("cost >= 0 AND cost <= amount", name=op.f("ck_hold_cost")),
        sa.CheckConstraint("state IN ('open', 'settled', 'void')", name=op.f("ck_hold_state")),
    )
    op.create_index(op.f("ix_hold_trace_id"), "hold", ["trace_id"])
    op.create_index(op.f("ix_hold_key_id_opened_at"), "hold", ["key_id", "opened_at"])
    is_open = sa.text("state = 'open'")
    op.create_index(
        op.f("ix_hold_open"), "hold", ["key_id", "expires_at"], sqlite_where=is_open, postgresql_where=is_open
    )


def _create_entry() -> None:
    op.create_table(
        "entry",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("reference", sa.String(40), nullable=False),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("key_id", sa.String(40)),
        sa.Column("debit", sa.String(16), nullable=False),
        sa.Column("credit", sa.String(16), nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_entry_account_id_account")),
        sa.ForeignKeyConstraint(["key_id"], ["api_key.id"], name=op.f("fk_entry_key_id_api_key")),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_entry_amount")),
        sa.UniqueConstraint("reference", "kind", name=op.f("uq_entry_reference_kind")),
    )
    op.create_index(op.f("ix_entry_account_id_id"), "entry", ["account_id", "id"])
    for statement in APPEND_ONLY[op.get_bind().dialect.name]:
        op.execute(statement)


def downgrade() -> None:
    """Drop the tables, with all money in them."""
    for table in ("claim", "entry", "hold", "balance"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION entry_append_only")
    op.drop_column("api_key", "spent_micro_inr")
