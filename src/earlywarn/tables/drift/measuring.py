"""Measure a table's converted rows as they come, before defaults are filled in, in flat memory.

Counts, sums, least and greatest are of all rows; quantiles and codes of a bounded sample, drawn by the number
of the line, so that threads and repetitions change nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from earlywarn.tables.drift.headers import GivenHeader, known_names, needs_values
from earlywarn.tables.drift.profile import Codes, ColumnProfile, Dates, Kind, Numbers, Profile
from earlywarn.tables.expressions import quote

if TYPE_CHECKING:
    from earlywarn.tables.contract import Column, Contract, Table
    from earlywarn.tables.extracts import Extract

MAX_CODES = 200
_DRAWN = 250_000
_ALL = 1 << 16
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
    """The files of one extract that an intake read: how many, their headers, rows and measures.

    `key` tells the extract from the others of its table: its pattern, numbered where the pattern repeats.
    """

    extract: Extract
    key: str
    n_files: int
    headers: tuple[GivenHeader, ...]
    n_read: int
    n_broken: int
    measured: Measurement


@dataclass
class Measurement:
    """The figures of one extract's rows, added to as they are converted.

    Attributes:
        connection: Where the converted rows are, a share of them at a time.
        contract: The network's contract.
        name: The table.
        extract: The extract that gives the rows.
        key: The name that its profiles are kept under.
    """

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    name: str
    extract: Extract
    key: str
    n_bad: int = 0
    reasons: dict[str, Counter[str]] = field(default_factory=dict)
    bad_values: Counter[str] = field(default_factory=Counter)
    n_values: Counter[str] = field(default_factory=Counter)
    _ends: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    _sums: dict[str, Decimal] = field(default_factory=dict)
    _n_to_one: Counter[str] = field(default_factory=Counter)
    _first: dict[str, object] = field(default_factory=dict)
    _varying: set[str] = field(default_factory=set)
    _threshold: int = _ALL

    def __post_init__(self) -> None:
        """Sort the columns by what is kept of them."""
        table = self.contract.tables[self.name]
        self.sources = dict(_read_columns(self.contract, self.name, self.extract))
        kinds = {name: _KINDS.get(table.columns[name].type, "other") for name in self.sources}
        self.numbers = [name for name, kind in kinds.items() if kind == "number"]
        self.dates = [name for name, kind in kinds.items() if kind == "date"]
        self.codes = [name for name, kind in kinds.items() if kind == "code"]
        self._others = [name for name, kind in kinds.items() if kind == "other"]

    def add(self, relation: str) -> None:
        """Measure some more converted rows: the given columns, `_line` and `_reason`."""
        self._count(relation)
        self._count_bad(relation)
        self._draw(relation)
        self._compare(relation)

    def _fetch(self, sql: str) -> list[tuple[object, ...]]:
        return self.connection.execute(sql).fetchall()

    def _count(self, relation: str) -> None:
        asked = [f"count({quote(name)})" for name in self.sources]
        for name in map(quote, self.numbers):
            asked += [f"min({name})", f"max({name})", f"sum({name})", f"count(*) FILTER (WHERE {name} <= 1)"]
        for name in map(quote, self.dates):
            asked += [f"min({name})", f"max({name})"]
        if not asked:
            return
        found = iter(self._fetch(f"SELECT {', '.join(asked)} FROM {relation}")[0])
        for name in self.sources:
            self.n_values[name] += _int(next(found))
        for name in self.numbers:
            self._widen(name, next(found), next(found))
            self._sums[name] = self._sums.get(name, Decimal(0)) + Decimal(str(next(found) or 0))
            self._n_to_one[name] += _int(next(found))
        for name in self.dates:
            self._widen(name, next(found), next(found))

    def _widen(self, name: str, least: Any, greatest: Any) -> None:
        if least is None or greatest is None:
            return
        before = self._ends.get(name, (least, greatest))
        self._ends[name] = (min(before[0], least), max(before[1], greatest))

    def _count_bad(self, relation: str) -> None:
        values = ", ".join(["count(*)", *(f"count({quote(name)})" for name in self.sources)])
        for reason, n, *counts in self._fetch(
            f"SELECT _reason, {values} FROM {relation} WHERE _reason IS NOT NULL GROUP BY 1 ORDER BY 1"
        ):
            column, _, code = str(reason).partition(":")
            self.reasons.setdefault(column, Counter())[code] += _int(n)
            self.n_bad += _int(n)
            for name, one in zip(self.sources, counts, strict=True):
                self.bad_values[name] += _int(one)

    @property
    def drawn(self) -> str:
        """Return the relation of the rows drawn."""
        return quote(f"drawn:{self.name}:{self.key}")

    def _draw(self, relation: str) -> None:
        """Keep rows scattered evenly by the numbers of their lines; fewer of them, the more there are."""
        listed = ", ".join(map(quote, (*self.numbers, *self.codes)))
        if not listed:
            return
        place = f"(_line * 40503) & {_ALL - 1}"
        sql = f"SELECT {place} AS _place, _reason IS NULL AS _clean, {listed} FROM {relation}"
        self.connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {self.drawn} AS {sql} LIMIT 0")
        self.connection.execute(f"INSERT INTO {self.drawn} {sql} WHERE {place} < {self._threshold}")
        while (
            self._threshold > 1 and _int(self._fetch(f"SELECT count(*) FROM {self.drawn}")[0][0]) > 2 * _DRAWN
        ):
            self._threshold //= 2
            self.connection.execute(f"DELETE FROM {self.drawn} WHERE _place >= {self._threshold}")

    def _compare(self, relation: str) -> None:
        """Find the columns of ids and texts that hold more than one value; no value is kept in a profile."""
        for name in (one for one in self._others if one not in self._varying):
            given = quote(name)
            if name not in self._first:
                found = self._fetch(f"SELECT {given} FROM {relation} WHERE {given} IS NOT NULL LIMIT 1")
                if not found:
                    continue
                self._first[name] = found[0][0]
            other = f"SELECT EXISTS (SELECT 1 FROM {relation} WHERE {given} <> $1)"
            if self.connection.execute(other, [self._first[name]]).fetchall()[0][0]:
                self._varying.add(name)

    def figures(self) -> dict[str, dict[str, object]]:
        """Return what is kept of the values of each column that holds any, by its kind."""
        found: dict[str, dict[str, object]] = {}
        for name, numbers in self._numbers([n for n in self.numbers if self.n_values[n]]).items():
            found[name] = {"numbers": numbers, "varies": numbers.minimum < numbers.maximum}
        for name in (n for n in self.dates if n in self._ends):
            least, greatest = self._ends[name]
            dates = Dates.model_validate({"minimum": least, "maximum": greatest})
            found[name] = {"dates": dates, "varies": dates.minimum < dates.maximum}
        for name, codes in self._codes([n for n in self.codes if self.n_values[n]]).items():
            found[name] = {"codes": codes, "varies": codes.n_codes != 1}
        for name in (n for n in self._others if self.n_values[n]):
            found[name] = {"varies": name in self._varying}
        return found

    def _numbers(self, names: Sequence[str]) -> dict[str, Numbers]:
        if not names:
            return {}
        asked = []
        for given in map(quote, names):
            fraction = f"rtrim(split_part(CAST({given} AS VARCHAR), '.', 2), '0')"
            asked += [f"quantile_disc({given}, [0.05, 0.5, 0.95])", f"max(length({fraction}))"]
        sampled = self._fetch(f"SELECT {', '.join(asked)} FROM {self.drawn}")[0]
        found = {}
        for index, name in enumerate(names):
            (least, greatest), quantiles = self._ends[name], sampled[2 * index]
            found[name] = Numbers.model_validate(
                {
                    "minimum": least,
                    "maximum": greatest,
                    "mean": float(self._sums[name] / self.n_values[name]),
                    "n_to_one": self._n_to_one[name],
                    # A sample of a column that is nearly empty may hold no value of it.
                    "quantiles": quantiles or (least, least, greatest),
                    "decimals": sampled[2 * index + 1] or 0,
                }
            )
        return found

    def _codes(self, names: Sequence[str]) -> dict[str, Codes]:
        """Count the codes of the rows drawn; a row that broke a rule may hold anything, a name too."""
        if not names:
            return {}
        counted = ", ".join(f"histogram({quote(name)})" for name in names)
        found = self._fetch(f"SELECT {counted} FROM {self.drawn} WHERE _clean")[0]
        table = self.contract.tables[self.name]
        codes = {}
        for name, counts in zip(names, found, strict=True):
            declared = _are_declared(table.columns[name], self.extract, name)
            named = _named(counts if isinstance(counts, dict) else {}, declared=declared)
            kept = dict(sorted(named.items())) if declared or len(named) <= MAX_CODES else {}
            codes[name] = Codes(
                declared=declared, n_counted=sum(named.values()), counts=kept, n_codes=len(named)
            )
        return codes


def profile_of(
    contract: Contract, name: str, given: FileSet, *, received_on: date, backfill: bool
) -> Profile:
    """Return the profile of what the files of one extract gave.

    Args:
        contract: The network's contract.
        name: The table.
        given: The extract, its files and the measures of their rows.
        received_on: The day they were received.
        backfill: Whether they are history.
    """
    measured = given.measured
    figures = measured.figures()
    columns = {}
    for column, source in measured.sources.items():
        is_missing = _is_missing(source, given)
        described = _described(contract.tables[name], column, source, is_missing=is_missing)
        if not is_missing:
            n_values = measured.n_values[column]
            update = {
                "n_values": n_values,
                "n_clean_values": n_values - measured.bad_values[column],
                "reasons": dict(measured.reasons.get(column, {})),
                **figures.get(column, {}),
            }
            described = described.model_copy(update=update)
        columns[column] = described
    return Profile(
        table=name,
        extract=given.key,
        received_on=received_on,
        backfill=backfill,
        complete=given.extract.complete is True,
        n_files=given.n_files,
        n_read=given.n_read,
        n_broken=given.n_broken,
        n_clean=given.n_read - given.n_broken - measured.n_bad,
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


def _read_columns(contract: Contract, name: str, extract: Extract) -> Iterator[tuple[str, str]]:
    """Yield each contract column that a file's column gives, with the file's name for it."""
    needed = set(extract.needed)
    for column in contract.tables[name].columns:
        source = extract.columns.get(column)
        if source is not None and source.from_ in needed:
            yield column, str(source.from_)


def _int(value: object) -> int:
    return int(str(value))


def _named(counts: Mapping[object, int], *, declared: bool) -> dict[str, int]:
    """Return how often each code stands: under its name where it is declared, else under a digest."""
    named: dict[str, int] = {}
    for code, n in counts.items():
        text = str(code).lower() if isinstance(code, bool) else str(code)
        # What nobody declared may be a name in the wrong column.
        key = text if declared else hashlib.sha256(text.encode()).hexdigest()[:8]
        named[key] = named.get(key, 0) + n
    return named


def _are_declared(column: Column, extract: Extract, name: str) -> bool:
    """Say whether the declarations know every code of a column."""
    return column.type == "boolean" or column.allowed is not None or bool(extract.rule(name).codes)
