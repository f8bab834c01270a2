"""Let an account write tables: a right of its own, for calling systems that reach the whole network only.

A pushed row may be about any student of the network, so nobody whose reach ends at some schools may hold it.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the right, which no account holds yet."""
    op.execute("ALTER TABLE earlywarn.accounts ADD COLUMN may_write_tables boolean NOT NULL DEFAULT false")
    op.execute(
        "ALTER TABLE earlywarn.accounts ADD CONSTRAINT writes_for_the_whole_network "
        "CHECK (NOT may_write_tables OR (role = 'system' AND all_schools))"
    )
