"""The raw files are what local systems write, to the byte."""

from __future__ import annotations

import csv
from datetime import date, datetime
from pathlib import Path

import pytest

from earlywarn.errors import StorageError
from earlywarn.synthetic import SyntheticNetwork, synthesize
from earlywarn.synthetic.raw_files import FILES
from tests.unit.synthetic.conftest import UNTIL


def rows_of(network: SyntheticNetwork, table: str) -> list[dict[str, str]]:
    """Return the well-formed rows of a table's files."""
    found = []
    for path in sorted(network.folder.glob(FILES[table].name.replace("{year}", "*"))):
        with path.open(encoding="cp1252", newline="") as handle:
            found += [row for row in csv.DictReader(handle, delimiter=";") if None not in row.values()]
    return [row for row in found if None not in row]


def test_files_are_those_of_a_windows_system(invented: SyntheticNetwork) -> None:
    """cp1252 with accents in the header, semicolons, carriage returns, and a decimal comma."""
    content = (invented.folder / "absences_2025-2026.csv").read_bytes()

    assert content.startswith(
        "Code permanent;Date;Période;Motif;Durée (jours);Date de saisie\r\n".encode("cp1252")
    )
    assert b";0,25;" in content
    assert content.count(b"\n") == content.count(b"\r\n")


def test_every_table_has_its_files(invented: SyntheticNetwork) -> None:
    """Absences and results come by school year, everything else in one file."""
    names = sorted(path.name for path in invented.folder.glob("*.csv"))

    assert names == [
        "absences_2024-2025.csv",
        "absences_2025-2026.csv",
        "absences_2026-2027.csv",
        "affectations.csv",
        "calendrier.csv",
        "ecoles.csv",
        "eleves.csv",
        "evenements.csv",
        "frequentations.csv",
        "groupes_eleves.csv",
        "personnel.csv",
        "plans_intervention.csv",
        "resultats_2024-2025.csv",
        "resultats_2025-2026.csv",
        "resultats_2026-2027.csv",
    ]


def test_rows_are_counted_as_written(invented: SyntheticNetwork) -> None:
    """The returned counts are the lines of the files, headers apart."""
    lines = {
        table: sum(
            path.read_bytes().count(b"\r\n") - 1
            for path in invented.folder.glob(shape.name.replace("{year}", "*"))
        )
        for table, shape in FILES.items()
    }

    assert lines == dict(invented.rows)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("absences", "Date de saisie"),
        ("marks", "Date du bulletin"),
        ("enrollments", "Date de début"),
        ("enrollments", "Date de fin"),
        ("incidents", "Date de saisie"),
        ("support_plans", "Fin"),
        ("school_days", "Jour de classe"),
    ],
)
def test_nothing_later_than_the_cut_is_written(invented: SyntheticNetwork, table: str, column: str) -> None:
    """The last school year stops on the day the story is cut."""
    texts = {row[column] for row in rows_of(invented, table)} - {""}
    days = [_day(text, FILES[table].date_format) for text in texts]
    known = [day for day in days if day is not None]

    assert date(2026, 6, 1) < max(known) <= UNTIL


def _day(text: str, date_format: str) -> date | None:
    """Return the day, or nothing for a planted defect."""
    try:
        return datetime.strptime(text, date_format).date()  # noqa: DTZ007
    except ValueError:
        return None


def test_every_code_permanent_is_a_student(invented: SyntheticNetwork) -> None:
    """No event is about somebody who is not in the students' file."""
    students = {row["Code permanent"] for row in rows_of(invented, "students")}
    for table in ("absences", "marks", "incidents", "support_plans", "group_members", "enrollments"):
        named = {row["Code permanent"] for row in rows_of(invented, table)} - {""}

        assert named <= students


def test_some_leavers_have_no_exit_row(invented: SyntheticNetwork) -> None:
    """Of those who are gone, most have a diploma, some left on paper, and some just did not return."""
    stays = rows_of(invented, "enrollments")
    returned = {row["Code permanent"] for row in stays if row["Année scolaire"] == "2025-2026"}
    gone = [
        row["Motif de départ"]
        for row in stays
        if row["Année scolaire"] == "2024-2025"
        and row["Classe"] in ("S3", "S4", "S5")
        and row["Code permanent"] not in returned
    ]

    assert gone.count("ABA") > 0
    assert gone.count("FIN") > 0
    assert gone.count("DIP") > gone.count("ABA") + gone.count("FIN")


def test_the_same_seed_writes_the_same_bytes(invented: SyntheticNetwork, tmp_path: Path) -> None:
    """Twice the same seed gives the same files, zip included; another seed gives others."""
    again = synthesize(tmp_path / "again", n_students=2_000, n_school_years=3, until=UNTIL, seed=7)
    other = synthesize(tmp_path / "other", n_students=2_000, n_school_years=3, until=UNTIL, seed=8)
    names = sorted(path.name for path in invented.folder.iterdir() if path.is_file())

    assert all((again.folder / name).read_bytes() == (invented.folder / name).read_bytes() for name in names)
    assert (other.folder / "absences_2025-2026.csv").read_bytes() != (
        invented.folder / "absences_2025-2026.csv"
    ).read_bytes()


def test_a_folder_with_files_is_refused(tmp_path: Path) -> None:
    """Nothing is written over what is there."""
    (tmp_path / "mine.csv").touch()

    with pytest.raises(StorageError, match="already holds files"):
        synthesize(tmp_path, n_students=2_000, until=UNTIL)

    assert [path.name for path in tmp_path.iterdir()] == ["mine.csv"]


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path) -> None:
    """When the disk fills half-way the message says so, and no half-written folder stands."""

    def fills_up(step: str, done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="the disk is full"):
        synthesize(tmp_path / "extracts", n_students=2_000, n_school_years=3, until=UNTIL, progress=fills_up)

    assert list(tmp_path.iterdir()) == []


def test_the_slower_of_two_writers_is_told(tmp_path: Path) -> None:
    """If another writer finishes the folder first, this one gives way and cleans up."""

    def overtaken(step: str, done: int, total: int) -> None:
        (tmp_path / "extracts").mkdir(exist_ok=True)
        (tmp_path / "extracts" / "theirs.csv").touch()

    with pytest.raises(StorageError, match="already holds files"):
        synthesize(tmp_path / "extracts", n_students=2_000, n_school_years=3, until=UNTIL, progress=overtaken)

    assert [path.name for path in tmp_path.rglob("*")] == ["extracts", "theirs.csv"]
