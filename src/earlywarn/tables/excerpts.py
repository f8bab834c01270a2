"""Where some students' rows stand in the files of batches, so that whoever looks at them reads those alone.

Extracts come school by school, so that in a file the rows of a school's students stand together. Nothing
depends on it: where they stand apart, more is read.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from earlywarn.tables.conversion import literal

Stretches = tuple[tuple[int, int], ...]
"""First and last row of each stretch of a file, in order."""

_STUDENTS = "students"
_ROWS = b"earlywarn.rows"


@dataclass(frozen=True)
class Excerpt:
    """Some students, and where in each file below `tables/` their rows stand; others are read whole."""

    students: pa.Array[Any]
    rows: Mapping[str, Stretches] = field(default_factory=dict)

    def to_table(self) -> pa.Table:
        """Return the excerpt as a table that Parquet keeps."""
        table = pa.table({_STUDENTS: self.students})
        return table.replace_schema_metadata({_ROWS: json.dumps(self.rows, sort_keys=True).encode()})

    @classmethod
    def from_table(cls, table: pa.Table) -> Excerpt:
        """Return the excerpt that `to_table` gave.

        >>> one = Excerpt(pa.array(["a"]), {"marks/1.parquet": ((0, 9),)})
        >>> Excerpt.from_table(one.to_table()) == one
        True
        """
        rows = json.loads((table.schema.metadata or {}).get(_ROWS, b"{}"))
        kept = {file: tuple((first, last) for first, last in found) for file, found in rows.items()}
        return cls(table[_STUDENTS].combine_chunks(), kept)


def stretches_sql(file: Path, typed: str, stretches: Stretches) -> str:
    """Return the statement that reads one or more stretches of a file's rows."""
    some = " OR ".join(f"file_row_number BETWEEN {first} AND {last}" for first, last in stretches)
    source = f"read_parquet({literal(str(file))}, file_row_number = true)"
    return f"SELECT {typed} FROM {source} WHERE {some}"
