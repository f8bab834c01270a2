"""Keep beside each risk how far it may be off; runs loaded before have no range."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the two bounds, empty where a run or its model has none."""
    op.execute(
        "ALTER TABLE earlywarn.scores ADD COLUMN risk_low double precision, "
        "ADD COLUMN risk_high double precision"
    )
