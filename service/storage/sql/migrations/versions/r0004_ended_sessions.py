"""Sessions that were ended, and indexes for what is read and pruned by account and by key."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Make the table, empty, and the indexes."""
    op.create_table(
        "ended_session",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ended_session")),
    )
    op.create_index(op.f("ix_ended_session_expires_at"), "ended_session", ["expires_at"])
    op.drop_index(op.f("ix_api_key_account_id"), "api_key")
    op.create_index(op.f("ix_api_key_account_id_created_at_id"), "api_key", ["account_id", "created_at", "id"])
    op.create_index(op.f("ix_hold_account_id_opened_at_id"), "hold", ["account_id", "opened_at", "id"])
    op.create_index(op.f("ix_entry_key_id"), "entry", ["key_id"])


def downgrade() -> None:
    """Drop them; ended sessions that are not over can be used again."""
    op.drop_index(op.f("ix_entry_key_id"), "entry")
    op.drop_index(op.f("ix_hold_account_id_opened_at_id"), "hold")
    op.drop_index(op.f("ix_api_key_account_id_created_at_id"), "api_key")
    op.create_index(op.f("ix_api_key_account_id"), "api_key", ["account_id"])
    op.drop_table("ended_session")
