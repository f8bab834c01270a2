"""The tables of the service database, as statements name them; the migrations say what they hold."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSONB

from earlywarn.store.roles import SCHEMA

METADATA = MetaData(schema=SCHEMA)


def _text(*names: str, nullable: bool = False) -> list[Column[str]]:
    return [Column(name, Text, nullable=nullable) for name in names]


def _date(*names: str, nullable: bool = False) -> list[Column[object]]:
    return [Column(name, Date, nullable=nullable) for name in names]


schools = Table("schools", METADATA, Column("school_id", Text, primary_key=True), *_text("name", "css_id"))
enrollments = Table(
    "enrollments", METADATA, *_text("student_id", "school_id", "grade"), *_date("starts_on", "left_on")
)
group_members = Table(
    "group_members", METADATA, *_text("student_id", "group_id"), *_date("starts_on", "ends_on")
)
assignments = Table(
    "assignments", METADATA, *_text("staff_id", "group_id", "school_id"), *_date("starts_on", "ends_on")
)
identities = Table(
    "identities",
    METADATA,
    Column("student_id", Text, primary_key=True),
    Column("ciphertext", LargeBinary, nullable=False),
)
accounts = Table(
    "accounts",
    METADATA,
    Column("account_id", Text, primary_key=True),
    *_text("label", "role"),
    *_text("staff_id", "css_id", nullable=True),
    Column("school_ids", ARRAY(Text), nullable=False),
    Column("all_schools", Boolean, nullable=False),
    Column("with_names", Boolean, nullable=False),
    Column("may_write_tables", Boolean, nullable=False),
    Column("is_demonstration", Boolean, nullable=False),
    *_date("disabled_on", nullable=True),
)
api_keys = Table(
    "api_keys",
    METADATA,
    Column("key_id", Text, primary_key=True),
    *_text("account_id", "key_hash"),
    *_date("created_on"),
    *_date("revoked_on", nullable=True),
)
score_runs = Table(
    "score_runs",
    METADATA,
    Column("run_id", BigInteger, Identity(always=True), primary_key=True),
    *_text("model", "version"),
    *_date("as_of", "data_as_of"),
    Column("facts", JSONB, nullable=False),
    Column("n_scored", BigInteger, nullable=False),
    Column("n_not_scored", BigInteger, nullable=False),
    Column("loaded_at", DateTime(timezone=True), nullable=False),
    *_text("written_as", nullable=True),
    Column("shown_since", DateTime(timezone=True)),
    Column("is_thinned", Boolean, nullable=False),
)
current_runs = Table(
    "current_runs",
    METADATA,
    Column("model", Text, primary_key=True),
    Column("run_id", BigInteger, nullable=False),
)
scores = Table(
    "scores",
    METADATA,
    Column("run_id", BigInteger, primary_key=True),
    Column("student_id", Text, nullable=False),
    Column("unit", Text, primary_key=True),
    *_text("school_id", "grade", "period", "moment"),
    *_date("as_of"),
    Column("risk", Double),
    Column("risk_low", Double),
    Column("risk_high", Double),
    Column("margin", Double),
    Column("rank", Integer),
    Column("is_listed", Boolean, nullable=False),
    *_text("not_scored_because", nullable=True),
    Column("reasons", JSONB, nullable=False),
)
rosters = Table(
    "rosters",
    METADATA,
    Column("run_id", BigInteger, primary_key=True),
    Column("school_id", Text, primary_key=True),
    Column("grade", Text, primary_key=True),
    Column("n_students", Integer, nullable=False),
    Column("n_listed", Integer, nullable=False),
    Column("facts", JSONB, nullable=False),
)
answers = Table(
    "answers",
    METADATA,
    Column("answer_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    *_text("actor", "role", "student_id", "unit", "model", "version"),
    *_date("as_of"),
    *_text("period", "answer"),
)
school_quality = Table(
    "school_quality",
    METADATA,
    Column("school_id", Text, primary_key=True),
    *_date("as_of"),
    Column("n_findings", Integer, nullable=False),
    Column("sheets", JSONB, nullable=False),
)
access_log = Table(
    "access_log",
    METADATA,
    Column("access_id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    *_text("actor", "role", "route", "model_version"),
    Column("students", ARRAY(Text), nullable=False),
)
seals = Table(
    "seals",
    METADATA,
    Column("seal_id", BigInteger, Identity(always=True), primary_key=True),
    *_text("previous_hash", "hash"),
    Column("sealed_at", DateTime(timezone=True), nullable=False),
)
sealed_rows = Table(
    "sealed_rows",
    METADATA,
    Column("access_id", BigInteger, primary_key=True),
    Column("seal_id", BigInteger, nullable=False),
    *_text("row_hash"),
)
