"""What a network's tables are: grain, key, columns, types, and when each fact became known.

One job: the grammar of `contract.toml` and the questions other rooms ask of it. Reads no row.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from earlywarn.declarations import Declared, ProblemsError, load_declaration
from earlywarn.domain import Language
from earlywarn.tables.code_form import CodeForm
from earlywarn.tables.contract_checks import contract_problems

ColumnType = Literal[
    "id", "category", "text", "integer", "number", "date", "boolean", "day_offset", "identity"
]
Scalar = bool | int | Decimal | date | str
ROW_NUMBER = "{row_number}"
ROW_NUMBER_COLUMN = "row_number"
ALWAYS = "always"
ALWAYS_DAY = date(1900, 1, 1)
DATES: frozenset[str] = frozenset({"date", "day_offset"})


class Column(Declared):
    """One declared column: what it may hold, where it comes from, when it becomes known."""

    type: ColumnType
    required: bool = False
    allowed: tuple[str, ...] | None = None
    min: Decimal | date | None = None
    max: Decimal | date | None = None
    decimals: int = Field(default=4, ge=0, le=9)
    default: Scalar | None = None
    known_on: str | None = None
    stage: str | None = None
    sensitive: bool = False
    pseudonym: bool = False
    origin: str | None = None
    lookup: str | None = None
    derive: str | None = None
    label: Mapping[Language, str] = Field(default_factory=dict)
    labels: Mapping[Language, Mapping[str, str]] = Field(default_factory=dict)

    @property
    def is_given(self) -> bool:
        """Say whether a file gives the column, rather than a lookup or an expression."""
        return self.lookup is None and self.derive is None

    @property
    def is_date(self) -> bool:
        """Say whether the column is stored as a date."""
        return self.type in DATES

    @property
    def sql_type(self) -> str:
        """Return the DuckDB type the column is stored as."""
        if self.type == "number":
            return f"DECIMAL(18,{self.decimals})"
        return {"integer": "BIGINT", "boolean": "BOOLEAN", "date": "DATE", "day_offset": "DATE"}.get(
            self.type, "VARCHAR"
        )


class Cumulative(Declared):
    """Columns that hold running totals along `order`; the engine takes them apart into increments."""

    value: str | tuple[str, ...]
    over: tuple[str, ...] = ()
    order: str

    @property
    def values(self) -> tuple[str, ...]:
        """Return the running columns, whether one or several are declared."""
        return (self.value,) if isinstance(self.value, str) else self.value


class Expected(Declared):
    """What was due to a unit: every row of `each`, with the unit's row of `match` once that is known."""

    each: str
    match: str
    known_on: str


class Contradiction(Declared):
    """Two facts of a row that cannot both be true: which one is kept, and which are cleared."""

    name: str
    when: str
    keep: str
    clear: tuple[str, ...] = ()


class Table(Declared):
    """One declared table."""

    grain: str
    key: tuple[str, ...] = ()
    known_on: str = ""
    absent_means: Literal["zero", "unknown"] = "unknown"
    exposure: str | None = None
    duplicates: Literal["identical", "refuse"] = "identical"
    cumulative: Cumulative | None = None
    expected: Expected | None = None
    rows: tuple[Mapping[str, Scalar], ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    label: Mapping[Language, str] = Field(default_factory=dict)
    holds_help: bool = False
    """Whether it holds what staff do for a student; then no indicator and no other table reads it."""
    columns: Mapping[str, Column] = Field(default_factory=dict)

    @cached_property
    def stored(self) -> dict[str, Column]:
        """Return the columns a batch holds: no identity, and the row number where it is part of the key."""
        columns = {name: column for name, column in self.columns.items() if column.type != "identity"}
        if ROW_NUMBER in self.key:
            columns[ROW_NUMBER_COLUMN] = Column(type="id", required=True)
        return columns

    @property
    def key_columns(self) -> tuple[str, ...]:
        """Return the key as column names."""
        return tuple(ROW_NUMBER_COLUMN if name == ROW_NUMBER else name for name in self.key)

    @property
    def identities(self) -> tuple[str, ...]:
        """Return the columns that go to the encrypted identity file and nowhere else."""
        return tuple(name for name, column in self.columns.items() if column.type == "identity")

    @property
    def pseudonyms(self) -> tuple[str, ...]:
        """Return the columns whose codes become pseudonyms."""
        return tuple(name for name, column in self.columns.items() if column.pseudonym)

    @property
    def is_read(self) -> bool:
        """Say whether files give the table's rows, rather than the declaration or other tables."""
        return not self.rows and self.expected is None


class Periods(Declared):
    """The ordered periods of a network: school years from a day of the year, or a declared table.

    Where several lines of periods run side by side (two studies, two calendars), `within` names the column
    that tells them apart: a period is followed by the next one of its own line.
    """

    starts: str | None = Field(default=None, pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$")
    table: str | None = None
    key: str | None = None
    starts_on: str | None = None
    ends_on: str | None = None
    within: str | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Periods:
        given = (self.table, self.key, self.starts_on, self.ends_on)
        if (self.starts is None) == (self.table is None):
            raise ValueError('give either starts = "MM-DD" or a table')
        if self.table is not None and None in given:
            raise ValueError("a table of periods needs key, starts_on and ends_on")
        if self.table is None and any(value is not None for value in (*given, self.within)):
            raise ValueError("key, starts_on, ends_on and within belong to a table of periods")
        return self


class ScopeTables(Declared):
    """The tables that say who may see whom."""

    schools: str | None = None
    members: str | None = None
    assignments: str | None = None


class Network(Declared):
    """Who is scored, where they are on a date, and whom they are compared with.

    `level` is the column of the table of schools within which schools are compared with each other.
    """

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    unit: tuple[str, ...] = Field(min_length=1)
    student: str
    membership: str
    school: str
    grade: str | None = None
    starts_on: str = ""
    left_on: str = ""
    peers: tuple[str, ...] = ()
    ranked_among: tuple[str, ...] = ()
    timezone: str = "UTC"
    stages: tuple[str, ...] = ()
    level: str | None = None
    periods: Periods = Periods.model_construct()
    scope: ScopeTables = ScopeTables()
    pseudonyms: CodeForm = CodeForm()

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("there is no such time zone") from error
        return name

    @model_validator(mode="after")
    def _dates_or_stages(self) -> Network:
        if not self.has_dates and not self.stages:
            raise ProblemsError([(("periods",), "give periods, or stages where the files hold no dates")])
        missing = [name for name in ("starts_on", "left_on") if not getattr(self, name)]
        if self.has_dates and missing:
            raise ProblemsError([((missing[0],), f"{missing[0]} is missing: name a date of the membership")])
        given = [name for name in ("starts_on", "left_on") if getattr(self, name)]
        if not self.has_dates and given:
            raise ProblemsError([((given[0],), "a network without periods has stages and no dates")])
        return self

    @property
    def has_dates(self) -> bool:
        """Say whether facts have days; without them, stages alone say what was known when."""
        return self.periods.starts is not None or self.periods.table is not None


class Contract(Declared):
    """A network's declared tables, checked against each other."""

    network: Network
    tables: Mapping[str, Table]

    @model_validator(mode="after")
    def _consistent(self) -> Contract:
        problems = contract_problems(self)
        if problems:
            raise ProblemsError(problems)
        return self

    @property
    def hides_people(self) -> bool:
        """Say whether any column holds a code or a name that intake must put away."""
        return any(table.pseudonyms or table.identities for table in self.tables.values())

    def columns_of(self, table: str) -> dict[str, Column]:
        """Return the columns that `versions.<table>` shows; an expected table shows those it joins.

        An expected table holds the columns of `each`, the unit's, and those of `match` that neither has.
        """
        declared = self.tables[table]
        if declared.expected is None:
            return dict(declared.stored)
        return self.columns_of_expected(declared.expected)

    def columns_of_expected(self, expected: Expected) -> dict[str, Column]:
        """Return the columns of the rows that were due, in the order they are shown."""
        each = self.tables[expected.each].stored
        match = self.tables[expected.match].stored
        members = self.tables[self.network.membership].stored
        unit = {name: members[name] for name in self.network.unit}
        return {**match, **unit, **each}

    def types_of(self, table: str) -> dict[str, str]:
        """Return the declared type of each column an expression over the table may read."""
        return {name: column.type for name, column in self.columns_of(table).items()}

    def key_of(self, table: str) -> tuple[str, ...]:
        """Return the columns that name one row of the table."""
        declared = self.tables[table]
        if declared.expected is None:
            return declared.key_columns
        each = self.tables[declared.expected.each].key_columns
        return tuple(dict.fromkeys((*self.network.unit, *each)))

    def sensitive_columns(self) -> frozenset[tuple[str, str]]:
        """Return every (table, column) that may audit a model and never enter one."""
        return frozenset(
            (table, name)
            for table in self.tables
            for name, column in self.columns_of(table).items()
            if column.sensitive
        )

    def stage_day(self, stage: str) -> date:
        """Return the invented day a stage's facts become known on; stages are days apart, in order."""
        return ALWAYS_DAY + timedelta(days=1 + self.network.stages.index(stage))

    def reveals(self, table: str) -> dict[str, str]:
        """Return, for each column revealed later than its row, the SQL of the day it is known on."""
        return {
            name: f'"{column.known_on}"'
            if column.known_on
            else f"DATE '{self.stage_day(column.stage or '')}'"
            for name, column in self.columns_of(table).items()
            if column.known_on or column.stage
        }


def load_contract(path: Path) -> Contract:
    """Read and check `contract.toml`.

    Raises:
        DeclarationError: Lists every problem with its line.
    """
    return load_declaration(path, Contract)
