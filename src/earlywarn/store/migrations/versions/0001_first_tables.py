"""Lay the first tables, their row-level security and what each role may do.

Every table that shows a student has row-level security, forced. Policies read settings that hold for one
transaction; a setting that is absent, empty or of another request matches nothing. The owner, too, sees only
what a scope allows, save in a transaction that says it is loading.
"""
# ruff: noqa: S608 - statements are joined from this file's own words only

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_TABLES = """
CREATE TABLE {s}.schools (
    school_id text PRIMARY KEY, name text NOT NULL, css_id text NOT NULL);
CREATE TABLE {s}.enrollments (
    student_id text NOT NULL, school_id text NOT NULL, grade text NOT NULL,
    starts_on date NOT NULL, left_on date NOT NULL);
CREATE INDEX enrollments_student ON {s}.enrollments (student_id);
CREATE INDEX enrollments_school ON {s}.enrollments (school_id, grade);
CREATE TABLE {s}.group_members (
    student_id text NOT NULL, group_id text NOT NULL, starts_on date NOT NULL, ends_on date NOT NULL);
CREATE INDEX group_members_student ON {s}.group_members (student_id);
CREATE INDEX group_members_group ON {s}.group_members (group_id);
CREATE TABLE {s}.assignments (
    staff_id text NOT NULL, group_id text NOT NULL, school_id text NOT NULL,
    starts_on date NOT NULL, ends_on date NOT NULL);
CREATE INDEX assignments_staff ON {s}.assignments (staff_id);
CREATE INDEX assignments_group ON {s}.assignments (group_id);
CREATE TABLE {s}.identities (student_id text PRIMARY KEY, ciphertext bytea NOT NULL);
CREATE TABLE {s}.accounts (
    account_id text PRIMARY KEY, label text NOT NULL,
    role text NOT NULL CHECK (role IN ('teacher', 'principal', 'css', 'ministry', 'system')),
    staff_id text, css_id text, school_ids text[] NOT NULL, all_schools boolean NOT NULL,
    with_names boolean NOT NULL, is_demonstration boolean NOT NULL, disabled_on date);
CREATE TABLE {s}.api_keys (
    key_id text PRIMARY KEY, account_id text NOT NULL REFERENCES {s}.accounts,
    key_hash text NOT NULL UNIQUE, created_on date NOT NULL, revoked_on date);
CREATE TABLE {s}.score_runs (
    run_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, model text NOT NULL, version text NOT NULL,
    as_of date NOT NULL, data_as_of date NOT NULL, facts jsonb NOT NULL,
    n_scored bigint NOT NULL, n_not_scored bigint NOT NULL,
    loaded_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE {s}.current_runs (model text PRIMARY KEY, run_id bigint NOT NULL REFERENCES {s}.score_runs);
CREATE TABLE {s}.scores (
    run_id bigint NOT NULL, student_id text NOT NULL, unit text NOT NULL, school_id text NOT NULL,
    grade text NOT NULL, period text NOT NULL, moment text NOT NULL, as_of date NOT NULL,
    risk double precision, margin double precision, rank integer, is_listed boolean NOT NULL,
    not_scored_because text, reasons jsonb NOT NULL,
    PRIMARY KEY (run_id, unit)) PARTITION BY LIST (run_id);
CREATE INDEX scores_student ON {s}.scores (student_id);
CREATE INDEX scores_list ON {s}.scores (school_id, grade, rank) WHERE is_listed;
CREATE TABLE {s}.rosters (
    run_id bigint NOT NULL REFERENCES {s}.score_runs, school_id text NOT NULL, grade text NOT NULL,
    n_students integer NOT NULL, n_listed integer NOT NULL, facts jsonb NOT NULL,
    PRIMARY KEY (run_id, school_id, grade));
CREATE TABLE {s}.peer_snapshots (
    run_id bigint NOT NULL REFERENCES {s}.score_runs, peers jsonb NOT NULL, feature text NOT NULL,
    as_of date NOT NULL, median double precision, n integer NOT NULL CHECK (n >= 10));
CREATE INDEX peer_snapshots_run ON {s}.peer_snapshots (run_id);
CREATE TABLE {s}.access_log (
    access_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(), actor text NOT NULL, role text NOT NULL,
    route text NOT NULL, model_version text NOT NULL, students text[] NOT NULL);
CREATE TABLE {s}.seals (
    seal_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, previous_hash text NOT NULL,
    hash text NOT NULL UNIQUE, sealed_at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE TABLE {s}.sealed_rows (
    access_id bigint PRIMARY KEY, seal_id bigint NOT NULL REFERENCES {s}.seals, row_hash text NOT NULL);
CREATE INDEX sealed_rows_seal ON {s}.sealed_rows (seal_id);
"""

_SERVICE = "earlywarn_service"
_ROLE = "current_setting('earlywarn.role', true)"
_STAFF = "nullif(current_setting('earlywarn.staff_id', true), '')"
_CSS = "nullif(current_setting('earlywarn.css_id', true), '')"
_TODAY = "nullif(current_setting('earlywarn.today', true), '')::date"
_LISTED_SCHOOLS = "string_to_array(current_setting('earlywarn.school_ids', true), chr(31))"
_ALL = "current_setting('earlywarn.all_schools', true) = 'on'"

_VISIBLE_SCHOOLS = f"""
CREATE VIEW {{s}}.visible_schools WITH (security_invoker = true) AS
SELECT s.school_id FROM {{s}}.schools s WHERE CASE {_ROLE}
    WHEN 'principal' THEN s.school_id = ANY ({_LISTED_SCHOOLS})
    WHEN 'system' THEN {_ALL} OR s.school_id = ANY ({_LISTED_SCHOOLS})
    WHEN 'css' THEN s.css_id = {_CSS}
    WHEN 'teacher' THEN EXISTS (
        SELECT 1 FROM {{s}}.assignments a
        WHERE a.school_id = s.school_id AND a.staff_id = {_STAFF}
        AND {_TODAY} BETWEEN a.starts_on AND a.ends_on)
    ELSE false END
"""

# What a scope lets through, table by table. Each policy leans only on tables whose own policy is narrower:
# assignments, then group members, then enrollments, then everything told about a student.
_OWN_ASSIGNMENTS = f"{_ROLE} = 'teacher' AND staff_id = {_STAFF} AND {_TODAY} BETWEEN starts_on AND ends_on"
_OWN_MEMBERS = (
    f"{_ROLE} = 'teacher' AND {_TODAY} BETWEEN starts_on AND ends_on "
    "AND EXISTS (SELECT 1 FROM {s}.assignments a WHERE a.group_id = group_members.group_id)"
)
_OWN_ENROLLMENTS = f"""{_TODAY} BETWEEN starts_on AND left_on AND CASE WHEN {_ROLE} = 'teacher'
    THEN EXISTS (
        SELECT 1 FROM {{s}}.group_members m JOIN {{s}}.assignments a USING (group_id)
        WHERE m.student_id = enrollments.student_id AND a.school_id = enrollments.school_id)
    ELSE EXISTS (SELECT 1 FROM {{s}}.visible_schools v WHERE v.school_id = enrollments.school_id) END"""
_OWN_STUDENTS = "EXISTS (SELECT 1 FROM {s}.enrollments e WHERE e.student_id = {t}.student_id)"
_ENTITLED_TO_NAMES = (
    f"({_ROLE} IN ('teacher', 'principal', 'css') OR current_setting('earlywarn.with_names', true) = 'on')"
)
_SHOWN = {
    "assignments": _OWN_ASSIGNMENTS,
    "group_members": _OWN_MEMBERS,
    "enrollments": _OWN_ENROLLMENTS,
    "identities": f"{_ENTITLED_TO_NAMES} AND {_OWN_STUDENTS}",
    "scores": _OWN_STUDENTS,
    "rosters": "EXISTS (SELECT 1 FROM {s}.visible_schools v WHERE v.school_id = rosters.school_id)",
}
_LOADING = "current_setting('earlywarn.loading', true) = 'on'"


def _protect(schema: str) -> list[str]:
    statements = []
    for table, condition in _SHOWN.items():
        name = f"{schema}.{table}"
        statements += [
            f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY in_scope ON {name} FOR SELECT USING ({condition.format(s=schema, t=table)})",
            f"CREATE POLICY loading ON {name} TO earlywarn_owner USING ({_LOADING}) WITH CHECK ({_LOADING})",
        ]
    for table in ("access_log", "seals", "sealed_rows"):
        statements += [
            f"ALTER TABLE {schema}.{table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {schema}.{table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY sealing ON {schema}.{table} FOR SELECT TO earlywarn_sealer USING (true)",
        ]
    actor = f"actor = current_setting('earlywarn.account_id', true) AND role = {_ROLE}"
    return [
        *statements,
        f"CREATE POLICY in_own_name ON {schema}.access_log FOR INSERT TO {_SERVICE} WITH CHECK ({actor})",
        f"CREATE POLICY adding ON {schema}.seals FOR INSERT TO earlywarn_sealer WITH CHECK (true)",
        f"CREATE POLICY adding ON {schema}.sealed_rows FOR INSERT TO earlywarn_sealer WITH CHECK (true)",
    ]


_GRANTS = """
GRANT USAGE ON SCHEMA {s} TO earlywarn_service, earlywarn_sealer;
GRANT SELECT ON {s}.alembic_version, {s}.schools, {s}.visible_schools, {s}.enrollments, {s}.group_members,
    {s}.assignments, {s}.identities, {s}.accounts, {s}.api_keys, {s}.score_runs, {s}.current_runs, {s}.scores,
    {s}.rosters, {s}.peer_snapshots TO earlywarn_service;
GRANT INSERT (actor, role, route, model_version, students) ON {s}.access_log TO earlywarn_service;
GRANT SELECT ON {s}.access_log TO earlywarn_sealer;
GRANT SELECT, INSERT ON {s}.seals, {s}.sealed_rows TO earlywarn_sealer;
"""


def upgrade() -> None:
    """Lay tables, view, policies and grants."""
    schema = "earlywarn"
    for block in (_TABLES, _VISIBLE_SCHOOLS):
        for statement in block.format(s=schema).split(";"):
            if statement.strip():
                op.execute(statement)
    for statement in _protect(schema):
        op.execute(statement)
    for statement in _GRANTS.format(s=schema).split(";"):
        if statement.strip():
            op.execute(statement)
