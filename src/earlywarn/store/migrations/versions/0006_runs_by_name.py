"""Store a run once, by the name it was written under, and show it when all of its night is in.

Peer medians go: nobody reads them from here, scoring on demand takes them from the run's own files.
"""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "ALTER TABLE earlywarn.score_runs ADD COLUMN written_as text, ADD COLUMN shown_since timestamptz",
    "ALTER TABLE earlywarn.score_runs ADD CONSTRAINT a_run_is_stored_once UNIQUE (model, written_as)",
    "UPDATE earlywarn.score_runs SET shown_since = loaded_at",
    "DROP TABLE earlywarn.peer_snapshots",
)


def upgrade() -> None:
    """Add both, and drop the medians; whatever was loaded before has been shown."""
    for statement in _STATEMENTS:
        op.execute(statement)
