"""The written rules of drift: what each watches, its threshold, and whether it stops an intake or warns.

One job: the grammar of `[extract.drift]`, which reads no file of data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from earlywarn.declarations import Declared

Level = Literal["stop", "warn", "note", "off"]


class Rule(Declared):
    """How far a rule may go; `"warn"` alone is short for `{ level = "warn" }`."""

    level: Level = "warn"

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        return {"level": given} if isinstance(given, str) else given


class Stopping(Rule):
    """A rule that stops an intake unless the network declares less."""

    level: Level = "stop"


class Renamed(Stopping):
    """A mapped column is missing and another has a near name, or stands in its place."""

    likeness: float = Field(default=0.7, gt=0, le=1)


class Reordered(Rule):
    """The known columns stand in another order; they are read by name, so that nothing changes."""

    level: Level = "note"


class TooMany(Stopping):
    """A share of what was read is over `share`, and over `times` the usual share."""

    share: float = Field(default=0.05, ge=0, lt=1)
    times: float = Field(default=5, ge=1)


class UnitChanged(TooMany):
    """The median is `factor` times the usual or its inverse, all are shares, or too many break the limits."""

    factor: float = Field(default=20, gt=1)


class NewCategory(TooMany):
    """A code is not in the code list, or was never seen; it stops over `share` of the cells.

    Where nothing lists the codes, new ones up to `rare` of the cells are nothing new.
    """

    share: float = Field(default=0.2, ge=0, lt=1)
    rare: float = Field(default=0.01, ge=0, lt=1)


class FewerRows(Rule):
    """Fewer rows than `share` of before; without a level, it stops complete exports and warns of others."""

    level: Level | None = None  # type: ignore[assignment]
    share: float = Field(default=0.5, gt=0, le=1)


class MoreRows(Rule):
    """More rows than `times` those of before."""

    times: float = Field(default=3, gt=1)


class AllEmpty(Stopping):
    """A column that had values has none, where at least `expected` cells would usually hold one."""

    expected: int = Field(default=20, ge=1)


class Emptier(Rule):
    """The share of empty cells rose by more than `share`, beyond what chance does to so few cells."""

    share: float = Field(default=0.2, gt=0, lt=1)


class DatesOutOfRange(Rule):
    """Dates lie after the day received, or are older than usual, by more than `slack_days`."""

    slack_days: int = Field(default=366, ge=0)


class ColumnRules(Declared):
    """The rules that one column may have for itself."""

    min_rows: int = Field(default=50, ge=0)
    renamed: Renamed = Renamed()
    dropped: Stopping = Stopping()
    retyped: TooMany = TooMany()
    unit_changed: UnitChanged = UnitChanged()
    new_category: NewCategory = NewCategory()
    all_empty: AllEmpty = AllEmpty()
    emptier: Emptier = Emptier()
    constant: Rule = Rule()
    dates_out_of_range: DatesOutOfRange = DatesOutOfRange()


class DriftRules(ColumnRules):
    """The rules of one extract, with those of single columns."""

    past: int = Field(default=5, ge=1, le=20)
    added: Stopping = Stopping()
    reordered: Reordered = Reordered()
    broken_lines: TooMany = TooMany()
    fewer_rows: FewerRows = FewerRows()
    more_rows: MoreRows = MoreRows()
    columns: Mapping[str, ColumnRules] = Field(default_factory=dict)

    def of(self, column: str) -> ColumnRules:
        """Return a column's rules: its own where it has one, the extract's for the rest.

        >>> rules = DriftRules.model_validate({"constant": "off", "columns": {"mark": {"emptier": "stop"}}})
        >>> rules.of("mark").emptier.level, rules.of("mark").constant.level, rules.of("term").emptier.level
        ('stop', 'off', 'warn')
        """
        own = self.columns.get(column)
        if own is None:
            return self
        common = self.model_dump(exclude_unset=True, include=set(ColumnRules.model_fields))
        return ColumnRules.model_validate(merged(common, own.model_dump(exclude_unset=True)))


COLUMN_RULES = tuple(name for name in ColumnRules.model_fields if name != "min_rows")
TABLE_RULES = tuple(
    name
    for name in DriftRules.model_fields
    if name not in ColumnRules.model_fields and name not in ("past", "columns")
)


def merged(under: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one declaration of rules over another, key by key.

    >>> merged({"emptier": {"share": 0.4}, "min_rows": 9}, {"emptier": "stop"})
    {'emptier': {'share': 0.4, 'level': 'stop'}, 'min_rows': 9}
    """
    result = dict(under)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) or isinstance(value, Mapping):
            result[key] = merged(_long_form(below), _long_form(value))
        else:
            result[key] = value
    return result


def _long_form(given: object) -> Mapping[str, Any]:
    if isinstance(given, Mapping):
        return given
    return {} if given is None else {"level": given}
