"""Give what an export changes in a table as a source of text, block by block."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute

from earlywarn.tables.exports.changes import EARLIER, NEVER_TAKEN_IN, STILL_GIVEN, given
from earlywarn.tables.exports.checking import DELETED
from earlywarn.tables.exports.joins import FATE, LEFT, ROW_ID, WAITS, text_columns
from earlywarn.tables.expressions import quote
from earlywarn.tables.oneroster import RosterTable
from earlywarn.tables.reading import FILE, LINE, TextBlock
from earlywarn.tables.report import MAX_LINES, LeftOut

_BLOCK = 1 << 20
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
    earlier: bool = False
    with_deletions: bool = True

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the texts in the order of their lines; the first block tells of the rows that give none.

        A block has a column `_deleted` where a row of it is to be deleted.
        """
        quarantined, left_out = self._waiting(), self._left_out()
        for first, last in self._ranges():
            cells = self._cells(first, last)
            block = TextBlock(cells, quarantined, has_wide_spaces=False, left_out=left_out)
            yield block if self.with_deletions else _postponed(block, self.name)
            quarantined, left_out = (), ()

    def _ranges(self) -> Iterator[tuple[int, int]]:
        """Yield ranges of lines that hold every row; one at least, so that what gives no row is told."""
        found = self.connection.execute(f"SELECT coalesce(max({LINE}), 0) FROM {self._rows}").fetchall()
        last = int(found[0][0])
        for first in range(0, last + 1, _BLOCK):
            yield first, first + _BLOCK

    def _cells(self, first: int, last: int) -> pa.Table:
        columns = ", ".join(quote(name) for name in (*text_columns(self.mapping), LINE, DELETED))
        cells: pa.Table = self.connection.sql(
            f"SELECT {columns} FROM {self._rows} WHERE {FATE} = '' AND {LINE} >= {first} AND {LINE} < {last} "
            f"ORDER BY {LINE}, {ROW_ID}, {DELETED}"
        ).to_arrow_table()
        if not pa.compute.any(cells[DELETED]).as_py():
            cells = cells.drop_columns([DELETED])
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


def _postponed(block: TextBlock, name: str) -> TextBlock:
    """Return a block without its rows to be deleted, counted as left out: tables keep no deletions yet."""
    if DELETED not in block.cells.column_names:
        return block
    deleted = block.cells[DELETED]
    lines: list[int] = block.cells.filter(deleted)[LINE].to_numpy().tolist()
    words = ("suppression demandée, pas encore appliquée", "a deletion that is not carried out yet")
    rule = LeftOut(name, "to_be_deleted", len(lines), tuple(lines[:MAX_LINES]), *words)
    stay = pa.compute.invert(deleted)
    cells = block.cells.filter(stay).drop_columns([DELETED])
    return TextBlock(cells, block.quarantined, block.has_wide_spaces, (*block.left_out, rule))
