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
from earlywarn.tables.contract import Scalar

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
