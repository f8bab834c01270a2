"""How the rows of OneRoster become the contract's tables: the grammar of `mapping.toml` and of `[oneroster]`.

A network adds to the built-in mapping, or overrules it, table by table and column by column. Reads no export.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, RootModel, field_validator, model_validator

from earlywarn.declarations import Declared, load_declaration
from earlywarn.tables.contract import Contract, Scalar

Id = Literal["student", "staff", "group"]
Codes = Mapping[str, Scalar]
AnyRule = TypeVar("AnyRule", bound="Rule")


class Origin(Declared):
    """Where a column's text comes from: the first path that has one the code list knows, or any text."""

    from_: tuple[str, ...] = Field(default=(), alias="from")
    constant: Scalar | None = None
    take: Literal["text", "day_before", "age"] = "text"
    on: str = Field(default="", pattern=r"^(\d{2}-\d{2})?$")
    in_year: str = ""
    codes: Codes = Field(default_factory=dict)
    missing: tuple[str, ...] = ("",)
    round: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        if isinstance(given, str | list):
            given = {"from": given}
        if isinstance(given, dict) and isinstance(given.get("from"), str):
            given = {**given, "from": [given["from"]]}
        return given

    @model_validator(mode="after")
    def _one_origin(self) -> Origin:
        if bool(self.from_) == (self.constant is not None):
            raise ValueError("give either paths (from) or a constant")
        if (self.take == "age") != bool(self.on and self.in_year):
            raise ValueError("an age needs a day (on) and a year (in_year), and nothing else has them")
        return self

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path that is read."""
        return (*self.from_, self.in_year) if self.in_year else self.from_


class Rule(Declared):
    """Which rows a rule is about: the first of its columns that is not empty decides."""

    column: tuple[str, ...]
    among: tuple[str, ...] | None = None
    other_than: tuple[str, ...] | None = None

    @field_validator("column", mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        return (given,) if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_list(self) -> Rule:
        if (self.among is None) == (self.other_than is None):
            raise ValueError("give either the texts it is about (among) or all but these (other_than)")
        return self


class LeavingRule(Rule):
    """Which rows are none of the table's, in words for the report."""

    fr: str
    en: str


class Additions(Declared):
    """What a network says of one table; a rule set to false is lifted."""

    file: str | None = None
    within: tuple[str, ...] | None = None
    columns: Mapping[str, Origin] = Field(default_factory=dict)
    codes: Mapping[str, Codes] = Field(default_factory=dict)
    left_out: Mapping[str, LeavingRule | Literal[False]] = Field(default_factory=dict)
    held_back: Mapping[str, Rule | Literal[False]] = Field(default_factory=dict)


class OneRoster(Declared):
    """The `[oneroster]` section of a network's `extracts.toml`."""

    ids: Mapping[Id, str] = Field(default_factory=dict)
    without: tuple[str, ...] = ()
    tables: Mapping[str, Additions] = Field(default_factory=dict)


class RosterTable(Declared):
    """One table's whole mapping."""

    file: str
    within: tuple[str, ...] = ()
    columns: Mapping[str, Origin] = Field(default_factory=dict)
    left_out: Mapping[str, LeavingRule] = Field(default_factory=dict)
    held_back: Mapping[str, Rule] = Field(default_factory=dict)

    @property
    def paths(self) -> tuple[str, ...]:
        """Return every path that is read, each once."""
        read = [path for origin in self.columns.values() for path in origin.paths]
        rules = (*self.left_out.values(), *self.held_back.values())
        read += [path for rule in rules for path in rule.column]
        return tuple(dict.fromkeys(read))


class BuiltIn(RootModel[dict[str, RosterTable]]):
    """The mapping that every network starts from."""


@cache
def built_in() -> dict[str, RosterTable]:
    """Return the package's own mapping."""
    return load_declaration(Path(__file__).with_name("mapping.toml"), BuiltIn).root


def mapped_tables(contract: Contract, declared: OneRoster) -> dict[str, RosterTable]:
    """Return how each table of a contract is filled from an export, in the contract's order."""
    named: dict[str, str] = dict.fromkeys(("student", "staff", "group"), "sourcedId")
    named.update({str(word): column for word, column in declared.ids.items()})
    found = {}
    for name, table in contract.tables.items():
        additions = declared.tables.get(name, Additions())
        start = built_in().get(name) or (RosterTable(file=additions.file) if additions.file else None)
        if start is None or name in declared.without or not table.is_read:
            continue
        given = {n for n, column in table.columns.items() if column.is_given}
        found[name] = _named(_merged(start, additions, given), named)
    return found


def _merged(start: RosterTable, additions: Additions, given: set[str]) -> RosterTable:
    columns = {n: origin for n, origin in {**start.columns, **additions.columns}.items() if n in given}
    return RosterTable(
        file=additions.file or start.file,
        within=start.within if additions.within is None else additions.within,
        columns={
            n: origin.model_copy(update={"codes": additions.codes.get(n, origin.codes)})
            for n, origin in columns.items()
        },
        left_out=_rules(start.left_out, additions.left_out),
        held_back=_rules(start.held_back, additions.held_back),
    )


def _rules(start: Mapping[str, AnyRule], added: Mapping[str, AnyRule | Literal[False]]) -> dict[str, AnyRule]:
    return {name: rule for name, rule in {**start, **added}.items() if rule is not False}


def _named(table: RosterTable, ids: Mapping[str, str]) -> RosterTable:
    """Put the columns that name people and groups in the place of their braces."""

    def filled(path: str) -> str:
        for word, column in ids.items():
            path = path.replace("{" + word + "}", column)
        return path

    columns = {
        name: origin.model_copy(
            update={"from_": tuple(map(filled, origin.from_)), "in_year": filled(origin.in_year)}
        )
        for name, origin in table.columns.items()
    }

    def with_column(rules: Mapping[str, AnyRule]) -> dict[str, AnyRule]:
        return {
            n: rule.model_copy(update={"column": tuple(map(filled, rule.column))})
            for n, rule in rules.items()
        }

    left_out, held_back = with_column(table.left_out), with_column(table.held_back)
    return table.model_copy(update={"columns": columns, "left_out": left_out, "held_back": held_back})
