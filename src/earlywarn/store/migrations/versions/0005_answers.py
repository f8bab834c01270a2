"""Keep what staff answer to a flag: a plan made, known already, or not relevant; never edited, never removed.

An answer names the flag as it stood: student, unit, model, version, as-of date and period. It is shown to
those in whose scope the student is, and written in one's own name only. No answer is ever a feature.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OWN = "EXISTS (SELECT 1 FROM earlywarn.enrollments e WHERE e.student_id = answers.student_id)"
_IN_OWN_NAME = (
    "actor = current_setting('earlywarn.account_id', true) AND role = current_setting('earlywarn.role', true)"
)
_LOADING = "current_setting('earlywarn.loading', true) = 'on'"
_STATEMENTS = (
    "CREATE TABLE earlywarn.answers ("
    "answer_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "at timestamptz NOT NULL DEFAULT clock_timestamp(), actor text NOT NULL, role text NOT NULL, "
    "student_id text NOT NULL, unit text NOT NULL, model text NOT NULL, version text NOT NULL, "
    "as_of date NOT NULL, period text NOT NULL, "
    "answer text NOT NULL CHECK (answer IN ('plan_made', 'known_already', 'not_relevant')))",
    "CREATE INDEX answers_unit ON earlywarn.answers (model, unit, period)",
    "ALTER TABLE earlywarn.answers ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE earlywarn.answers FORCE ROW LEVEL SECURITY",
    f"CREATE POLICY in_scope ON earlywarn.answers FOR SELECT USING ({_OWN})",
    "CREATE POLICY in_own_name ON earlywarn.answers FOR INSERT TO earlywarn_service "
    f"WITH CHECK ({_OWN} AND {_IN_OWN_NAME})",
    f"CREATE POLICY loading ON earlywarn.answers FOR SELECT TO earlywarn_owner USING ({_LOADING})",
    "GRANT SELECT ON earlywarn.answers TO earlywarn_service",
    "GRANT INSERT (actor, role, student_id, unit, model, version, as_of, period, answer) "
    "ON earlywarn.answers TO earlywarn_service",
)


def upgrade() -> None:
    """Lay the table, its row-level security and what the service may do."""
    for statement in _STATEMENTS:
        op.execute(statement)
