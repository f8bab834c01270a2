"""What travels over the wire: strict on the way in, without defaults on the way out."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    FailFast,
    Field,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError

from api.posted_rows import FeatureRows, PostedTables

FIRST_DAY = date(1900, 1, 1)
MOST_UNKNOWN_FIELDS = 20
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class Wire(BaseModel):
    """Refuse what the schema does not name, numbers that are none, and values of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _day(value: object) -> object:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and DAY.fullmatch(value):
        return date.fromisoformat(value)
    raise ValueError("not a day written YYYY-MM-DD")


Day = Annotated[date, Field(ge=FIRST_DAY, description=f"Not before {FIRST_DAY}."), BeforeValidator(_day)]
Code = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.:~-]+$")]
ModelName = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]


class Asked(Wire):
    """A body sent to the service; one of very many unknown fields is refused as a whole, at once."""

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > len(cls.model_fields) + MOST_UNKNOWN_FIELDS:
            raise PydanticCustomError("extra_forbidden", "Extra inputs are not permitted")
        return value


class Evidence(Wire):
    """What a reason rests on; a comparison that does not exist is null."""

    feature: str
    value: float
    window: str
    own_past: float | None
    peers_median: float | None


class Reason(Wire):
    """One association behind a score: a finding from the records, not a cause."""

    code: str
    direction: Literal["raises", "lowers"]
    strength: str
    text: str
    comparison: str
    actionable: bool
    evidence: Evidence


class ListBasis(Wire):
    """What a list is made by: a model, or rules that promise no rate; then why no risk is said."""

    list_by: Literal["model", "rules"]
    no_risk_because: str | None


class ScoreFacts(ListBasis):
    """What every score carries, wherever it is shown."""

    model: str
    outcome: str
    as_of: date
    data_age_days: int
    model_version: str


_RANGE = (
    "The shares of past students with such scores who met the outcome lie in this range: in 95 of 100 draws "
    "of their schools, and whichever way this student turns out. Null where the model has no range."
)
RiskLow = Annotated[float | None, Field(description=_RANGE)]
RiskHigh = Annotated[float | None, Field(description=_RANGE)]
ChanceRange = Annotated[str | None, Field(description="The range in words.")]


class Risk(ScoreFacts):
    """One outcome for one student; `risk` is null where there is none, and why is said.

    Either the student was not scored (`not_scored_because`), or the list is by rules (`no_risk_because`).
    """

    unit: list[str]
    risk: float | None
    risk_low: RiskLow
    risk_high: RiskHigh
    chance: str | None
    chance_range: ChanceRange
    on_roster: bool
    not_scored_because: str | None
    reasons: list[Reason]


class Answer(Wire):
    """What every answer with a score says about itself."""

    decision_support: str
    contest: str


class StudentRisks(Answer):
    """The stored risks of one student."""

    student_id: str
    risks: list[Risk]


class RosterEntry(Wire):
    """One student on a roster, in the roster's order; no risk is said where the list is by rules."""

    student_id: str
    grade: str
    unit: list[str]
    rank: int
    risk: float | None
    risk_low: RiskLow
    risk_high: RiskHigh
    chance: str | None
    chance_range: ChanceRange
    reasons: list[Reason]


class GradeRoster(Wire):
    """One grade's roster in numbers, whole, whatever part of it this page shows.

    `n_not_scored` counts those of whom too little is known, and `not_scored_because` says what is missing.
    """

    grade: str
    n_students: int
    n_listed: int
    n_not_scored: int | None
    not_scored_because: str | None
    capacity: int | None
    expected_share: float | None
    expected_share_in_words: str | None


class Roster(ScoreFacts, Answer):
    """A page of a school's rosters for one model; the `Link` header leads to the next."""

    school_id: str
    school_name: str
    grades: list[GradeRoster]
    students: list[RosterEntry]
    next_cursor: str | None


class ResolveRequest(Asked):
    """Codes as the calling system knows them."""

    codes: Annotated[list[Code], FailFast(), Field(min_length=1, max_length=500)]


class Resolved(Wire):
    """One code's opaque id; null where there is no such student in the caller's scope."""

    position: int
    student_id: str | None


class ResolveAnswer(Wire):
    """Opaque ids in the order of the codes, which are not repeated."""

    students: list[Resolved]


def _one_of_two(schema: dict[str, Any]) -> None:
    """Say in the schema what `_one_kind` holds: rows, or tables with their day, and not both."""
    schema["oneOf"] = [
        {"required": ["rows"], "properties": {"rows": {"type": "array"}}},
        {
            "required": ["tables", "as_of"],
            "properties": {"tables": {"type": "object"}, "as_of": {"type": "string"}},
        },
    ]


class ScoreRequest(Asked):
    """Either feature rows, or raw table rows that are complete for the posted students, with their day."""

    model_config = ConfigDict(json_schema_extra=_one_of_two)

    rows: FeatureRows = None
    tables: PostedTables = None
    as_of: Day | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> ScoreRequest:
        if (self.rows is None) == (self.tables is None):
            raise ValueError("needs either rows or tables")
        if self.tables is not None and self.as_of is None:
            raise ValueError("tables need an as_of")
        return self


class OnDemandScore(Wire):
    """The score of one posted row or unit, in the order posted or sorted by unit."""

    position: int
    unit: list[str]
    risk: float | None
    risk_low: RiskLow
    risk_high: RiskHigh
    margin: float | None
    chance: str | None
    chance_range: ChanceRange
    not_scored_because: str | None
    reasons: Annotated[list[Reason] | None, Field(description="Null where they were not asked for.")]


class ScoreAnswer(ListBasis, Answer):
    """Scores on demand: the same numbers as the batch from the same values."""

    model: str
    outcome: str
    model_version: str
    as_of: date
    data_age_days: int
    peers_as_of: date | None
    scores: list[OnDemandScore]


class ModelCard(ListBasis):
    """A published model, as this process serves it."""

    model: str
    version: str
    outcome: str
    capacity_share: float
    capacity_per: list[str]
    features: list[str]


class ModelCards(Wire):
    """All models in service."""

    models: list[ModelCard]


class PushableTable(Wire):
    """A table that takes rows; `row` is the JSON Schema of one, its names are the columns of a CSV body."""

    table: str
    grain: str
    key: list[str]
    row: dict[str, Any]


class PushableTables(Wire):
    """All tables that take rows, and in what form."""

    tables: list[PushableTable]
    content_types: list[str]
    limit_bytes: int
    line_limit_bytes: int


class BatchCounts(Wire):
    """Every row read, and where it went: read = new + superseding + unchanged + quarantined + duplicates."""

    read: int
    new: int
    superseding: int
    unchanged: int
    quarantined: int
    duplicates: int


class BatchRefusal(Wire):
    """Why a batch as a whole was not taken in."""

    what: str
    where: str
    todo: str


class BatchState(Wire):
    """A pushed batch: `received` and `processing` end as `accepted`, `refused` or `failed`."""

    batch_id: str
    table: str
    state: Literal["received", "processing", "accepted", "refused", "failed"]
    href: str
    report: str | None
    n_bytes: int
    sha256: str
    received_at: datetime
    received_on: date | None
    settled_at: datetime | None
    counts: BatchCounts | None
    refusal: BatchRefusal | None


class BatchList(Wire):
    """A page of the caller's batches, the latest first; the `Link` header leads to the next."""

    batches: list[BatchState]
    next_cursor: str | None


class Health(Wire):
    """The process answers."""

    status: Literal["ok"]


class Readiness(Wire):
    """This process has scored the golden rows of these models, and the database answers."""

    status: Literal["ready"]
    models: dict[str, str]


WIRE_NAMES = frozenset(name for model in (ResolveRequest, ScoreRequest) for name in model.model_fields) | {
    "body",
    "query",
    "path",
    "header",
    "cookie",
    "student_id",
    "school_id",
    "model",
    "grade",
    "limit",
    "cursor",
    "table",
    "batch_id",
    "reasons",
}
