"""How a school's files become the declared tables: the grammar of `extracts.toml`. Reads no file of data."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from earlywarn.declarations import (
    Declared,
    Location,
    declaration_error,
    load_declaration,
    read_declaration,
)
from earlywarn.tables.contract import ROW_NUMBER, Contract, Scalar, Table
from earlywarn.tables.drift import DriftRules, merged, needs_values
from earlywarn.tables.oneroster import OneRoster, declared_problems

Formats = str | tuple[str, ...]


class Source(Declared):
    """Where a declared column's text comes from, and the rules that turn it into a value."""

    from_: str | None = Field(default=None, alias="from")
    constant: Scalar | None = None
    prefix: str = Field(default="", pattern=r"^[A-Za-z0-9_.-]*$")
    format: Formats = ()
    codes: Mapping[str, Scalar] = Field(default_factory=dict)
    decimal: Literal[".", ","] | None = None
    thousands: str | None = None
    missing: tuple[str, ...] | None = None
    round: bool = False
    optional: bool = False

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, given: object) -> object:
        return {"from": given} if isinstance(given, str) else given

    @model_validator(mode="after")
    def _one_origin(self) -> Source:
        if (self.from_ is None) == (self.constant is None):
            raise ValueError("give either the file's column (from) or a constant")
        if self.prefix and self.codes:
            raise ValueError("a prefix stands before a code as it is given, so a column has no list of codes")
        return self


class Reading(Declared):
    """How files are written: the rules that `[defaults]` and each extract may give.

    `booleans` are the texts that say yes and no in every column of that type which has no codes of its own.
    """

    format: Literal["csv", "parquet", "xlsx", "ndjson"] = "csv"
    encoding: str = "utf-8"
    separator: str = Field(default=",", min_length=1, max_length=1)
    decimal: Literal[".", ","] = "."
    thousands: str = Field(default="", max_length=1)
    date_format: Formats = "%Y-%m-%d"
    missing: tuple[str, ...] = ("",)
    quoted_newlines: bool = False
    booleans: Mapping[str, bool] = Field(default_factory=dict)
    ignore: tuple[str, ...] = ()
    drift: DriftRules = DriftRules()

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, name: str) -> str:
        try:
            return codecs.lookup(name).name
        except LookupError as error:
            raise ValueError("there is no such encoding") from error

    @model_validator(mode="after")
    def _distinct(self) -> Reading:
        if self.thousands in (self.decimal, "-", "+") or self.thousands.isdigit():
            raise ValueError("the thousands separator cannot be told from the number")
        return self


class Deletes(Declared):
    """The file's column, and its texts, that say that the key of a row is gone."""

    column: str
    values: tuple[str, ...] = Field(min_length=1)


class Defaults(Reading):
    """What holds for every extract that does not say otherwise; columns and codes are added to its own."""

    columns: Mapping[str, Source] = Field(default_factory=dict)
    codes: Mapping[str, Mapping[str, Scalar]] = Field(default_factory=dict)


class Extract(Reading):
    """Files of one shape, or a database's view, and the table they give rows to.

    `member` names files inside .zip files. `complete` says that a key that is known and not given is gone:
    within the values that the named columns have in these files, or in the whole table.
    `database` is a name only: its address, which may hold a password, never stands in a declared file.
    """

    table: str
    file: str = ""
    member: str | None = None
    database: str | None = Field(default=None, pattern=r"^[A-Z][A-Z0-9_]*$")
    view: str | None = Field(default=None, pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)?$")
    optional: bool = False
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1, le=1_048_576)
    complete: bool | tuple[str, ...] = False
    deletes: Deletes | None = None
    texts: tuple[str, ...] = ()
    """Columns of an NDJSON file that must be written as text: an id written as a number lost its zeros."""
    columns: Mapping[str, Source]
    codes: Mapping[str, Mapping[str, Scalar]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _one_source(self) -> Extract:
        if (self.database is None) != (self.view is None) or bool(self.file) == (self.view is not None):
            raise ValueError("give either a file, or a database and its view")
        if self.view is not None and self.optional:
            raise ValueError("a view is not optional: the intake stops where it is not there")
        return self

    @model_validator(mode="after")
    def _format_of_the_source(self) -> Extract:
        if self.format != "xlsx" and (self.sheet is not None or self.header_row != 1):
            raise ValueError('sheet and header_row are for format = "xlsx"')
        if self.member is not None and (self.format != "csv" or self.view is not None):
            raise ValueError("member names text files inside .zip files")
        return self

    @property
    def complete_within(self) -> tuple[str, ...] | None:
        """Return the columns within whose values the files are all there is; None where they are not."""
        if isinstance(self.complete, bool):
            return () if self.complete else None
        return self.complete

    @property
    def needed(self) -> tuple[str, ...]:
        """Return the file's columns that the mapping reads, each once."""
        named = [source.from_ for source in self.columns.values() if source.from_ not in (None, ROW_NUMBER)]
        named += [self.deletes.column] if self.deletes else []
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def may_lack(self, given: str) -> bool:
        """Say whether a file may be without one of its columns."""
        fed = [(name, source) for name, source in self.columns.items() if source.from_ == given]
        may = [source.optional or self.drift.of(name).dropped.level != "stop" for name, source in fed]
        return bool(may) and all(may)

    def rule(self, name: str) -> Source:
        """Return a column's source with every rule the extract gives it filled in."""
        source = self.columns[name]
        formats = source.format or self.date_format
        return source.model_copy(
            update={
                "format": (formats,) if isinstance(formats, str) else formats,
                "codes": source.codes or self.codes.get(name, {}),
                "decimal": source.decimal or self.decimal,
                "thousands": self.thousands if source.thousands is None else source.thousands,
                "missing": self.missing if source.missing is None else source.missing,
            }
        )


class Extracts(Declared):
    """A network's declared files."""

    defaults: Defaults = Defaults()
    extract: tuple[Extract, ...] = ()
    oneroster: OneRoster | None = None

    @model_validator(mode="after")
    def _some_source(self) -> Extracts:
        if not self.extract and self.oneroster is None:
            raise ValueError("name the files of at least one table ([[extract]]), or say [oneroster]")
        return self

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, given: Any) -> Any:
        """Give every extract the defaults it does not overrule."""
        if not isinstance(given, dict) or not isinstance(given.get("defaults", {}), dict):
            return given
        known = {k: v for k, v in given.get("defaults", {}).items() if k in Defaults.model_fields}
        extracts = given.get("extract", [])
        if not isinstance(extracts, list):
            return given
        return {**given, "extract": [_inheriting(known, item) for item in extracts]}


def _inheriting(known: dict[str, Any], item: Any) -> Any:
    """Return an extract with the defaults filled in; columns, codes and rules of drift are joined by name."""
    if not isinstance(item, dict):
        return item
    joined = {**known, **item}
    for key in ("columns", "codes"):
        parts = [part.get(key, {}) for part in (known, item)]
        if any(parts) and all(isinstance(part, dict) for part in parts):
            # Shared codes are for the extracts that have the column.
            has = parts[0].keys() if key == "columns" else dict(joined.get("columns") or {}).keys()
            joined[key] = {**{n: one for n, one in parts[0].items() if n in has}, **parts[1]}
    rules = [part["drift"] for part in (known, item) if isinstance(part.get("drift"), dict)]
    return {**joined, "drift": merged(*rules)} if len(rules) == 2 else joined


def load_extracts(path: Path, contract: Contract) -> Extracts:
    """Read `extracts.toml` and check it against the contract.

    Raises:
        DeclarationError: Lists every problem with its line.
    """
    extracts = load_declaration(path, Extracts)
    problems = list(dict.fromkeys(_written_at(extracts, *found) for found in _problems(extracts, contract)))
    if extracts.oneroster is not None:
        found = declared_problems(extracts.oneroster, contract)
        problems += [(("oneroster", *at), message) for at, message in found]
    if problems:
        raise declaration_error(path, read_declaration(path), problems)
    filled = [_with_booleans(extract, contract.tables[extract.table]) for extract in extracts.extract]
    return extracts.model_copy(update={"extract": tuple(filled)})


def _written_at(extracts: Extracts, at: Location, message: str) -> tuple[Location, str]:
    """Locate a problem of an inherited column or code where it is written: among the defaults."""
    match at:
        case (_, int(index), "columns" | "codes" as key, str(name)):
            own, common = getattr(extracts.extract[index], key), getattr(extracts.defaults, key)
            if name in common and own.get(name) == common[name]:
                return ("defaults", key, name), message
    return at, message


def _with_booleans(extract: Extract, table: Table) -> Extract:
    """Give each yes-or-no column without codes of its own the texts declared for all of them."""
    plain = {
        name: extract.booleans
        for name, source in extract.columns.items()
        if extract.booleans and table.columns[name].type == "boolean" and not source.codes
    }
    return extract.model_copy(update={"codes": {**plain, **extract.codes}})


def _problems(extracts: Extracts, contract: Contract) -> Iterator[tuple[Location, str]]:
    mapped = {name for extract in extracts.extract for name in extract.columns}
    for name in extracts.defaults.codes:
        if name not in mapped:
            yield ("defaults", "codes", name), f"codes for '{name}', which no extract's column gives"
    for index, extract in enumerate(extracts.extract):
        at = ("extract", index)
        table = contract.tables.get(extract.table)
        if table is None:
            yield (*at, "table"), f"the contract has no table '{extract.table}'"
        elif not table.is_read:
            yield (*at, "table"), f"table '{extract.table}' is not read from files"
        else:
            yield from _mapping(extract, table, at)


def _mapping(extract: Extract, table: Table, at: tuple[str | int, ...]) -> Iterator[tuple[Location, str]]:
    for name in extract.columns:
        column = table.columns.get(name)
        if column is None:
            yield (*at, "columns", name), f"the contract's table has no column '{name}'"
        elif not column.is_given:
            yield (*at, "columns", name), f"'{name}' is looked up or derived; no file gives it"
        else:
            yield from _rules(extract, table, name, at)
    for name in extract.complete_within or ():
        if name not in table.stored:
            yield (*at, "complete"), f"the contract's table has no column '{name}'"
    for key, named in (("codes", extract.codes), ("drift", extract.drift.columns)):
        for name in named:
            if name not in extract.columns:
                yield (*at, key, name), f"{key} for '{name}', which no file column gives"
    for name in extract.texts:
        if name not in extract.columns:
            yield (*at, "texts"), f"'{name}' is no column of this extract"
    for name, column in table.columns.items():
        needed = column.required or name in table.key_columns or name == table.known_on
        if needed and column.is_given and column.default is None and name not in extract.columns:
            yield (*at, "columns"), f"no file column gives '{name}', which is required"


def _rules(
    extract: Extract, table: Table, name: str, at: tuple[str | int, ...]
) -> Iterator[tuple[Location, str]]:
    source, column = extract.columns[name], table.columns[name]
    if source.format and column.type != "date":
        yield (*at, "columns", name), f"'{name}' is not a date and has no format"
    if source.from_ and extract.may_lack(source.from_) and needs_values(table, name):
        yield (*at, "columns", name), f"'{name}' is required, so no file may be without it"
    codes = source.codes or extract.codes.get(name, {})
    if source.prefix and column.type != "id":
        yield (*at, "columns", name), f"'{name}' is not an id and has no prefix"
    if source.prefix and extract.codes.get(name):
        yield (*at, "codes", name), f"'{name}' has a prefix, so it has no list of codes"
    if codes and column.type in ("date", "day_offset", "identity"):
        yield (*at, "codes", name), f"a column of type {column.type} has no codes"
    if column.allowed is not None:
        unknown = [str(value) for value in codes.values() if str(value) not in column.allowed]
        if unknown:
            yield (*at, "codes", name), f"code for '{unknown[0]}', which the contract does not allow"
