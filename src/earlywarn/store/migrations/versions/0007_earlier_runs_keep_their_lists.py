"""Of a run that was replaced long ago, keep who was listed: nothing else of it is ever read here.

Its other scores are in the run's files.
"""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Note of each run whether it is whole; the next loading thins those that need not be."""
    op.execute("ALTER TABLE earlywarn.score_runs ADD COLUMN is_thinned boolean NOT NULL DEFAULT false")
