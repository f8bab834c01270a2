"""The zip of an invented network and its raw French files say the same, table by table."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from earlywarn.errors import ExtractError
from earlywarn.pipeline.ingest import ingest
from earlywarn.synthetic import SyntheticNetwork
from earlywarn.tables import IntakeReport, Tables, load_contract, open_tables, read_identities
from earlywarn.workspace import Workspace
from tests.unit.synthetic.conftest import UNTIL

# What OneRoster has no word for, and the one table that says something otherwise.
NOT_GIVEN = {
    "schools": ("imse_decile",),
    "students": ("home_language",),
    "enrollments": ("exit_type", "is_repeating"),
}
COVERED = ("schools", "students", "enrollments", "marks", "staff", "group_members")
YEAR = "2026-2027"


@dataclass(frozen=True)
class Pair:
    """One network taken in twice with the same keys: from its raw files, and from its zip alone."""

    raw: Tables
    zipped: Tables
    report: IntakeReport
    home: Path


def _ingest(
    project: Path, source: Path, home: Path, name: str, *, days_later: int = 0, accept: tuple[str, ...] = ()
) -> IntakeReport:
    return ingest(
        project / "models" / "quebec",
        source,
        Workspace(home / name),
        received_on=UNTIL + timedelta(days=days_later),
        backfill=not days_later,
        keys=home / "keys",
        accept_drift=accept,
    )


@pytest.fixture(scope="module")
def pair(
    invented: SyntheticNetwork, project: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pair]:
    """Take the network in both ways."""
    home = tmp_path_factory.mktemp("pair")
    contract = load_contract(project / "models" / "quebec" / "contract.toml")
    _ingest(project, invented.folder, home, "raw")
    report = _ingest(project, invented.oneroster, home, "zipped")
    raw, zipped = (open_tables(Workspace(home / name), contract) for name in ("raw", "zipped"))
    yield Pair(raw, zipped, report, home)
    raw.close()
    zipped.close()


def _rows(tables: Tables, table: str, leave: tuple[str, ...], known: str = "TRUE") -> set[tuple[object, ...]]:
    columns = [n for n in tables.contract.tables[table].stored if n not in leave]
    listed = ", ".join(f'"{column}"' for column in columns)
    found = tables.connection.execute(f"SELECT {listed} FROM versions.{table} WHERE {known}").fetchall()
    return set(found)


def test_every_row_of_the_zip_is_taken_in_or_left_out_by_a_rule(pair: Pair) -> None:
    """Nothing waits, and the law holds for every table and file."""
    assert pair.report.n_quarantined == 0
    assert all(intake.conserves for intake in (*pair.report.tables, *pair.report.sources))
    assert {t.table for t in pair.report.tables} == {*COVERED, "assignments"}


@pytest.mark.parametrize("table", COVERED)
def test_the_zip_gives_the_rows_of_the_raw_files(pair: Pair, table: str) -> None:
    """For the school year of the zip both give the same rows, but for what OneRoster has no word for."""
    leave = NOT_GIVEN.get(table, ())
    has_year = "school_year" in pair.raw.contract.tables[table].columns
    known = f"school_year = '{YEAR}'" if has_year else "TRUE"
    if table == "students":
        known = f"student_id IN (SELECT student_id FROM versions.enrollments WHERE school_year = '{YEAR}')"

    assert _rows(pair.zipped, table, leave) == _rows(pair.raw, table, leave, known)


def test_homeroom_teachers_of_secondary_groups_have_a_row_of_their_own(pair: Pair) -> None:
    """The one difference: OneRoster says who has a homeroom by a row, the raw files by a flag."""
    raw = _rows(pair.raw, "assignments", (), f"school_year = '{YEAR}'")
    zipped = _rows(pair.zipped, "assignments", ())
    columns = list(pair.raw.contract.tables["assignments"].stored)
    subject, homeroom = columns.index("subject"), columns.index("is_homeroom")

    def as_a_row(row: tuple[object, ...]) -> set[tuple[object, ...]]:
        if row[subject] == "all" or not row[homeroom]:
            return {row}
        other = list(row)
        other[homeroom] = False
        own = list(row)
        own[subject] = "all"
        return {tuple(other), tuple(own)}

    assert zipped == {one for row in raw for one in as_a_row(row)}
    assert len(zipped - raw) > 0


def test_names_go_to_the_same_place(pair: Pair) -> None:
    """The encrypted identities of the zip's students are those of the raw files."""
    raw, zipped = (
        read_identities("students", Workspace(pair.home / name), keys=pair.home / "keys")
        for name in ("raw", "zipped")
    )
    assert raw is not None
    assert zipped is not None
    known = {tuple(row.values()) for row in raw.to_pylist()}

    assert {tuple(row.values()) for row in zipped.to_pylist()} <= known
    assert zipped.num_rows == len(_rows(pair.zipped, "students", ()))


def test_the_zip_after_the_raw_files_changes_nothing(
    pair: Pair, invented: SyntheticNetwork, project: Path
) -> None:
    """Every row is unchanged, what OneRoster has no word for included; assignments apart."""
    report = _ingest(project, invented.oneroster, pair.home, "raw", days_later=1)
    found = {t.table: (t.n_new, t.n_superseding) for t in report.tables}

    assert {table: found[table] for table in COVERED} == dict.fromkeys(COVERED, (0, 0))
    assert found["assignments"][0] == found["assignments"][1] > 0


def _with_results(source: Path, target: Path, mode: str, n_rows: int) -> Path:
    """Write the zip again with no more than the first rows of its results, in one mode."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name).decode()
            if name == "manifest.csv":
                content = content.replace("file.results,bulk", f"file.results,{mode}")
            if name == "results.csv":
                header, *rows = content.splitlines()[: n_rows + 1]
                stamp = ',"active","2026-11-21T00:00:00Z",' if mode == "delta" else ",,,"
                content = "\n".join([header, *(row.replace(",,,", stamp, 1) for row in rows), ""])
            new.writestr(name, content)
    return target


def test_the_same_zip_again_adds_no_batch(pair: Pair, invented: SyntheticNetwork, project: Path) -> None:
    """An export taken in twice is unchanged, file by file and table by table."""
    report = _ingest(project, invented.oneroster, pair.home, "zipped", days_later=1)

    assert report.batch is None
    assert all(i.n_unchanged + i.n_left_out == i.n_read for i in (*report.tables, *report.sources))


def test_a_bulk_export_that_was_cut_is_refused(
    pair: Pair, invented: SyntheticNetwork, project: Path, tmp_path: Path
) -> None:
    """It would delete most marks of the year; nothing is stored until somebody says that it is meant."""
    cut = _with_results(invented.oneroster, tmp_path / "cut.zip", "bulk", 1_000)

    with pytest.raises(ExtractError, match=r"results.csv: 5777 rows that earlier exports gave are not in it"):
        _ingest(project, cut, pair.home, "zipped", days_later=1)
    report = _ingest(project, cut, pair.home, "zipped", days_later=1, accept=("marks:fewer_rows",))

    assert [(t.n_unchanged, t.n_deleted) for t in report.tables if t.table == "marks"] == [(1_000, 5_777)]


def test_a_delta_may_be_as_small_as_it_is(
    pair: Pair, invented: SyntheticNetwork, project: Path, tmp_path: Path
) -> None:
    """A hundred marks of one school, all unchanged, are no drift."""
    small = _with_results(invented.oneroster, tmp_path / "small.zip", "delta", 100)

    report = _ingest(project, small, pair.home, "zipped", days_later=1)

    assert [t.n_unchanged for t in report.tables if t.table == "marks"] == [100]
    assert not report.findings
