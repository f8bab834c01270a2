"""Remember what an export said, encrypted, so that the next one can be told from it.

A delta names rows by ids of earlier exports; a bulk export deletes by leaving out. Both need the past.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from earlywarn.tables.expressions import quote
from earlywarn.tables.oneroster import ID
from earlywarn.tables.reading import LINE

MEMORY = "oneroster-"
Recall = Callable[[str], pa.Table | None]


@dataclass(frozen=True)
class Memory:
    """What one system's exports said so far; `recall` returns what was put away under a name."""

    system: str
    recall: Recall

    def name_of(self, file: str) -> str:
        """Return the name that a file's rows are put away under: each system has its own."""
        system = hashlib.sha256(self.system.encode()).hexdigest()[:8]
        return f"{MEMORY}{system}-{file}"

    def load(self, connection: duckdb.DuckDBPyConnection, file: str, columns: Sequence[str]) -> bool:
        """Make `old:<file>` of the rows remembered; say whether there was anything to remember."""
        rows = self.recall(self.name_of(file))
        known = rows.column_names if rows is not None else []
        cells = ", ".join(quote(name) if name in known else f"'' AS {quote(name)}" for name in (ID, *columns))
        if rows is None:
            listed = ", ".join(f"{quote(name)} VARCHAR" for name in (ID, *columns))
            connection.execute(f"CREATE TEMP TABLE {old(file)} ({listed}, {LINE} BIGINT)")
            return False
        connection.register("remembered", rows)
        connection.execute(f"CREATE TEMP TABLE {old(file)} AS SELECT {cells}, {LINE} FROM remembered")
        connection.unregister("remembered")
        return True


def old(file: str) -> str:
    """Return the relation of what was remembered of a file."""
    return quote(f"old:{file}")
