"""The grammar of outcomes: five forms, no Python, each decided on one day and never before.

`delay_days` says how long after its horizon a fact may still be entered: the label waits for it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from earlywarn.declarations import Declared, Location, ProblemsError
from earlywarn.errors import DeclarationError
from earlywarn.features.dating import event_column, shared_columns
from earlywarn.tables import Contract, parse_expression

At = Literal["period", "next_period"]
CutGroup = Literal["period", "moment", "grade"]
_EXPRESSIONS: dict[str, Literal["boolean", "number"]] = {
    "where": "boolean",
    "value": "number",
    "completed": "boolean",
    "censored": "boolean",
}
_DAY_OF_YEAR = r"^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"


class _InWords(Declared):
    """What the outcome is, in the words that a page shows."""

    fr: str
    """What the outcome is, in French."""
    en: str
    """What the outcome is, in English."""
    delay_days: int = Field(default=0, ge=0, le=366)
    """How long after its day a fact may still be entered; the label waits for it."""


class EventOutcome(_InWords):
    """Something happens within a number of days from the as-of date, or before the period ends."""

    form: Literal["event"]
    """Which form."""
    table: str
    """The table whose rows are the event."""
    where: str | None = None
    """Which rows of it count."""
    horizon_days: int | None = Field(default=None, ge=1, le=3660)
    """Days after the as-of date in which it counts; to the end of the period without."""


class _InPeriods(_InWords):
    """What a table says of this period or the next.

    `period` names the column that says which period a row is of; without it, the day it happened says so.
    `by` is a day of the last of these periods, MM-DD, by which the facts are in: the label is decided on the
    day after it instead of the day after the period.
    """

    period: str | None = None
    """The column that says which period a row is of."""
    by: str | None = Field(default=None, pattern=_DAY_OF_YEAR)
    """MM-DD of the last period by which the facts are in."""


class EqualsOutcome(_InPeriods):
    """A column has one of the given values when the period has ended.

    Without `at` it is the latest value ever known; with it, the latest one of that period, and a unit that
    has none there has no label. `happened_on` names the column with the day it came about, from which lead
    time counts; without it, that is the day the value became known.
    """

    form: Literal["equals"]
    """Which form."""
    table: str
    """The table that says it."""
    column: str
    """The column that is looked at."""
    values: tuple[str, ...] = Field(min_length=1)
    """The values that are the outcome."""
    at: tuple[At] | tuple[()] = ()
    """The period whose value counts; without, the latest value ever known."""
    happened_on: str | None = None
    """The column of the outcome's own day, for lead time."""

    @model_validator(mode="after")
    def _in_a_period(self) -> EqualsOutcome:
        if not self.at and (self.period or self.by):
            raise ValueError('period and by need at = ["period"] or at = ["next_period"]')
        return self


class BelowOutcome(_InPeriods):
    """A number lies below a mark in one of the periods."""

    form: Literal["below"]
    """Which form."""
    table: str
    """The table that says it."""
    value: str
    """A number, or arithmetic over columns."""
    mark: float
    """The outcome lies below this."""
    where: str | None = None
    """Which rows count."""
    at: tuple[At, ...] = ("period",)
    """In which of the periods."""


class QuantileOutcome(_InPeriods):
    """A number lies in the lowest share of the next period; training rows fit the cut-point.

    With `per`, each of these groups has a cut-point of its own. With `ranked`, the number is first turned
    into the share of its group (`[network] ranked_among`) that lies lower, so that a cut-point of one year
    holds for another whose scale differs.
    """

    form: Literal["quantile"]
    """Which form."""
    table: str
    """The table that says it."""
    value: str
    """A number, or arithmetic over columns."""
    share: float = Field(gt=0, lt=1)
    """The lowest share that is the outcome."""
    where: str | None = None
    """Which rows count."""
    at: tuple[At, ...] = ("next_period",)
    """In which period."""
    per: tuple[CutGroup, ...] = ()
    """Groups with a cut-point of their own."""
    ranked: bool = False
    """Cut ranks of the period instead of values."""


class ExitOutcome(_InWords):
    """The student does not come back by a day of the following period, without having completed.

    Rows of `table` are stays like the membership's; the latest one before the following period says whether
    the student had `completed` (then it is no exit) or is `censored` (then nothing can be said).
    """

    form: Literal["exit"]
    """Which form."""
    table: str
    """The table of stays."""
    return_by: str = Field(pattern=_DAY_OF_YEAR)
    """MM-DD of the following period by which a student is back."""
    completed: str
    """Which last stays are no exit."""
    censored: str
    """Of which last stays nothing can be said."""


Outcome = Annotated[
    EventOutcome | EqualsOutcome | BelowOutcome | QuantileOutcome | ExitOutcome, Field(discriminator="form")
]


def check_outcome(outcome: Outcome, contract: Contract, stages: Sequence[str] = ()) -> None:
    """Check an outcome against the tables it is read from, and against the stages at which a model looks.

    Raises:
        DeclarationError: It names what is not there, or what its form cannot use.
    """
    problems = outcome_problems(outcome, contract, stages)
    if problems:
        raise DeclarationError(
            "; ".join(message for _, message in problems), where="[outcome]", todo="mend model.toml"
        ) from ProblemsError(problems)


def outcome_problems(
    outcome: Outcome, contract: Contract, stages: Sequence[str] = ()
) -> list[tuple[Location, str]]:
    """Return every problem of an outcome, located by its keys."""
    if outcome.table not in contract.tables:
        return [(("table",), f"there is no table '{outcome.table}'")]
    columns = contract.columns_of(outcome.table)
    found: list[tuple[Location, str]] = []
    for key, kind in _EXPRESSIONS.items():
        text = getattr(outcome, key, None)
        if text is not None:
            try:
                parse_expression(text, contract.types_of(outcome.table), kind=kind)
            except DeclarationError as error:
                found.append(((key,), error.what))
    for key in ("column", "period"):
        name = getattr(outcome, key, None)
        if name is not None and name not in columns:
            found.append(((key,), f"table '{outcome.table}' has no column '{name}'"))
    day = getattr(outcome, "happened_on", None)
    if day is not None and (day not in columns or not columns[day].is_date):
        found.append((("happened_on",), f"table '{outcome.table}' has no column of days '{day}'"))
    if contract.network.student not in shared_columns(contract, outcome.table):
        found.append((("table",), f"'{outcome.table}' does not name the student"))
    if not contract.network.has_dates:
        found += _undated(outcome) or (_known_early(outcome, stages, contract) if not found else [])
    elif isinstance(outcome, EventOutcome) and event_column(contract, outcome.table) is None:
        found.append((("table",), f"'{outcome.table}' has no dated rows"))
    if isinstance(outcome, QuantileOutcome) and outcome.ranked and not contract.network.ranked_among:
        found.append((("ranked",), "[network] ranked_among names nobody to rank among"))
    if isinstance(outcome, ExitOutcome) and outcome.table != contract.network.membership:
        found.append((("table",), f"an exit is read from '{contract.network.membership}'"))
    return found


def _undated(outcome: Outcome) -> list[tuple[Location, str]]:
    """Find what needs days or periods in a network that has stages instead."""
    if isinstance(outcome, EventOutcome | ExitOutcome):
        return [(("form",), "the network has stages instead of dates: use equals, below or quantile")]
    for key in ("period", "by", "happened_on"):
        if getattr(outcome, key, None) is not None:
            return [((key,), "the network has stages instead of periods")]
    if "next_period" in outcome.at:
        return [(("at",), 'the network has stages instead of periods: at = ["period"]')]
    return []


def _known_early(outcome: Outcome, stages: Sequence[str], contract: Contract) -> list[tuple[Location, str]]:
    """Find the stages at which a model would look when its outcome is known already."""
    order, columns = contract.network.stages, contract.columns_of(outcome.table)
    key = "column" if isinstance(outcome, EqualsOutcome) else "value"
    told_by = columns_read(outcome, contract, keys=(key,)) & columns.keys()
    latest = max((order.index(stage) for name in told_by if (stage := columns[name].stage)), default=-1)
    early = [stage for stage in stages if stage in order and order.index(stage) >= latest]
    if not told_by or not early:
        return []
    return [((key,), f"the outcome is known at stage '{early[0]}' already; give its column a later stage")]


def columns_read(
    outcome: Outcome, contract: Contract, keys: Collection[str] = (*_EXPRESSIONS, "column", "period")
) -> frozenset[str]:
    """Return the columns of its table that some keys of an outcome read; all of them by default."""
    read: set[str] = set()
    types = contract.types_of(outcome.table)
    for key in keys:
        text = getattr(outcome, key, None)
        if text is not None:
            read |= parse_expression(text, types).columns if key in _EXPRESSIONS else {text}
    return frozenset(read)
