"""Keep the known truth beside the extracts, in a folder that intake never reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from earlywarn.synthetic import rates
from earlywarn.synthetic.calendar import school_year_name
from earlywarn.synthetic.lives import Exit, SchoolYear
from earlywarn.synthetic.schools import Schools

_STATUS_OF_EXIT = {
    Exit.NEVER_CAME_BACK: "left",
    Exit.LEFT_WITHIN_YEAR: "left",
    Exit.TRANSFERRED: "transferred",
    Exit.GRADUATED: "graduated",
}
_SEXES = np.array(["F", "M", "X"])
_EXITS = np.array([kind.name.lower() for kind in Exit])
_YEAR_FIELDS: list[pa.Field[Any]] = [
    pa.field("code", pa.string()),
    pa.field("school_year", pa.string()),
    pa.field("grade", pa.string()),
    pa.field("sex", pa.string()),
    pa.field("imse_decile", pa.int64()),
    pa.field("exit", pa.string()),
    pa.field("dropped_out", pa.bool_()),
    pa.field("decline", pa.float64()),
    pa.field("risk", pa.float64()),
]
_YEARS_SCHEMA = pa.schema(_YEAR_FIELDS)


@dataclass
class CohortTally:
    """Follow the secondary cohorts of one CSS from entry to the end of the seventh year."""

    entries: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    exits: list[tuple[int, NDArray[Any], NDArray[Any]]] = field(default_factory=list)

    def follow(self, story: SchoolYear, schools: Schools) -> None:
        """Note who entered secondary this year and who left it for good."""
        roll = story.roll
        enters = roll.secondary_since == story.year
        entry = {
            "student": roll.number[enters],
            "sex": _SEXES[roll.sex[enters]],
            "imse_decile": schools.decile[roll.school[enters]],
            "years_late": roll.years_late[enters],
            "entered": np.full(int(enters.sum()), story.year),
        }
        self.entries.append(entry)
        returns = (story.exit == Exit.LEFT_WITHIN_YEAR) & ~story.dropped_out
        gone = (story.exit != Exit.STAYED) & ~returns
        self.exits.append((story.year, roll.number[gone], story.exit[gone]))

    def outcomes(self, css: int, first_year: int, last_year: int) -> pa.Table:
        """Return one row per member of a cohort that was followed to its end."""
        parts = {name: np.concatenate([entry[name] for entry in self.entries]) for name in self.entries[0]}
        followed = (parts["entered"] >= first_year + rates.N_PRIMARY_GRADES) & (
            parts["entered"] + rates.FOLLOW_UP_YEARS - 1 <= last_year
        )
        kept = {name: values[followed] for name, values in parts.items()}
        n = int(max((numbers.max(initial=0) for _, numbers, _ in self.exits), default=0)) + 1
        n = max(n, int(kept["student"].max(initial=0)) + 1)
        year_of, how = np.full(n, 9_999), np.zeros(n, np.int64)
        for year, numbers, kinds in self.exits:
            year_of[numbers], how[numbers] = year, kinds
        within = year_of[kept["student"]] <= kept["entered"] + rates.FOLLOW_UP_YEARS - 1
        names = np.array([_STATUS_OF_EXIT.get(kind, "enrolled") for kind in Exit])
        kept["status"] = np.where(within, names[how[kept["student"]]], "enrolled")
        kept["css"] = np.full(len(within), css)
        return pa.table({name: pa.array(values) for name, values in kept.items()})


@dataclass
class TruthFiles:
    """Write the truth of each school year as it is told."""

    folder: Path
    writer: pa.parquet.ParquetWriter

    def add(self, story: SchoolYear, schools: Schools, codes: NDArray[Any]) -> None:
        """Add one row per student of the year."""
        roll = story.roll
        columns = [
            pa.array(codes, pa.string()),
            pa.array([school_year_name(story.year)] * len(roll)),
            pa.array(np.array(rates.GRADES)[roll.grade]),
            pa.array(_SEXES[roll.sex]),
            pa.array(schools.decile[roll.school]),
            pa.array(_EXITS[story.exit]),
            pa.array(story.dropped_out),
            pa.array(story.decline),
            pa.array(story.risk),
        ]
        self.writer.write_table(pa.table(columns, schema=_YEARS_SCHEMA))


@contextmanager
def truth_files(folder: Path) -> Iterator[TruthFiles]:
    """Open the truth folder."""
    folder.mkdir()
    with pa.parquet.ParquetWriter(folder / "student_years.parquet", _YEARS_SCHEMA) as writer:
        yield TruthFiles(folder, writer)
