"""Find where students' rows stand in the files of batches: one pass for all who will read some of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from earlywarn.tables.contract import Contract
from earlywarn.tables.conversion import literal
from earlywarn.tables.excerpts import Excerpt, Stretches
from earlywarn.tables.expressions import quote
from earlywarn.tables.ledger import read_ledger
from earlywarn.tables.versions import connect, shows_students_apart
from earlywarn.workspace import Workspace

BLOCK = 122_880
"""Rows of a Parquet row group as batches are written: it is read or left unread as one."""


def excerpts_of(
    workspace: Workspace,
    contract: Contract,
    groups: Sequence[pa.Array[Any]],
    *,
    tables: Collection[str],
    last_batch: int | None = None,
    block: int = BLOCK,
) -> list[Excerpt]:
    """Find where the rows of each of several groups of students stand, in one pass over the files.

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
    rows: list[dict[str, Stretches]] = [{} for _ in groups]
    connection = connect()
    try:
        connection.register("_chosen", chosen)
        connection.execute("CREATE TABLE chosen AS SELECT * FROM _chosen")
        for name in sorted(tables):
            files = ledger.files_of(name)
            if not shows_students_apart(contract, name, any(file.n_superseding for file in files)):
                continue
            for stored in (one for file in files for one in file.files):
                path = workspace.tables / stored.file
                if pq.read_metadata(path).num_rows <= block:
                    continue
                found = connection.execute(
                    f"SELECT DISTINCT _place, file_row_number // {block} "
                    f"FROM read_parquet({literal(str(path))}, file_row_number = true) "
                    f"JOIN chosen USING ({quote(student)})"
                ).fetchall()
                blocks: dict[int, list[int]] = defaultdict(list)
                for place, one in found:
                    blocks[place].append(one)
                for place, of_file in enumerate(rows):
                    of_file[stored.file] = _stretches(blocks[place], block)
    finally:
        connection.close()
    return [Excerpt(group, of_files) for group, of_files in zip(groups, rows, strict=True)]


def _stretches(blocks: Iterable[int], block: int) -> Stretches:
    found: list[tuple[int, int]] = []
    for one in sorted(blocks):
        if found and found[-1][1] == one * block - 1:
            found[-1] = (found[-1][0], (one + 1) * block - 1)
        else:
            found.append((one * block, (one + 1) * block - 1))
    return tuple(found)
