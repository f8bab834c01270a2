"""Put the names and codes of accepted people away: over those known before, and never in clear on disk."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from earlywarn.tables.contract import Table
from earlywarn.tables.converting import CODE
from earlywarn.tables.expressions import quote
from earlywarn.tables.identity_files import CODES, read_identities, write_identities
from earlywarn.tables.keyring import IDENTITY_KEY, read_key
from earlywarn.tables.ledger import IdentityFile
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

    def write(self, workspace: Workspace, *, keys: Path) -> dict[str, IdentityFile]:
        """Encrypt the names of the rows accepted, over those known before; return the table's new file."""
        if not self.given:
            return {}
        names = [*self.table.key_columns, CODE, *self.table.identities]
        listed, by = ", ".join(map(quote, names)), ", ".join(map(quote, self.table.key_columns))
        given = pa.concat_tables(self.given)
        known = read_identities(self.name, workspace, keys=keys)
        connection = connect(threads=1)
        try:
            connection.register("given", given)
            connection.register("removed", self.removed)
            sql = f"SELECT {listed}, {FILE}, {LINE} FROM given ANTI JOIN removed USING ({FILE}, {LINE})"
            if known is not None:
                connection.register("known", _aligned(known, given.select(names).schema))
                sql += f" UNION ALL SELECT {listed}, NULL, NULL FROM known"
            merged = arrow(
                connection,
                f"SELECT {listed} FROM ({sql}) QUALIFY row_number() OVER "
                f"(PARTITION BY {by} ORDER BY {FILE} NULLS LAST, {LINE}) = 1 ORDER BY {by}",
            )
        finally:
            connection.close()
        return {self.name: write_identities(self.name, merged, workspace, key=read_key(keys, IDENTITY_KEY))}


def write_codes(codes: Collection[str], workspace: Workspace, *, keys: Path) -> dict[str, IdentityFile]:
    """Encrypt the codes of the rows just stored with those known before; return their file."""
    if not codes:
        return {}
    known = read_identities(CODES, workspace, keys=keys)
    before = [] if known is None else [str(code) for code in known["code"].to_pylist()]
    rows = pa.table({"code": pa.array(sorted({*codes, *before}), pa.string())})
    return {CODES: write_identities(CODES, rows, workspace, key=read_key(keys, IDENTITY_KEY))}


def _aligned(known: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return what is known under today's declared columns; one that is new to the contract is empty."""
    columns = [
        known[field.name].cast(field.type)
        if field.name in known.column_names
        else pa.nulls(known.num_rows, field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)
