"""Decide what each staged row is: new, superseding, unchanged, deleting, a duplicate, or in conflict.

Rows are compared by key with each other and with the latest version known before; where no key stands twice
and none is known, nothing is compared and the parts are the batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from earlywarn.tables.contract import Table
from earlywarn.tables.conversion import REASON
from earlywarn.tables.expressions import quote
from earlywarn.tables.reading import FILE, LINE
from earlywarn.tables.resolution import DELETED, latest
from earlywarn.tables.staging import HELD, Stamp, copy_to, count, read_parts, stored_columns

if TYPE_CHECKING:
    import duckdb

REMOVED = "removed"


@dataclass(frozen=True)
class Settled:
    """What the staged rows of a table came to.

    `held` are rows that wait because of each other: file, reason, how many, and their lines.
    """

    parts: tuple[Path, ...]
    n_new: int
    n_superseding: int = 0
    n_deleting: int = 0
    n_unchanged: int = 0
    n_duplicates: int = 0
    n_gone: int = 0
    held: tuple[tuple[int, str, int, tuple[int, ...]], ...] = ()


def repeats_sql(table: Table, rows: str) -> str:
    """Return the statement of the rows that do not count, because another row has the same key.

    Rows that are all alike are one row and its duplicates, whose reason is null unless the contract refuses
    them; where rows of one key differ, all of them conflict.
    """
    keys = ", ".join(map(quote, table.key_columns))
    columns = ", ".join(map(quote, (*table.stored, DELETED)))
    reason = "'row:repeated_row'" if table.duplicates == "refuse" else "CAST(NULL AS VARCHAR)"
    return (
        f"WITH verdicts AS (SELECT {keys}, count(DISTINCT row({columns})) AS n_forms, "
        f"min(row({FILE}, {LINE})) AS first_row FROM {rows} GROUP BY {keys} HAVING count(*) > 1) "
        f"SELECT {FILE}, {LINE}, CASE WHEN n_forms > 1 THEN 'row:conflicting_key' ELSE {reason} END "
        f"AS {REASON} FROM {rows} JOIN verdicts USING ({keys}) "
        f"WHERE n_forms > 1 OR row({FILE}, {LINE}) <> first_row"
    )


@dataclass(frozen=True)
class Settlement:
    """Settles the staged rows of one table."""

    connection: duckdb.DuckDBPyConnection
    name: str
    table: Table
    stamp: Stamp

    def settle(
        self,
        parts: Sequence[Path],
        repeated: np.ndarray,
        *,
        has_previous: bool,
        has_deletions: bool,
        complete: Sequence[str] | None,
    ) -> Settled:
        """Return what the rows of `parts` are, with the files that hold those to be stored.

        Args:
            parts: What was staged.
            repeated: The hashes of keys that may stand twice.
            has_previous: Whether any row of the table is known already.
            has_deletions: Whether rows may say that their key is gone.
            complete: Within which columns' values the sources are all there is: a key that was known and is
                not given is gone. None where they are not; empty where they are the whole table.
        """
        if not parts:
            return Settled((), 0)
        self.connection.execute(f"DROP TABLE IF EXISTS {REMOVED}")
        rows = given = f"(SELECT * FROM {read_parts(parts)})"
        n_rows = count(self.connection, rows)
        held: tuple[tuple[int, str, int, tuple[int, ...]], ...] = ()
        n_duplicates = 0
        if repeated.size:
            rows, held, n_duplicates = self._without_repeats(rows, repeated)
        if n_rows and not (held or n_duplicates or has_previous or has_deletions):
            return Settled(tuple(parts), n_rows)
        n_left = n_rows - n_duplicates - sum(n for _, _, n, _ in held)
        target = parts[0].with_name(f".{self.stamp.number:06d}.parquet.part")
        changed = self._changed(rows, given, complete if has_previous else None)
        # Joins on several threads lose the order, and a rerun must write the same bytes.
        in_order = ", ".join((f"{FILE} NULLS LAST", LINE, *map(quote, self.table.key_columns)))
        copy_to(self.connection, f"FROM ({changed}) ORDER BY {in_order}", target)
        counted = self.connection.execute(
            f"SELECT count(*) FILTER (NOT _superseding), count(*) FILTER (_superseding AND NOT {DELETED}), "
            f"count(*) FILTER ({DELETED} AND {LINE} IS NOT NULL), count(*) FILTER ({LINE} IS NULL) "
            f"FROM {read_parts([target])}"
        ).fetchall()
        n_new, n_superseding, n_deleting, n_gone = counted[0]
        for part in parts:
            part.unlink()
        kept = (target,) if n_new + n_superseding + n_deleting + n_gone else ()
        if not kept:
            target.unlink()
        n_unchanged = n_left - n_new - n_superseding - n_deleting
        return Settled(
            kept, n_new, n_superseding, n_deleting, n_unchanged, n_duplicates, n_gone=n_gone, held=held
        )

    def _without_repeats(
        self, rows: str, repeated: np.ndarray
    ) -> tuple[str, tuple[tuple[int, str, int, tuple[int, ...]], ...], int]:
        """Take out the rows whose key stands twice; return what is left, what waits, and the duplicates."""
        keys = ", ".join(map(quote, self.table.key_columns))
        self.connection.register("repeated_hashes", pa.table({"h": pa.array(repeated)}))
        suspects = f"(SELECT * FROM {rows} WHERE hash({keys}) IN (FROM repeated_hashes))"
        self.connection.execute(
            f"CREATE OR REPLACE TEMP TABLE {REMOVED} AS {repeats_sql(self.table, suspects)}"
        )
        self.connection.unregister("repeated_hashes")
        held = self.connection.execute(
            f"SELECT {FILE}, {REASON}, count(*), list({LINE} ORDER BY {LINE}) FROM {REMOVED} "
            f"WHERE {REASON} IS NOT NULL GROUP BY 1, 2 ORDER BY 1, 2"
        ).fetchall()
        left = f"(SELECT * FROM {rows} ANTI JOIN {REMOVED} USING ({FILE}, {LINE}))"
        n_duplicates = count(self.connection, f"{REMOVED} WHERE {REASON} IS NULL")
        return left, tuple((int(f), str(r), int(n), tuple(lines)) for f, r, n, lines in held), n_duplicates

    def _changed(self, rows: str, given: str, complete: Sequence[str] | None) -> str:
        """Return the statement of what is stored: rows that say something new, and keys that are gone."""
        on = " AND ".join(f"r.{quote(key)} = p.{quote(key)}" for key in self.table.key_columns)
        same = " AND ".join(f"r.{quote(n)} IS NOT DISTINCT FROM p.{quote(n)}" for n in self.table.stored)
        known = f"p.{quote(self.table.key_columns[0])} IS NOT NULL"
        is_said = f"CASE WHEN r.{DELETED} THEN {known} AND NOT p.{DELETED} "
        is_said += f"WHEN {known} AND NOT p.{DELETED} THEN NOT ({same}) ELSE TRUE END"
        own = stored_columns(self.table, self.stamp, superseding="_known", deleted=DELETED)
        sql = (
            f"SELECT {own} FROM (SELECT r.*, {known} AS _known FROM {rows} r "
            f"LEFT JOIN {latest(self.name)} p ON {on} WHERE {is_said})"
        )
        if complete is None:
            return sql
        keys = ", ".join(map(quote, self.table.key_columns))
        within = ""
        if complete:
            listed = ", ".join(map(quote, complete))
            within = f" SEMI JOIN (SELECT DISTINCT {listed} FROM {given}) USING ({listed})"
        gone = stored_columns(self.table, self.stamp, superseding="TRUE", deleted="TRUE")
        return (
            f"{sql} UNION ALL SELECT {gone} FROM (SELECT p.* EXCLUDE ({DELETED}), "
            f"CAST(NULL AS INTEGER) AS {FILE}, CAST(NULL AS BIGINT) AS {LINE} "
            f"FROM (SELECT * FROM {latest(self.name)}{within}) p "
            f"ANTI JOIN (SELECT {keys} FROM {given} UNION ALL SELECT {keys} FROM {HELD}) USING ({keys}) "
            f"WHERE NOT {DELETED})"
        )
