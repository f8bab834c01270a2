"""A OneRoster export that was read, as the source of a network's tables in the place of declared files."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa

from earlywarn.errors import ExtractError
from earlywarn.tables.contract import Contract
from earlywarn.tables.drift import DriftRules
from earlywarn.tables.exports.changes import EARLIER, given, make_changes
from earlywarn.tables.exports.checking import checked
from earlywarn.tables.exports.joins import FATE
from earlywarn.tables.exports.memory import Memory, old
from earlywarn.tables.exports.opening import Export
from earlywarn.tables.exports.reading import Columns, ReadFile
from earlywarn.tables.exports.relations import GIVEN, remembered_sql
from earlywarn.tables.exports.texts import YES, ExportText
from earlywarn.tables.expressions import quote
from earlywarn.tables.extracts import Deletes, Extract, Extracts, Source
from earlywarn.tables.oneroster import ID, RosterTable
from earlywarn.tables.reading import GivenText
from earlywarn.tables.report import TableIntake
from earlywarn.tables.resolution import DELETED

if TYPE_CHECKING:
    import duckdb

# A delta holds what has changed, be it much or little, and tells nothing of the files' usual shape.
_DELTA = DriftRules.model_validate(
    dict.fromkeys(
        ("unit_changed", "new_category", "all_empty", "emptier", "constant", "fewer_rows", "more_rows"), "off"
    )
)
# So many rows may be gone from a bulk export whatever is left.
_MAY_BE_GONE = 50
# Beside the name of a file: its rows that earlier exports gave.
_BEFORE = "(déjà reçu/earlier)"


@dataclass
class ExportSource:
    """An export that was read; its relations live in the engine until the intake ends."""

    connection: duckdb.DuckDBPyConnection
    contract: Contract
    export: Export
    tables: dict[str, RosterTable]
    columns: Columns
    read: dict[str, ReadFile]
    memory: Memory
    remembered_files: frozenset[str]
    accepted: Collection[str] = ()
    intakes: list[TableIntake] = field(default_factory=list)

    @property
    def extracts(self) -> Extracts:
        """Return the export as if each table had a declared file of its own."""
        return Extracts(extract=tuple(self._extract(name, table) for name, table in self.tables.items()))

    def close(self) -> None:
        """Give the memory back."""
        self.connection.close()

    def open_texts(self, extract: Extract, first: int, repeating: frozenset[str]) -> Iterator[GivenText]:
        """Yield what the export changes in a table: by its own rows, then by rows of earlier exports.

        Raises:
            ExtractError: More rows would be gone than are left, and nobody said that it is meant.
        """
        name = extract.table
        mapping = self.tables[name]
        make_changes(
            self.connection,
            name,
            mapping,
            key=self.contract.tables[name].key_columns,
            remembered=mapping.file in self.remembered_files,
        )
        self._check_gone(name)
        read = self.read.get(mapping.file)
        if read is not None:
            yield self._text(name, read.name, read.digest, first, earlier=False)
            first += 1
        if self._has_earlier(name):
            yield self._text(name, f"{mapping.file}.csv {_BEFORE}", self.export.digest, first, earlier=True)
        self.connection.execute(f"DROP TABLE {given(name)}")

    def not_given(self, name: str) -> tuple[str, ...]:
        """Return the columns of a table that files may give and the export has no word for."""
        table, mapping = self.contract.tables[name], self.tables.get(name)
        if mapping is None:
            return ()
        return tuple(n for n, column in table.stored.items() if column.is_given and n not in mapping.columns)

    def to_remember(self) -> Iterator[tuple[str, pa.Table]]:
        """Yield what is to be put away, by name, where the export has changed it."""
        for file in self.read:
            sql = f"SELECT * EXCLUDE ({GIVEN}) FROM ({remembered_sql(file, self.columns[file])})"
            if file not in self.remembered_files or self._differs(file, sql):
                rows = self.connection.sql(f"{sql} ORDER BY {quote(ID)}").to_arrow_table()
                yield self.memory.name_of(file), rows

    def _differs(self, file: str, sql: str) -> bool:
        cells = ", ".join(quote(name) for name in (ID, *self.columns[file]))
        now, then = f"SELECT {cells} FROM ({sql})", f"SELECT {cells} FROM {old(file)}"
        # Ids are unique: two sets of as many rows are alike where one holds the other.
        found = self.connection.execute(
            f"SELECT (SELECT count(*) FROM ({sql})) <> (SELECT count(*) FROM {old(file)}) "
            f"OR EXISTS ({now} EXCEPT {then})"
        ).fetchall()
        return bool(found[0][0])

    def _extract(self, name: str, table: RosterTable) -> Extract:
        columns = {}
        for column, origin in table.columns.items():
            where = {"from": column} if origin.constant is None else {"constant": origin.constant}
            columns[column] = Source.model_validate(
                {**where, "codes": origin.codes, "missing": origin.missing, "round": origin.round}
            )
        deletes = Deletes(column=DELETED, values=(YES,)) if self._may_delete(table.file) else None
        is_delta = self.export.manifest.modes.get(table.file) != "bulk"
        return Extract(
            table=name,
            file=f"OneRoster {table.file}.csv{' (delta)' if is_delta else ''}",
            columns=columns,
            deletes=deletes,
            drift=_DELTA if is_delta else DriftRules(),
        )

    def _may_delete(self, file: str) -> bool:
        if file in self.remembered_files:
            return True
        found = self.connection.execute(f"SELECT 1 FROM {checked(file)} WHERE {DELETED} LIMIT 1")
        return bool(found.fetchall())

    def _text(self, name: str, file: str, digest: str, number: int, *, earlier: bool) -> ExportText:
        return ExportText(
            self.connection,
            file,
            digest,
            name,
            self.tables[name],
            number,
            self.contract.tables[name].key_columns,
            earlier=earlier,
        )

    def _check_gone(self, name: str) -> None:
        """Refuse an export that looks cut: what it leaves out would be deleted."""
        file, change = self.tables[name].file, f"{name}:fewer_rows"
        found = self.connection.execute(
            f"SELECT count(*) FILTER ({EARLIER} AND {DELETED}), "
            f"count(*) FILTER (NOT {DELETED} AND {FATE} = '') FROM {given(name)}"
        ).fetchall()
        n_gone, n_left = found[0]
        is_bulk = self.export.manifest.modes.get(file) == "bulk"
        if is_bulk and n_gone > max(n_left, _MAY_BE_GONE) and change not in self.accepted:
            raise ExtractError(
                f"{n_gone} rows that earlier exports gave are not in it, and {n_left} are",
                where=f"{file}.csv",
                todo=f"check that the export is whole; if it is, take it in with --accept-drift {change}",
            )

    def _has_earlier(self, name: str) -> bool:
        return bool(
            self.connection.execute(f"SELECT 1 FROM {given(name)} WHERE {EARLIER} LIMIT 1").fetchall()
        )
