"""Find where students' rows stand in the files of batches, by their indexes, for all who will read some."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from earlywarn.tables.block_index import BLOCK, hash_sql, index_of, large_files
from earlywarn.tables.contract import Contract
from earlywarn.tables.excerpts import Excerpt, Stretches
from earlywarn.tables.ledger import read_ledger
from earlywarn.tables.versions import connect
from earlywarn.workspace import Workspace

if TYPE_CHECKING:
    import duckdb


def excerpts_of(
    workspace: Workspace,
    contract: Contract,
    groups: Sequence[pa.Array[Any]],
    *,
    tables: Collection[str],
    last_batch: int | None = None,
    block: int = BLOCK,
) -> list[Excerpt]:
    """Find where the rows of each of several groups of students stand.

    Args:
        workspace: Holds the batches.
        contract: The network's contract.
        groups: Students; one may be in several groups.
        tables: The tables that are going to be read; of others nothing is said.
        last_batch: The latest batch to look at; None for all.
        block: How many rows are read or left unread as one.
    """
    student = contract.network.student
    ledger = read_ledger(workspace, contract.network.name).until(last_batch)
    numbered = [
        {student: group, "_place": pa.array([place] * len(group), pa.int32())}
        for place, group in enumerate(groups)
    ]
    chosen = pa.concat_tables([pa.table(one) for one in numbered])
    connection = connect()
    try:
        connection.register("_chosen", chosen)
        connection.execute(f"CREATE TABLE chosen AS SELECT {hash_sql(student)} AS hash, _place FROM _chosen")
        files = list(large_files(workspace, contract, ledger, tables, block=block))
        found = _blocks(connection, [index_of(connection, file) for file in files])
    finally:
        connection.close()
    return [
        Excerpt(group, {file.file: _stretches(found[n, place], block) for n, file in enumerate(files)})
        for place, group in enumerate(groups)
    ]


def _blocks(
    connection: duckdb.DuckDBPyConnection, indexes: Sequence[pa.Table]
) -> dict[tuple[int, int], list[int]]:
    """Return the blocks of each file, by its place among the indexes, in which each group stands."""
    blocks: dict[tuple[int, int], list[int]] = defaultdict(list)
    for n, index in enumerate(indexes):
        connection.register(f"_index_{n}", index)
    # One join with all of them, so that the chosen, who are the most, are hashed once.
    union = " UNION ALL ".join(f"SELECT {n} AS _file, * FROM _index_{n}" for n in range(len(indexes)))
    if union:
        sql = f"SELECT DISTINCT _file, _place, unnest(blocks) FROM ({union}) JOIN chosen USING (hash)"
        for file, place, block in connection.execute(sql).fetchall():
            blocks[file, place].append(block)
    return blocks


def _stretches(blocks: Iterable[int], block: int) -> Stretches:
    found: list[tuple[int, int]] = []
    for one in sorted(blocks):
        if found and found[-1][1] == one * block - 1:
            found[-1] = (found[-1][0], (one + 1) * block - 1)
        else:
            found.append((one * block, (one + 1) * block - 1))
    return tuple(found)
