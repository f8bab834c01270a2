"""Measure a table's converted rows, before defaults are filled in: one pass, whatever the number of rows.

Counts, least and greatest are of all rows; a large file's quantiles and codes are of a bounded sample,
drawn by the number of the line, so that threads and repetitions change nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

import duckdb

from earlywarn.tables.drift.headers import GivenHeader, known_names, needs_values
from earlywarn.tables.drift.profile import Codes, ColumnProfile, Dates, Kind, Numbers, Profile
from earlywarn.tables.expressions import quote

if TYPE_CHECKING:
    from earlywarn.tables.contract import Column, Contract, Table
    from earlywarn.tables.extracts import Extract

MAX_CODES = 200
_DRAWN_NUMBERS = 100_000
_DRAWN_CODES = 1_000_000
_KINDS: dict[str, Kind] = {
    "integer": "number",
    "number": "number",
    "day_offset": "number",
    "date": "date",
    "category": "code",
    "boolean": "code",
}


@dataclass(frozen=True)
class FileSet:
    """The files of one extract that an intake read: their numbers in `_file`, their headers and rows.

    `key` tells the extract from the others of its table: its pattern, numbered where the pattern repeats.
    """

    extract: Extract
    key: str
    numbers: tuple[int, ...]
    headers: tuple[GivenHeader, ...]
    n_read: int
    n_broken: int


def profile_of(
    connection: duckdb.DuckDBPyConnection,
    relation: str,
    contract: Contract,
    name: str,
    given: FileSet,
    *,
    received_on: date,
    backfill: bool,
    is_alone: bool = False,
) -> Profile:
    """Return the profile of what the files of one extract gave.

    Args:
        connection: Where the relation is.
        relation: The table's converted rows, as quoted SQL: the given columns, `_file`, `_line`, `_reason`.
        contract: The network's contract.
        name: The table.
        given: The extract and its files.
        received_on: The day they were received.
        backfill: Whether they are history.
        is_alone: Whether the relation holds nothing but their rows.
    """
    rows = _Rows(connection, _only(relation, given, is_alone=is_alone), given.n_read - given.n_broken)
    read = dict(_read_columns(contract, name, given.extract))
    columns = {
        column: _described(contract.tables[name], column, source, is_missing=_is_missing(source, given))
        for column, source in read.items()
    }
    counts, bad = rows.counted([n for n, column in columns.items() if not column.is_missing])
    rows = replace(rows, has_bad=bad.n_rows > 0)
    figures = _figures(rows, contract.tables[name], given.extract, columns, counts)
    for column, n_values in counts.items():
        update = {
            "n_values": n_values,
            "n_clean_values": n_values - bad.values.get(column, 0),
            "reasons": bad.reasons.get(column, {}),
            **figures.get(column, {}),
        }
        columns[column] = columns[column].model_copy(update=update)
    return Profile(
        table=name,
        extract=given.key,
        received_on=received_on,
        backfill=backfill,
        complete=given.extract.complete,
        n_files=len(given.numbers),
        n_read=given.n_read,
        n_broken=given.n_broken,
        n_clean=rows.n_rows - bad.n_rows,
        headers=tuple(dict.fromkeys(known_names(header.cells, given.extract) for header in given.headers)),
        columns=columns,
    )


def _is_missing(source: str, given: FileSet) -> bool:
    """Say whether no header has a column; a source without headers gives what its mapping says."""
    return bool(given.headers) and not any(source in header.cells for header in given.headers)


def _described(table: Table, name: str, source: str, *, is_missing: bool) -> ColumnProfile:
    """Return what the declarations say of a column, before any row is looked at."""
    column = table.columns[name]
    return ColumnProfile(
        source=source,
        kind=_KINDS.get(column.type, "other"),
        type=column.type,
        required=needs_values(table, name),
        revealed_later=column.known_on is not None or column.stage is not None,
        is_missing=is_missing,
    )


def _figures(
    rows: _Rows,
    table: Table,
    extract: Extract,
    columns: Mapping[str, ColumnProfile],
    counts: Mapping[str, int],
) -> dict[str, dict[str, object]]:
    """Return what is kept of the values of each column that holds any, by its kind."""
    kinds: dict[Kind, list[str]] = {"number": [], "date": [], "code": [], "other": []}
    for name, n_values in counts.items():
        if n_values:
            kinds[columns[name].kind].append(name)
    declared = [n for n in kinds["code"] if _are_declared(table.columns[n], extract, n)]
    free = [n for n in kinds["code"] if n not in declared]
    codes = {**_codes(rows, declared, declared=True), **_codes(rows, free, declared=False)}
    found: dict[str, dict[str, object]] = {}
    for name, numbers in _numbers(rows, kinds["number"]).items():
        found[name] = {"numbers": numbers, "varies": numbers.minimum < numbers.maximum}
    for name, dates in _dates(rows, kinds["date"]).items():
        found[name] = {"dates": dates, "varies": dates.minimum < dates.maximum}
    for name, counted in codes.items():
        found[name] = {"codes": counted, "varies": counted.n_codes != 1}
    for name, varies in _vary(rows, kinds["other"]).items():
        found[name] = {"varies": varies}
    return found


def _read_columns(contract: Contract, name: str, extract: Extract) -> Iterator[tuple[str, str]]:
    """Yield each contract column that a file's column gives, with the file's name for it."""
    needed = set(extract.needed)
    for column in contract.tables[name].columns:
        source = extract.columns.get(column)
        if source is not None and source.from_ in needed:
            yield column, str(source.from_)


def _only(relation: str, given: FileSet, *, is_alone: bool) -> str:
    """Return the rows of the files, as a source and its first condition."""
    if is_alone:
        return f"{relation} WHERE TRUE"
    return f"{relation} WHERE _file BETWEEN {min(given.numbers)} AND {max(given.numbers)}"


@dataclass(frozen=True)
class _Bad:
    """The rows with a cell that broke a rule: how many, why by column, and the values they hold."""

    n_rows: int
    reasons: Mapping[str, Mapping[str, int]]
    values: Mapping[str, int]


@dataclass(frozen=True)
class _Rows:
    """The rows of one extract, as a source and its first condition."""

    connection: duckdb.DuckDBPyConnection
    source: str
    n_rows: int
    has_bad: bool = False

    def sampled(self, size: int) -> str:
        """Return the source cut down to about `size` rows, scattered evenly by the numbers of their lines."""
        if self.n_rows <= size:
            return self.source
        kept = max(1, 65_536 * size // self.n_rows)
        return f"{self.source} AND (_line * 40503) & 65535 < {kept}"

    def fetch(self, sql: str) -> list[tuple[object, ...]]:
        """Return what a query gives."""
        return self.connection.execute(sql).fetchall()

    def counted(self, columns: Sequence[str]) -> tuple[dict[str, int], _Bad]:
        """Return how many values each column holds, and what the rows that broke a rule hold of them."""
        values = ", ".join(["count(*)", *(f"count({quote(name)})" for name in columns)])
        (all_rows,) = self.fetch(f"SELECT {values} FROM {self.source}")
        reasons: dict[str, dict[str, int]] = {}
        held: dict[str, int] = dict.fromkeys(columns, 0)
        n_bad = 0
        for reason, n, *counts in self.fetch(
            f"SELECT _reason, {values} FROM {self.source} AND _reason IS NOT NULL GROUP BY 1 ORDER BY 1"
        ):
            column, _, code = str(reason).partition(":")
            reasons.setdefault(column, {})[code] = _int(n)
            n_bad += _int(n)
            for name, count in zip(columns, counts, strict=True):
                held[name] += _int(count)
        counted = dict(zip(columns, map(_int, all_rows[1:]), strict=True))
        return counted, _Bad(n_bad, reasons, held)


def _int(value: object) -> int:
    return int(str(value))


def _numbers(rows: _Rows, names: Sequence[str]) -> dict[str, Numbers]:
    """Return the figures of the columns of numbers, each of which holds a value."""
    if not names:
        return {}
    exact, sampled = [], []
    for given in map(quote, names):
        exact += [f"min({given})", f"max({given})", f"avg({given})", f"count(*) FILTER (WHERE {given} <= 1)"]
        fraction = f"rtrim(split_part(CAST({given} AS VARCHAR), '.', 2), '0')"
        sampled += [f"quantile_disc({given}, [0.05, 0.5, 0.95])", f"max(length({fraction}))"]
    (of_all,) = rows.fetch(f"SELECT {', '.join(exact)} FROM {rows.source}")
    (of_sample,) = rows.fetch(f"SELECT {', '.join(sampled)} FROM {rows.sampled(_DRAWN_NUMBERS)}")
    found = {}
    for index, name in enumerate(names):
        least, greatest, mean, n_to_one = of_all[4 * index : 4 * index + 4]
        quantiles, decimals = of_sample[2 * index : 2 * index + 2]
        figures = {"minimum": least, "maximum": greatest, "mean": mean, "n_to_one": n_to_one}
        # A sample of a column that is nearly empty may hold no value of it.
        drawn = {"quantiles": quantiles or (least, least, greatest), "decimals": decimals or 0}
        found[name] = Numbers.model_validate({**figures, **drawn})
    return found


def _dates(rows: _Rows, names: Sequence[str]) -> dict[str, Dates]:
    if not names:
        return {}
    ends = ", ".join(f"min({quote(name)}), max({quote(name)})" for name in names)
    (found,) = rows.fetch(f"SELECT {ends} FROM {rows.source}")
    return {
        name: Dates.model_validate({"minimum": found[2 * index], "maximum": found[2 * index + 1]})
        for index, name in enumerate(names)
    }


def _codes(rows: _Rows, names: Sequence[str], *, declared: bool) -> dict[str, Codes]:
    """Count the codes of columns, in all rows or in a sample of a million."""
    if not names:
        return {}
    counted = ", ".join(f"histogram({quote(name)})" for name in names)
    # A row that broke a rule may hold anything, a name in the wrong cell too.
    clean = " AND _reason IS NULL" if rows.has_bad else ""
    (found,) = rows.fetch(f"SELECT {counted} FROM {rows.sampled(_DRAWN_CODES)}{clean}")
    codes = {}
    for name, counts in zip(names, found, strict=True):
        named = _named(counts if isinstance(counts, dict) else {}, declared=declared)
        kept = dict(sorted(named.items())) if declared or len(named) <= MAX_CODES else {}
        codes[name] = Codes(declared=declared, n_counted=sum(named.values()), counts=kept, n_codes=len(named))
    return codes


def _named(counts: Mapping[object, int], *, declared: bool) -> dict[str, int]:
    """Return how often each code stands: under its name where it is declared, else under a digest."""
    named: dict[str, int] = {}
    for code, n in counts.items():
        text = str(code).lower() if isinstance(code, bool) else str(code)
        # What nobody declared may be a name in the wrong column.
        key = text if declared else hashlib.sha256(text.encode()).hexdigest()[:8]
        named[key] = named.get(key, 0) + n
    return named


def _vary(rows: _Rows, names: Sequence[str]) -> dict[str, bool]:
    """Say which columns hold more than one value; nothing of the values leaves the engine."""
    # Stops at the first value that differs.
    return {
        name: bool(
            rows.fetch(
                f"SELECT EXISTS (SELECT 1 FROM {rows.source} AND {quote(name)} <> "
                f"(SELECT {quote(name)} FROM {rows.source} AND {quote(name)} IS NOT NULL LIMIT 1))"
            )[0][0]
        )
        for name in names
    }


def _are_declared(column: Column, extract: Extract, name: str) -> bool:
    """Say whether the declarations know every code of a column."""
    return column.type == "boolean" or column.allowed is not None or bool(extract.rule(name).codes)
