"""What makes no sense in the usage that an upstream reported for a call."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the column; nothing is known of earlier calls."""
    op.add_column("hold", sa.Column("usage_fault", sa.String(40)))


def downgrade() -> None:
    """Drop the column again."""
    op.drop_column("hold", "usage_fault")
