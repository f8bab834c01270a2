"""Keep a data-quality sheet per school, shown to those who answer for the school."""

from alembic import op

revision = "0003"
down_revision = "0001"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "CREATE TABLE earlywarn.school_quality (school_id text PRIMARY KEY, as_of date NOT NULL, "
    "n_findings integer NOT NULL, sheets jsonb NOT NULL)",
    "ALTER TABLE earlywarn.school_quality ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE earlywarn.school_quality FORCE ROW LEVEL SECURITY",
    "CREATE POLICY in_scope ON earlywarn.school_quality FOR SELECT USING ("
    "current_setting('earlywarn.role', true) IN ('principal', 'css') AND EXISTS ("
    "SELECT 1 FROM earlywarn.visible_schools v WHERE v.school_id = school_quality.school_id))",
    "CREATE POLICY loading ON earlywarn.school_quality TO earlywarn_owner "
    "USING (current_setting('earlywarn.loading', true) = 'on') "
    "WITH CHECK (current_setting('earlywarn.loading', true) = 'on')",
    "GRANT SELECT ON earlywarn.school_quality TO earlywarn_service",
)


def upgrade() -> None:
    """Lay the table, its row-level security and what the service may do."""
    for statement in _STATEMENTS:
        op.execute(statement)
