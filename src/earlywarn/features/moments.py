"""Periods of a network, and the moments at which its units are looked at.

A moment is one as-of date of one period: 15 October of 2024-2025, day 30 of a presentation. A spec declares
moments by name; only the data say which periods there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol

from pydantic import field_validator, model_validator

from earlywarn.declarations import Declared
from earlywarn.errors import AsOfError
from earlywarn.tables import Contract, quote

if TYPE_CHECKING:
    import duckdb

EVERYBODY = "all"
"""The one period of a network that has stages instead of dates."""


class Tables(Protocol):
    """Validated tables as the features room needs them: `versions.<table>` in a DuckDB connection."""

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """Return the connection that holds the schema `versions`."""


@dataclass(frozen=True)
class Period:
    """A school year or a declared period, first and last day included.

    `line` is the line of periods it stands in, where several run side by side.
    """

    name: str
    starts_on: date
    ends_on: date
    line: str = ""


@dataclass(frozen=True)
class Moment:
    """One as-of date of one period, under the name its spec gives it."""

    period: str
    name: str
    as_of: date


class AsOfSpec(Declared):
    """When units are looked at: days of the school year, days from a period's start, or stages."""

    dates: tuple[str, ...] = ()
    """Days of every school year, MM-DD."""
    offset_days: tuple[int, ...] = ()
    """Days from the start of a period."""
    stages: tuple[str, ...] = ()
    """Stages, where a network has no dates; give one of the three."""

    @field_validator("dates")
    @classmethod
    def _days_of_the_year(cls, dates: tuple[str, ...]) -> tuple[str, ...]:
        for text in dates:
            try:
                date.fromisoformat(f"2023-{text}")
            except ValueError as error:
                raise ValueError(f"'{text}' is not a day of every year like 10-15") from error
        return dates

    @model_validator(mode="after")
    def _one_form(self) -> AsOfSpec:
        given = [form for form in (self.dates, self.offset_days, self.stages) if form]
        if len(given) != 1:
            raise ValueError("give one of dates, offset_days and stages")
        if len(set(given[0])) < len(given[0]):
            raise ValueError("the same moment is named twice")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Return the moments' names in declared order."""
        return tuple(str(name) for name in (*self.dates, *self.offset_days, *self.stages))


def periods_of(contract: Contract, tables: Tables) -> list[Period]:
    """Return the network's periods in order of their start: declared, or every school year with members."""
    declared = contract.network.periods
    if declared.table is not None:
        columns = ", ".join(
            quote(name or "") for name in (declared.key, declared.starts_on, declared.ends_on)
        )
        columns += f", coalesce(CAST({quote(declared.within)} AS VARCHAR), '')" if declared.within else ""
        rows = tables.connection.execute(
            f"SELECT DISTINCT {columns} FROM versions.{quote(declared.table)} WHERE superseded_on IS NULL"
        ).fetchall()
        return sorted((Period(*row) for row in rows), key=lambda period: (period.starts_on, period.name))
    starts_on = quote(contract.network.starts_on)
    bounds = tables.connection.execute(
        f"SELECT min({starts_on}), max({starts_on}) FROM versions.{quote(contract.network.membership)}"
    ).fetchall()
    first, last = bounds[0]
    if first is None:
        return []
    return [school_year(contract, year) for year in range(_year(contract, first), _year(contract, last) + 1)]


def school_year(contract: Contract, year: int) -> Period:
    """Return the school year that starts in a calendar year."""
    starts_on = date.fromisoformat(f"{year}-{contract.network.periods.starts}")
    ends_on = date.fromisoformat(f"{year + 1}-{contract.network.periods.starts}") - timedelta(days=1)
    return Period(f"{year}-{year + 1}", starts_on, ends_on)


def _year(contract: Contract, day: date) -> int:
    starts_on = date.fromisoformat(f"{day.year}-{contract.network.periods.starts}")
    return day.year if day >= starts_on else day.year - 1


def moments_of(contract: Contract, spec: AsOfSpec, tables: Tables, *, before: date) -> list[Moment]:
    """Return every moment of a spec up to a day, that day included, in order of date, period and name.

    Args:
        contract: The network's tables.
        spec: The declared moments.
        tables: Tells which periods there are.
        before: The first day that nothing is known of; usually today.
    """
    if spec.stages:
        return _stages(contract, spec.stages)
    if not contract.network.has_dates:
        raise AsOfError("the network has stages and no dates", todo="name stages in [as_of]")
    moments = [
        Moment(period.name, name, as_of)
        for period in periods_of(contract, tables)
        for name, as_of in _within(contract, spec, period)
    ]
    return sorted(
        (moment for moment in moments if moment.as_of <= before),
        key=lambda moment: (moment.as_of, moment.period, moment.name),
    )


def moments_on(contract: Contract, tables: Tables, as_of: date, *, stage: str | None = None) -> list[Moment]:
    """Return the moments of the periods that an as-of date lies in, for scoring on any day; or of a stage.

    Raises:
        AsOfError: The date lies in no period, or the network has stages and none is named.
    """
    if stage is not None:
        return _stages(contract, (stage,))
    if not contract.network.has_dates:
        known = ", ".join(contract.network.stages)
        raise AsOfError(
            "the network has stages instead of dates", todo=f"say at which: --stage, one of {known}"
        )
    if contract.network.periods.table is None:
        period = school_year(contract, _year(contract, as_of))
        return [Moment(period.name, f"{as_of:%m-%d}", as_of)]
    moments = [
        Moment(period.name, str((as_of - period.starts_on).days), as_of)
        for period in periods_of(contract, tables)
        if period.starts_on <= as_of <= period.ends_on
    ]
    if not moments:
        raise AsOfError(f"{as_of} lies in no period of the network", todo="choose a day within one")
    return moments


def _within(contract: Contract, spec: AsOfSpec, period: Period) -> list[tuple[str, date]]:
    if spec.offset_days:
        return [(str(days), period.starts_on + timedelta(days=days)) for days in spec.offset_days]
    if contract.network.periods.starts is None:
        years = range(period.starts_on.year, period.ends_on.year + 1)
        days = [(name, date.fromisoformat(f"{year}-{name}")) for name in spec.dates for year in years]
        return [(name, day) for name, day in days if period.starts_on <= day <= period.ends_on]
    first = period.starts_on
    return [
        (name, date.fromisoformat(f"{first.year if name >= f'{first:%m-%d}' else first.year + 1}-{name}"))
        for name in spec.dates
    ]


def _stages(contract: Contract, stages: Sequence[str]) -> list[Moment]:
    unknown = [stage for stage in stages if stage not in contract.network.stages]
    if unknown:
        raise AsOfError(f"the network has no stage '{unknown[0]}'", todo="name stages of the contract")
    days = [(stage, contract.stage_day(stage) + timedelta(days=1)) for stage in stages]
    return [Moment(EVERYBODY, stage, day) for stage, day in days]


def _stages_as_period(contract: Contract) -> Period:
    """Return the one period of a network without dates: from the first stage's day to the last's."""
    stages = contract.network.stages
    return Period(EVERYBODY, contract.stage_day(stages[0]), contract.stage_day(stages[-1]))


@dataclass(frozen=True)
class Calendar:
    """A period with its neighbors, which windows and labels count by; absent neighbors are None."""

    period: Period
    previous: Period | None
    following: Period | None


def calendar_of(contract: Contract, tables: Tables, moments: Sequence[Moment]) -> dict[str, Calendar]:
    """Return the calendar of each moment's period.

    Raises:
        AsOfError: A moment names a period that the network does not have.
    """
    if not contract.network.has_dates:
        return {EVERYBODY: Calendar(_stages_as_period(contract), None, None)}
    if contract.network.periods.table is None:
        years = {moment.period: _year(contract, moment.as_of) for moment in moments}
        return {
            name: Calendar(*(school_year(contract, year + step) for step in (0, -1, 1)))
            for name, year in years.items()
        }
    periods = periods_of(contract, tables)
    lines = sorted(periods, key=lambda period: period.line)  # sorting keeps the order within a line
    pairs = [(earlier, later) for earlier, later in pairwise(lines) if earlier.line == later.line]
    neighbors = {later.name: earlier for earlier, later in pairs}
    followers = {earlier.name: later for earlier, later in pairs}
    known = {period.name: period for period in periods}
    for moment in moments:
        if moment.period not in known:
            raise AsOfError(f"there is no period '{moment.period}'", todo="ingest the table of periods")
    return {
        name: Calendar(period, neighbors.get(name), followers.get(name)) for name, period in known.items()
    }
