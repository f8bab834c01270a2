"""Some students' rows are read where they stand, and are the same rows as among everybody's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest

from earlywarn.tables import Excerpt, Tables, excerpts_of, open_tables
from tests.builders.intake import CONTRACT, EXTRACTS, Network, declare

FIRST, SECOND = date(2025, 1, 10), date(2025, 2, 10)
STUDENTS = [f"{number:02d}" for number in range(12)]
BLOCK = 8
CORRECTED = {"00", "05", "07"}
"""Whose rows stand in a second file, too small to be cut."""
BY_NUMBER = (
    CONTRACT.replace('key = ["student_id", "happened_on"]', 'key = ["number"]').replace(
        "n_periods = {", 'number = { type = "id", required = true }\nn_periods = {'
    ),
    EXTRACTS.replace('note = "Note"', 'note = "Note"\nnumber = "Number"'),
)


def lines(students: list[str], day: str, days: str = "1") -> list[str]:
    """Return lines of absences, all on a day."""
    return [f"{student};{day};;M;{days};;;" for student in students]


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return twelve students' absences, four days each student after student, and a few corrections."""
    found = declare(tmp_path)
    found.absences(
        *(line for one in STUDENTS for day in range(1, 5) for line in lines([one], f"2024-09-0{day}")),
        received_on=FIRST,
    )
    found.absences(*lines(sorted(CORRECTED), "2024-09-02", "0,5"), received_on=SECOND, backfill=False)
    return found


def absences(tables: Tables) -> list[tuple[object, ...]]:
    """Return every version of every absence that tables show, in order, and close them."""
    try:
        return tables.connection.execute("SELECT * FROM versions.absences ORDER BY ALL").fetchall()
    finally:
        tables.close()


def of_students(rows: list[tuple[object, ...]], students: list[str]) -> list[tuple[object, ...]]:
    """Return the versions of some students' absences."""
    return [row for row in rows if row[0] in students]


def test_excerpts_read_the_blocks_of_their_students_alone(network: Network) -> None:
    """Each group of students has its blocks of eight rows, two students in each, and a small file whole."""
    groups = [["00", "01", "05"], ["05", "11"]]

    found = excerpts_of(
        network.workspace,
        network.contract,
        [pa.array(group, pa.string()) for group in groups],
        tables=["absences", "enrollments"],
        block=BLOCK,
    )

    (file,) = {file for one in found for file in one.rows}
    assert [one.rows[file] for one in found] == [((0, 7), (16, 23)), ((16, 23), (40, 47))]
    in_blocks = [{"00", "01", "04", "05"}, {"04", "05", "10", "11"}]
    for group, beside, one in zip(groups, in_blocks, found, strict=True):
        shown = absences(open_tables(network.workspace, network.contract, some=one))
        theirs = of_students(shown, group)
        assert theirs == of_students(absences(network.open()), group)
        assert len(theirs) == 4 * len(group) + len({"00", "05"} & set(group))
        assert {row[0] for row in shown} == beside | CORRECTED


def test_excerpt_reads_no_row_outside_its_stretches(network: Network) -> None:
    """A stretch that is left out is not read, whoever stands there."""
    (one,) = excerpts_of(
        network.workspace,
        network.contract,
        [pa.array(["00", "11"], pa.string())],
        tables=["absences"],
        block=BLOCK,
    )
    (file,) = one.rows

    less = Excerpt(one.students, {file: one.rows[file][:1]})

    shown = absences(open_tables(network.workspace, network.contract, some=less))
    assert {row[0] for row in shown} == {"00", "01"} | CORRECTED


def test_row_that_moves_to_another_student_leaves_the_first(tmp_path: Path) -> None:
    """A correction that says another student ends the version of the one who is looked at alone."""
    network = declare(tmp_path, *BY_NUMBER)
    header = "Student;Day;Entered;Kind;Days;Periods;Late;Note;Number\n"
    rows = [f"{one};2024-09-02;;M;1;;;;{one}\n" for one in STUDENTS]
    network.take_in({"absences.csv": header + "".join(rows)}, received_on=FIRST)
    moved = "01;2024-09-02;;M;1;;;;00\n"
    network.take_in({"absences.csv": header + moved}, received_on=SECOND, backfill=False)

    (one,) = excerpts_of(
        network.workspace,
        network.contract,
        [pa.array(["00"], pa.string())],
        tables=["absences"],
        block=BLOCK,
    )

    assert one.rows == {}
    shown = absences(open_tables(network.workspace, network.contract, some=one))
    theirs = of_students(shown, ["00"])
    assert theirs == of_students(absences(network.open()), ["00"])
    assert SECOND in theirs[0]


def test_excerpt_is_the_same_after_it_was_kept() -> None:
    """A table of an excerpt gives the same excerpt back."""
    one = Excerpt(pa.array(["00", "05"]), {"absences/000001.parquet": ((0, 7), (16, 23))})

    assert Excerpt.from_table(one.to_table()) == one
