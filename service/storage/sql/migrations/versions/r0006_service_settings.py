"""What the service was started with, for commands that run with other settings."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table, empty."""
    op.create_table(
        "service_setting",
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_service_setting")),
    )


def downgrade() -> None:
    """Drop it; commands go by their own settings."""
    op.drop_table("service_setting")
