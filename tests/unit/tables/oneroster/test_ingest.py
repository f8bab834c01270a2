"""An export goes through the door that any file goes through."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.pipeline.ingest import ingest
from earlywarn.tables import IntakeReport, rotate_keys
from tests.builders.intake import Network
from tests.builders.oneroster import BULK, RECEIVED, delta, manifest, pack, replaced, small_network


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network."""
    return small_network(tmp_path).network


def _ingest(network: Network, source: Path, received_on: date = RECEIVED) -> IntakeReport:
    return ingest(
        network.home / "network", source, network.workspace, received_on=received_on, keys=network.keys
    )


def test_a_zip_needs_no_mapping(network: Network, tmp_path: Path) -> None:
    """The contract's tables hold the typed rows, students by pseudonym."""
    report = _ingest(network, pack(tmp_path / "export.zip", BULK))

    assert {t.table: (t.n_read, t.n_new, t.n_left_out) for t in report.tables} == {
        "schools": (2, 1, 1),
        "students": (5, 2, 3),
        "enrollments": (5, 2, 3),
        "staff": (6, 2, 4),
        "assignments": (5, 2, 3),
        "marks": (2, 2, 0),
    }
    assert network.rows(
        "SELECT grade, starts_on, left_on, length(student_id) FROM versions.enrollments ORDER BY starts_on"
    ) == [
        ("07", date(2026, 8, 28), None, 32),
        ("07", date(2026, 9, 15), date(2026, 10, 31), 32),
    ]
    assert network.rows(
        "SELECT CAST(mark AS DOUBLE), is_final, visible_from FROM versions.marks ORDER BY mark"
    ) == [(72.5, False, RECEIVED), (None, False, RECEIVED)]
    assert network.rows("SELECT sex FROM versions.students ORDER BY 1") == [("female",), (None,)]


def test_a_folder_is_taken_in_as_its_zip(network: Network, tmp_path: Path) -> None:
    """Unpacked or not, an export says the same; files of another kind beside it are left alone."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    (folder / "manifest.csv").write_text(manifest(dict.fromkeys(BULK, "bulk")))
    (folder / "readme.txt").write_text("exported on Friday")
    for name, lines in BULK.items():
        (folder / f"{name}.csv").write_bytes(("\ufeff" + "\r\n".join(lines) + "\r\n").encode())
    _ingest(network, pack(tmp_path / "export.zip", BULK))

    again = _ingest(network, folder)

    assert again.batch is None
    assert all(i.n_unchanged + i.n_left_out == i.n_read for i in (*again.tables, *again.sources))


def test_the_report_names_rules_and_files(network: Network, tmp_path: Path) -> None:
    """A clerk reads which rows of which file were left out, by which rule, and which wait."""
    report = _ingest(network, pack(tmp_path / "export.zip", replaced("results", "i1,u2", "i9,u2")))
    french, english = report.as_text("fr"), report.as_text("en")

    assert "la personne n’est pas élève (parent, personnel), 3" in french
    assert "the person is no student (guardian, staff), 3" in english
    assert "results.csv [lineItemSourcedId]: refers to a row that neither" in english
    assert english.splitlines()[1].split()[-2:] == ["left", "out"]
    assert any(line.split()[:2] == ["users.csv", "5"] for line in english.splitlines())


def test_what_an_export_has_no_word_for_is_kept(network: Network, tmp_path: Path) -> None:
    """A school's decile, known from a file, is still known after the export has given the school anew."""
    path = network.home / "network" / "extracts.toml"
    mapped = (
        '[oneroster]\n[[extract]]\ntable = "schools"\nfile = "schools.csv"\noptional = true\n'
        '[extract.columns]\nschool_id = "id"\nname = "name"\ndecile = "decile"\n'
    )
    path.write_text(mapped)
    network.take_in({"schools.csv": "id,name,decile\ns1,Maple,7\n"}, received_on=RECEIVED)

    report = _ingest(network, pack(tmp_path / "export.zip", BULK))

    assert [t.n_superseding for t in report.tables if t.table == "schools"] == [1]
    assert network.rows("SELECT name, decile, district_id FROM versions.schools ORDER BY batch") == [
        ("Maple", 7, None),
        ("Maples", 7, "d1"),
    ]


def test_a_delta_supersedes_from_the_day_it_was_received(network: Network, tmp_path: Path) -> None:
    """The mark as it was stays for past dates."""
    _ingest(network, pack(tmp_path / "bulk.zip", BULK))
    row = "x1,active,2026-11-25T00:00:00Z,i1,u1,fully graded,80,2026-11-19,,,m1,,,,"

    _ingest(network, pack(tmp_path / "d.zip", delta(results=(row,)), mode="delta"), date(2026, 11, 25))

    assert network.rows(
        "SELECT CAST(mark AS DOUBLE), visible_from, superseded_on FROM versions.marks "
        "WHERE mark IS NOT NULL ORDER BY batch"
    ) == [(72.5, RECEIVED, date(2026, 11, 25)), (80.0, date(2026, 11, 25), None)]


def test_a_refused_export_changes_nothing(network: Network, tmp_path: Path) -> None:
    """Tables and memory are as before, byte by byte; what is new is the report of the refusal."""
    _ingest(network, pack(tmp_path / "bulk.zip", BULK))
    before = {path: path.read_bytes() for path in network.workspace.home.rglob("*") if path.is_file()}
    wrong = {**BULK, "results": (BULK["results"][0].replace("score,", "mark,"), *BULK["results"][1:])}

    with pytest.raises(ExtractError, match=r"results.csv: column 7 of the header"):
        _ingest(network, pack(tmp_path / "wrong.zip", wrong))

    after = {path: path.read_bytes() for path in network.workspace.home.rglob("*") if path.is_file()}
    assert {p.name for p in before if before[p] != after.get(p)} <= {"ingest.lock"}
    assert {path.parent.name for path in after if path not in before} == {"reports"}


def test_another_zip_is_told_what_is_wanted(network: Network, tmp_path: Path) -> None:
    """A file that is neither a folder nor an export is refused with both named."""
    (tmp_path / "absences.zip").write_bytes(b"PK")

    with pytest.raises(ExtractError, match="a folder of files is wanted, or a OneRoster zip"):
        _ingest(network, tmp_path / "absences.zip")


def test_a_folder_of_files_and_of_an_export_is_refused(network: Network, tmp_path: Path) -> None:
    """What the manifest does not declare is not silently left out."""
    folder = tmp_path / "both"
    folder.mkdir()
    (folder / "manifest.csv").write_text(manifest({"orgs": "bulk"}))
    (folder / "orgs.csv").write_text("\n".join(BULK["orgs"]) + "\n")
    (folder / "absences.csv").write_text("a;b\n")

    with pytest.raises(ExtractError, match=r"holds 'absences.csv', which the manifest does not declare"):
        _ingest(network, folder)


def test_a_deletion_counts_from_the_day_it_was_received(network: Network, tmp_path: Path) -> None:
    """The stay and the mark that a delta deletes are there for earlier dates, and gone after."""
    _ingest(network, pack(tmp_path / "bulk.zip", BULK))
    gone = delta(
        enrollments=("n2,tobedeleted,2026-11-25T00:00:00Z,h1,s1,u2,student,,,",),
        results=("x2,tobedeleted,2026-11-25T00:00:00Z,i1,u2,exempt,,2026-11-19,,,,,,,",),
    )

    report = _ingest(network, pack(tmp_path / "d.zip", gone, mode="delta"), date(2026, 11, 25))

    assert {t.table: (t.n_read, t.n_deleted, t.n_left_out) for t in report.tables} == {
        "enrollments": (1, 1, 0),
        "assignments": (1, 0, 1),
        "marks": (1, 1, 0),
    }
    assert {t.table: t.n_deleted for t in report.sources} == {"enrollments.csv": 1, "results.csv": 1}
    assert network.rows(
        "SELECT visible_from, superseded_on FROM versions.enrollments ORDER BY starts_on, visible_from"
    ) == [(RECEIVED, None), (RECEIVED, date(2026, 11, 25))]
    assert network.rows("SELECT superseded_on FROM versions.marks WHERE mark IS NULL") == [
        (date(2026, 11, 25),)
    ]


def test_a_bulk_export_deletes_what_it_leaves_out(network: Network, tmp_path: Path) -> None:
    """What is gone from the export is gone from the tables; what comes back is new again."""
    _ingest(network, pack(tmp_path / "bulk.zip", BULK))
    fewer = {**BULK, "enrollments": tuple(n for n in BULK["enrollments"] if not n.startswith("n2"))}

    without = _ingest(network, pack(tmp_path / "fewer.zip", fewer), date(2026, 11, 25))
    again = _ingest(network, pack(tmp_path / "again.zip", BULK), date(2026, 11, 30))

    assert [t.n_deleted for t in without.tables if t.table == "enrollments"] == [1]
    assert all(intake.conserves for intake in (*without.tables, *without.sources))
    assert [t.n_new + t.n_superseding for t in again.tables if t.table == "enrollments"] == [1]
    assert network.rows(
        "SELECT visible_from, superseded_on FROM versions.enrollments WHERE left_on IS NOT NULL ORDER BY 1"
    ) == [(RECEIVED, date(2026, 11, 25)), (date(2026, 11, 30), None)]


def test_a_corrected_code_moves_every_row_of_the_student(network: Network, tmp_path: Path) -> None:
    """A code permanent mended in a delta gives the student another pseudonym, in all tables at once."""
    (network.home / "network" / "extracts.toml").write_text('[oneroster]\nids = { student = "identifier" }\n')
    _ingest(network, pack(tmp_path / "bulk.zip", BULK))
    mended = delta(users=("u1,active,2026-11-25T00:00:00Z,true,u1,,Ada,Roy,,CODE9,,,,,07,,,,,,,s1,",))

    report = _ingest(network, pack(tmp_path / "d.zip", mended, mode="delta"), date(2026, 11, 25))

    assert {t.table: (t.n_new, t.n_deleted) for t in report.tables} == {
        "students": (1, 1),
        "enrollments": (1, 1),
        "marks": (1, 1),
    }
    standing = network.rows(
        "SELECT count(DISTINCT student_id) FROM ("
        + " UNION ALL ".join(
            f"SELECT student_id FROM versions.{table} WHERE superseded_on IS NULL"
            for table in ("students", "enrollments", "marks")
        )
        + ")"
    )
    assert standing == [(2,)]


def test_what_was_remembered_survives_a_change_of_keys(network: Network, tmp_path: Path) -> None:
    """After a rotation a delta still finds what earlier exports said, and meets the new pseudonyms."""
    _ingest(network, pack(tmp_path / "bulk.zip", BULK))
    rotate_keys(network.contract, network.workspace, keys=network.keys, today=RECEIVED)
    row = "x1,active,2026-11-25T00:00:00Z,i1,u1,fully graded,80,2026-11-19,,,m1,,,,"

    report = _ingest(
        network, pack(tmp_path / "d.zip", delta(results=(row,)), mode="delta"), date(2026, 11, 25)
    )

    assert [(t.table, t.n_superseding) for t in report.tables] == [("marks", 1)]
