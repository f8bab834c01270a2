"""Bring a table's sources into the engine, a bounded number of rows at a time, and onto disk as parts.

A part holds rows that no rule of their own holds back, typed, resolved and dated, as a batch stores them.
What waits is counted by reason; names of people are kept apart, in memory only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from earlywarn.tables.contract import ROW_NUMBER, Contract, Table
from earlywarn.tables.conversion import REASON, given_columns
from earlywarn.tables.converting import CODE, Converter, RowNames
from earlywarn.tables.drift import FileSet, GivenHeader, Measurement
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Extract
from earlywarn.tables.key_hashes import KeyHashes
from earlywarn.tables.ledger import GivenFile
from earlywarn.tables.pseudonyms import CodeBook
from earlywarn.tables.reading import FILE, LINE, GivenText, TextBlock
from earlywarn.tables.report import (
    MAX_LINES,
    FileIntake,
    LeftOut,
    Reason,
    counted_reasons,
    file_intake,
    most_frequent,
)
from earlywarn.tables.resolution import DELETED, KNOWN_ON, resolution_sql, rules_of, targets_of

_ROWS_AT_ONCE = 1 << 21
TYPED = "typed_rows"
HELD = "held"

OpenTexts = Callable[[Extract, int, frozenset[str]], Iterator[GivenText]]


@dataclass(frozen=True)
class Stamp:
    """What every row of a batch carries: its number, the day it was received, and whether it is history."""

    number: int
    received_on: date
    backfill: bool


@dataclass
class Staged:
    """What reading a table's sources gave."""

    files: list[GivenFile] = field(default_factory=list)
    described: list[FileIntake] = field(default_factory=list)
    parts: list[Path] = field(default_factory=list)
    sets: list[FileSet] = field(default_factory=list)
    n_read: int = 0
    n_broken: int = 0
    n_held: int = 0
    contradictions: dict[str, int] = field(default_factory=dict)
    identities: list[pa.Table] = field(default_factory=list)
    has_unknown_keys: bool = False
    left_out: list[LeftOut] = field(default_factory=list)
    _held: dict[tuple[str, str, str], tuple[int, list[int]]] = field(default_factory=dict)
    _shapes: dict[tuple[str, str, str], Counter[str]] = field(default_factory=dict)

    @property
    def reasons(self) -> list[Reason]:
        """Return why rows wait, by file, column and reason."""
        return [
            Reason(*key, count, tuple(lines), most_frequent(self._shapes.get(key, {})))
            for key, (count, lines) in sorted(self._held.items())
        ]

    def hold(
        self,
        file: str,
        reason: str,
        count: int,
        lines: Iterable[int],
        shapes: Iterable[tuple[str, int]] = (),
    ) -> None:
        """Count rows of a file that wait for one reason; keep the first of their lines, and their shapes."""
        column, _, code = reason.partition(":")
        for shape, n in shapes:
            self._shapes.setdefault((file, column, code), Counter())[shape] += n
        before, kept = self._held.setdefault((file, column, code), (0, []))
        self._held[file, column, code] = (before + count, kept)
        kept.extend(line for line in lines if len(kept) < MAX_LINES)
        self.n_held += count


@dataclass
class Stager:
    """One table on its way in.

    Attributes:
        connection: The engine, with the latest rows of every table that is looked up.
        contract: The network's contract.
        name: The table.
        stamp: What its rows carry.
        folder: Where the parts go.
        codes: Gives the pseudonyms of codes.
        filled: Gives the SQL of typed rows with what their sources do not say filled in.
    """

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    name: str
    stamp: Stamp
    folder: Path
    codes: CodeBook | None
    filled: Callable[[str], str] | None = None
    staged: Staged = field(default_factory=Staged)
    _pending: list[pa.Table] = field(default_factory=list)
    _names: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start with no key met."""
        self.hashes = KeyHashes(self.folder / f".{self.stamp.number:06d}.keys.part")
        keys = ", ".join(f"{quote(key)} {self.table.stored[key].sql_type}" for key in self.table.key_columns)
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {HELD} ({keys})")

    @property
    def table(self) -> Table:
        """Return the table's declaration."""
        return self.contract.tables[self.name]

    def stage(self, extract: Extract, key: str, open_extract: OpenTexts, *, first: int) -> None:
        """Read every source of an extract; the table's files are numbered from `first`.

        `key` is the name that the profiles of the extract are kept under.

        Raises:
            ExtractError: A source cannot be read exactly.
        """
        converter = self._converter(extract)
        measured = Measurement(self.connection, self.contract, self.name, extract, key)
        self._pending.clear()
        headers: list[GivenHeader] = []
        before = (self.staged.n_read, self.staged.n_broken)
        start = first + len(self.staged.files)
        for number, text in enumerate(open_extract(extract, start, converter.repeating), start=start):
            self._names[number] = text.name
            n_before = self.staged.n_read
            for block in text.blocks():
                self._count(text.name, block)
                self._pending.append(block.cells)
                if sum(rows.num_rows for rows in self._pending) >= _ROWS_AT_ONCE:
                    self._store(converter, measured)
            headers += [GivenHeader(text.name, text.header)] if text.header else []
            self.staged.files.append(
                GivenFile(number=number, name=text.name, table=self.name, digest=text.digest)
            )
            n_read = self.staged.n_read - n_before
            self.staged.described.append(file_intake(extract, text.name, text.digest, n_read))
        self._store(converter, measured)
        n_files = first + len(self.staged.files) - start
        n_read, n_broken = self.staged.n_read - before[0], self.staged.n_broken - before[1]
        if n_files:
            given = FileSet(extract, key, n_files, tuple(headers), n_read, n_broken, measured)
            self.staged.sets.append(given)

    def _converter(self, extract: Extract) -> Converter:
        columns = given_columns(self.table)
        coded = [n for n, column in columns.items() if column.pseudonym]
        keeps = next((n for n in coded if n in self.table.key_columns), None)
        return Converter(
            self.connection,
            columns,
            {column: extract.rule(column) for column in extract.columns},
            names_rows=self._names_rows(extract),
            codes=self.codes,
            keeps_code=keeps if self.table.identities else None,
            deletes=(extract.deletes.column, extract.deletes.values) if extract.deletes else None,
        )

    def _names_rows(self, extract: Extract) -> RowNames | None:
        given = [source.from_ for source in extract.columns.values()]
        if ROW_NUMBER not in (*self.table.key, *given):
            return None
        is_one_file = not any(mark in extract.file for mark in "*?[") and extract.member is None
        return "line" if is_one_file else "file and line"

    def _count(self, file: str, block: TextBlock) -> None:
        self.staged.n_read += block.n_read
        self.staged.n_broken += len(block.quarantined)
        by_reason: dict[str, list[int]] = {}
        for line, reason in block.quarantined:
            by_reason.setdefault(reason, []).append(line)
        for reason, lines in by_reason.items():
            self.staged.hold(file, reason if ":" in reason else f"row:{reason}", len(lines), lines)
        self.staged.left_out += block.left_out
        self.staged.has_unknown_keys |= bool(block.quarantined)

    def _store(self, converter: Converter, measured: Measurement) -> None:
        """Convert and resolve the text read so far, count what waits, and put the others on disk."""
        texts = [cells for cells in self._pending if cells.num_rows]
        self._pending.clear()
        if not texts:
            return
        together = pa.concat_tables(texts, promote_options="default")
        self.connection.register(TYPED, converter.convert(together, files=self._names))
        measured.add(TYPED)
        # Rows that look nothing up are as quickly resolved twice as kept.
        kind = "TABLE" if targets_of(self.table) else "VIEW"
        typed = self.filled(TYPED) if self.filled else TYPED
        sql = resolution_sql(self.contract, self.name, typed)
        self.connection.execute(f"CREATE TEMP {kind} resolved AS {sql}")
        keys = ", ".join(map(quote, self.table.key_columns))
        found = arrow(self.connection, f"SELECT hash({keys}) AS h, {REASON} IS NULL AS kept FROM resolved")
        kept = found["kept"].to_numpy()
        if not kept.all():
            self._count_held()
        self._count_contradictions()
        self.hashes.add(found["h"].to_numpy()[kept])
        is_kept = "FROM resolved" if kept.all() else f"FROM resolved WHERE {REASON} IS NULL"
        if self.table.identities:
            names = ", ".join(map(quote, (*self.table.key_columns, CODE, *self.table.identities, FILE, LINE)))
            self.staged.identities.append(arrow(self.connection, f"SELECT {names} {is_kept}"))
        part = self.folder / f".{self.stamp.number:06d}-{len(self.staged.parts) + 1:04d}.parquet.part"
        copy_to(self.connection, f"SELECT {stored_columns(self.table, self.stamp)} {is_kept}", part)
        self.staged.parts.append(part)
        self.connection.execute(f"DROP {kind} resolved")
        self.connection.unregister(TYPED)

    def _count_held(self) -> None:
        for held in counted_reasons(self.connection, "resolved"):
            self.staged.hold(self._names[held.file], held.reason, held.n_rows, held.lines, held.shapes)
        keyless = " OR ".join(f"{quote(key)} IS NULL" for key in self.table.key_columns)
        unknown = count(self.connection, f"resolved WHERE {REASON} IS NOT NULL AND ({keyless})")
        self.staged.has_unknown_keys |= bool(unknown)
        keys = ", ".join(map(quote, self.table.key_columns))
        self.connection.execute(f"INSERT INTO {HELD} SELECT {keys} FROM resolved WHERE {REASON} IS NOT NULL")

    def _count_contradictions(self) -> None:
        rules = self.table.contradictions
        for flag, rule in zip(rules_of(self.table), rules, strict=True):
            n_found = count(self.connection, f"resolved WHERE {flag} AND {REASON} IS NULL")
            self.staged.contradictions[rule.name] = self.staged.contradictions.get(rule.name, 0) + n_found


def stored_columns(table: Table, stamp: Stamp, *, superseding: str = "FALSE", deleted: str = DELETED) -> str:
    """Return the SQL of the columns that a batch holds."""
    columns = ", ".join(map(quote, table.stored))
    return (
        f"{columns}, {KNOWN_ON}, DATE '{stamp.received_on}' AS _received_on, {stamp.backfill} AS _backfill, "
        f"{superseding} AS _superseding, {deleted} AS {DELETED}, {stamp.number} AS _batch, {FILE}, {LINE}"
    )


def copy_to(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Write what a statement gives to a Parquet file, in order."""
    target = str(path).replace("'", "''")
    connection.execute(f"COPY ({sql}) TO '{target}' (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)")


def read_parts(parts: Collection[Path]) -> str:
    """Return the SQL that reads parts in order."""
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in parts)
    return f"read_parquet([{listed}])"


def count(connection: duckdb.DuckDBPyConnection, source: str) -> int:
    """Return how many rows a relation has."""
    return int(connection.execute(f"SELECT count(*) FROM {source}").fetchall()[0][0])


def arrow(connection: duckdb.DuckDBPyConnection, sql: str) -> pa.Table:
    """Return what a statement gives as an Arrow table."""
    table: pa.Table | None = connection.sql(sql).to_arrow_table()
    return pa.table({}) if table is None else table
