"""What a calling system pushes: rows in the contract's own words, so that no mapping file stands between.

Columns bear the contract's names, dates are ISO, decimals have a point, text is UTF-8. A row is whole: it
names every column that files give, so that a column left out can never pass for one that was emptied.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from earlywarn.errors import ExtractError
from earlywarn.tables.contract import ROW_NUMBER, Column, Contract, Table
from earlywarn.tables.drift import DriftRules, FewerRows, MoreRows
from earlywarn.tables.extracts import Extract, Extracts, Source

PushFormat = Literal["csv", "ndjson"]
PUSHED_FILES = "pushed-*"
_TEXTS = frozenset({"id", "category", "text", "identity", "date"})
_LONGEST_HEADER = 1 << 20
_JSON_TYPES: Mapping[str, list[str]] = {
    "integer": ["integer", "string"],
    "number": ["number", "string"],
    "boolean": ["boolean"],
    "day_offset": ["integer", "string"],
}


def pushable_tables(contract: Contract) -> dict[str, Table]:
    """Return the tables that rows can be pushed to, in declared order.

    A table that the contract writes itself takes no rows. In one whose rows are named by their number in a
    file, a second batch would overwrite the first, or repeat it.
    """
    return {
        name: table
        for name, table in contract.tables.items()
        if table.is_read and ROW_NUMBER not in table.key
    }


def pushed_columns(table: Table) -> dict[str, Column]:
    """Return the columns that every pushed row names."""
    return {name: column for name, column in table.columns.items() if column.is_given}


def push_extracts(contract: Contract, name: str, form: PushFormat) -> Extracts:
    """Return the mapping by which the file of one pushed batch is read, alone in its folder.

    What drifts from the batches before is stopped by the same rules as in files, save for the number of
    rows: a system pushes what is new, now much and now little.
    """
    columns = pushed_columns(contract.tables[name])
    extract = Extract(
        table=name,
        file=f"{PUSHED_FILES}.{form}",
        format=form,
        encoding="utf-8",
        separator=",",
        decimal=".",
        date_format="%Y-%m-%d",
        drift=DriftRules(fewer_rows=FewerRows(level="off"), more_rows=MoreRows(level="off")),
        texts=tuple(n for n, column in columns.items() if column.type in _TEXTS),
        columns={n: Source.model_validate({"from": n}) for n in columns},
    )
    return Extracts(extract=(extract,))


def check_pushed_header(path: Path, table: Table) -> None:
    """Refuse a CSV body whose first line is not the table's columns, each once, in any order.

    Raises:
        ExtractError: Names the columns that are missing; of the sender's own words it repeats none.
    """
    with path.open("rb") as handle:
        first = handle.readline(_LONGEST_HEADER)
    try:
        header = next(csv.reader([first.decode("utf-8-sig").strip("\r\n")], strict=True), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise _bad_header("the first line cannot be read as a header") from error
    given, due = [cell.strip() for cell in header], list(pushed_columns(table))
    missing = [name for name in due if name not in given]
    n_unknown = sum(name not in due for name in given)
    n_repeated = sum(given.count(name) > 1 for name in due)
    problems = [f"no column {', '.join(missing)}"] * bool(missing)
    problems += [f"{n_unknown} names that the table does not have"] * bool(n_unknown)
    problems += [f"{n_repeated} columns more than once"] * bool(n_repeated)
    if problems:
        raise _bad_header(f"the header has {'; '.join(problems)}")


def _bad_header(what: str) -> ExtractError:
    return ExtractError(what, where="line 1", todo="write the names that GET /v1/tables gives, each once")


def row_schema(table: Table) -> dict[str, Any]:
    """Return the JSON Schema of one pushed row; its names are also the columns of a CSV body."""
    columns = pushed_columns(table)
    return {
        "type": "object",
        "properties": {name: _column_schema(name, column, table) for name, column in columns.items()},
        "required": list(columns),
        "additionalProperties": False,
    }


def _column_schema(name: str, column: Column, table: Table) -> dict[str, Any]:
    is_needed = column.required or name in table.key_columns or name == table.known_on
    may_be_null = not is_needed or column.default is not None
    kinds = _JSON_TYPES.get(column.type, ["string"])
    kinds = [*kinds, "null"] if may_be_null else kinds
    schema: dict[str, Any] = {"type": kinds if len(kinds) > 1 else kinds[0]}
    if column.type == "date":
        schema["format"] = "date"
    if column.allowed is not None:
        schema["enum"] = [*column.allowed, *([None] if may_be_null else [])]
    if kinds == ["string"]:
        schema["minLength"] = 1
    if said := ". ".join(_said(column)):
        schema["description"] = said
    return schema


def _said(column: Column) -> list[str]:
    """Say what JSON Schema has no word for: limits hold for numbers written as text and for days, too."""
    said = []
    if column.type == "number":
        said.append(f"At most {column.decimals} decimals, kept exactly")
    if column.min is not None:
        said.append(f"At least {column.min}")
    if column.max is not None:
        said.append(f"At most {column.max}")
    if column.default is not None:
        said.append(f"{column.default} where null")
    if column.origin is not None:
        said.append(f"Whole days from {column.origin}")
    if column.pseudonym:
        said.append("Replaced by a pseudonym before anything is stored")
    if column.type == "identity":
        said.append("Kept encrypted, apart from the tables")
    return said
