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
    found.absences(*lines(["00", "05", "07"], "2024-09-02", "0,5"), received_on=SECOND, backfill=False)
    return found


def absences(tables: Tables) -> list[tuple[object, ...]]:
    """Return every version of every absence that tables show, in order, and close them."""
    try:
        return tables.connection.execute("SELECT * FROM versions.absences ORDER BY ALL").fetchall()
    finally:
        tables.close()


def of_students(network: Network, students: list[str]) -> list[tuple[object, ...]]:
    """Return the versions of some students' absences, read among everybody's."""
    return [row for row in absences(network.open()) if row[0] in students]


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
    for group, one in zip(groups, found, strict=True):
        shown = absences(open_tables(network.workspace, network.contract, some=one))
        assert shown == of_students(network, group)
        assert len(shown) == 4 * len(group) + len({"00", "05"} & set(group))


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

    assert {row[0] for row in absences(open_tables(network.workspace, network.contract, some=less))} == {"00"}


def test_a_table_that_nobody_corrected_is_shown_block_by_block(tmp_path: Path) -> None:
    """Its rows are found by member anyway: those asked for are all there, and no other block's."""
    network = declare(tmp_path)
    network.absences(
        *(line for one in STUDENTS for day in range(1, 5) for line in lines([one], f"2024-09-0{day}")),
        received_on=FIRST,
    )
    asked = ["01", "11"]

    (one,) = excerpts_of(
        network.workspace,
        network.contract,
        [pa.array(asked, pa.string())],
        tables=["absences"],
        block=BLOCK,
    )

    shown = absences(open_tables(network.workspace, network.contract, some=one))
    assert [row for row in shown if row[0] in asked] == of_students(network, asked)
    assert {row[0] for row in shown} == {"00", "01", "10", "11"}


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
    assert shown == of_students(network, ["00"])
    assert SECOND in shown[0]


def test_excerpt_is_the_same_after_it_was_kept() -> None:
    """A table of an excerpt gives the same excerpt back."""
    one = Excerpt(pa.array(["00", "05"]), {"absences/000001.parquet": ((0, 7), (16, 23))})

    assert Excerpt.from_table(one.to_table()) == one
