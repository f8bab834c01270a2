"""Give what an export changes in a table as a source of text, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from earlywarn.tables.exports.changes import EARLIER, NEVER_TAKEN_IN, STILL_GIVEN, given
from earlywarn.tables.exports.joins import FATE, LEFT, ROW_ID, WAITS, text_columns
from earlywarn.tables.expressions import quote
from earlywarn.tables.oneroster import RosterTable
from earlywarn.tables.reading import FILE, LINE, TextBlock
from earlywarn.tables.report import MAX_LINES, LeftOut
from earlywarn.tables.resolution import DELETED

if TYPE_CHECKING:
    import duckdb

_BLOCK = 1 << 20
YES = "yes"
_OWN_RULES = {
    NEVER_TAKEN_IN: (
        "la ligne à supprimer n’était pas de la table",
        "the row to be deleted was none of the table's",
    ),
    STILL_GIVEN: (
        "une autre ligne dit encore la même chose que celle à supprimer",
        "another row still says what the row to be deleted said",
    ),
}


@dataclass(frozen=True)
class ExportText:
    """The rows of one table that one file gives, or that earlier exports gave (`earlier`)."""

    connection: duckdb.DuckDBPyConnection
    name: str
    digest: str
    table: str
    mapping: RosterTable
    number: int
    key: tuple[str, ...]
    earlier: bool = False

    @property
    def header(self) -> tuple[str, ...]:
        """Return nothing: the columns of an export are the specification's."""
        return ()

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the texts in the order of their lines; the first block tells of the rows that give none.

        The column `_deleted` says "yes" of a row whose key is gone; no more than its key is given then.
        """
        quarantined, left_out = self._waiting(), self._left_out()
        for first, last in self._ranges():
            cells = self._cells(first, last)
            yield TextBlock(cells, quarantined, left_out=left_out)
            quarantined, left_out = (), ()

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of lines that hold every row; one at least, so that what gives no row is told."""
        found = self.connection.execute(f"SELECT coalesce(max({LINE}), 0) FROM {self._rows}").fetchall()
        last = int(found[0][0])
        for first in range(0, last + 1, _BLOCK):
            yield first, first + _BLOCK

    def _cells(self, first: int, last: int) -> pa.Table:
        texts = ", ".join(
            column if name in self.key else f"CASE WHEN {DELETED} THEN '' ELSE {column} END AS {column}"
            for name, column in ((name, quote(name)) for name in text_columns(self.mapping))
        )
        cells: pa.Table = self.connection.sql(
            f"SELECT {texts}, CASE WHEN {DELETED} THEN '{YES}' ELSE '' END AS {DELETED}, {LINE} "
            f"FROM {self._rows} WHERE {FATE} = '' AND {LINE} >= {first} AND {LINE} < {last} "
            f"ORDER BY {LINE}, {ROW_ID}, {DELETED}"
        ).to_arrow_table()
        return cells.append_column(FILE, pa.array(np.full(cells.num_rows, self.number), pa.int32()))

    def _waiting(self) -> tuple[tuple[int, str], ...]:
        found = self.connection.execute(
            f"SELECT {LINE}, substr({FATE}, {len(WAITS) + 1}) FROM {self._rows} "
            f"WHERE starts_with({FATE}, '{WAITS}') ORDER BY {LINE}, {ROW_ID}"
        ).fetchall()
        return tuple((int(line), str(reason)) for line, reason in found)

    def _left_out(self) -> tuple[LeftOut, ...]:
        found = self.connection.execute(
            f"SELECT substr({FATE}, {len(LEFT) + 1}) AS rule, count(*), "
            f"list({LINE} ORDER BY {LINE})[1:{MAX_LINES}] "
            f"FROM {self._rows} WHERE starts_with({FATE}, '{LEFT}') GROUP BY 1 ORDER BY 1"
        ).fetchall()
        words = {name: (rule.fr, rule.en) for name, rule in self.mapping.left_out.items()} | _OWN_RULES
        return tuple(
            LeftOut(self.name, rule, int(count), tuple(lines), *words[rule]) for rule, count, lines in found
        )

    @property
    def _rows(self) -> str:
        return f"(SELECT * FROM {given(self.table)} WHERE {EARLIER} = {self.earlier})"
