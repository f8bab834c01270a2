"""Put the names of accepted people away: over those known before, encrypted, and never on disk in between."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from earlywarn.tables.contract import Table
from earlywarn.tables.converting import CODE
from earlywarn.tables.expressions import quote
from earlywarn.tables.pseudonyms import read_identities, write_identities
from earlywarn.tables.reading import FILE, LINE
from earlywarn.tables.staging import arrow
from earlywarn.tables.versions import connect
from earlywarn.workspace import Workspace


@dataclass(frozen=True)
class Identities:
    """What one intake read of a table's people; `removed` are the rows that do not count after all."""

    name: str
    table: Table
    given: tuple[pa.Table, ...]
    removed: pa.Table

    def write(self, workspace: Workspace, *, keys: Path) -> None:
        """Encrypt the names of the rows accepted, over those known before."""
        if not self.given:
            return
        names = [*self.table.key_columns, CODE, *self.table.identities]
        listed, by = ", ".join(map(quote, names)), ", ".join(map(quote, self.table.key_columns))
        known = read_identities(self.name, workspace, keys=keys)
        before = known is not None and known.column_names == names
        connection = connect(threads=1)
        try:
            connection.register("given", pa.concat_tables(self.given))
            connection.register("removed", self.removed)
            sql = f"SELECT {listed}, {FILE}, {LINE} FROM given ANTI JOIN removed USING ({FILE}, {LINE})"
            if before:
                connection.register("known", known)
                sql += f" UNION ALL SELECT {listed}, NULL, NULL FROM known"
            merged = arrow(
                connection,
                f"SELECT {listed} FROM ({sql}) QUALIFY row_number() OVER "
                f"(PARTITION BY {by} ORDER BY {FILE} NULLS LAST, {LINE}) = 1 ORDER BY {by}",
            )
        finally:
            connection.close()
        write_identities(self.name, merged, workspace, keys=keys)
