"""People who may log in to the console."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the table of users."""
    op.create_table(
        "console_user",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("account_id", sa.String(40), nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("generation", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_console_user")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_console_user_account_id_account")),
        sa.UniqueConstraint("email", name=op.f("uq_console_user_email")),
    )
    op.create_index(op.f("ix_console_user_account_id"), "console_user", ["account_id"])


def downgrade() -> None:
    """Drop the table, with all users."""
    op.drop_table("console_user")
