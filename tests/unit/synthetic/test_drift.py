"""An invented network's school years, taken in one after the other, are not stopped."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from earlywarn.pipeline.ingest import ingest
from earlywarn.synthetic import SyntheticNetwork
from earlywarn.workspace import Workspace
from tests.unit.synthetic.conftest import UNTIL

DATED = {"evenements.csv": ("Date", "%d-%m-%Y"), "plans_intervention.csv": ("Début", "%Y%m%d")}
YEARS = (2024, 2025, 2026)


def _year_of(file: str, header: list[str], line: bytes) -> int | None:
    """Return the school year a row belongs to; None for reference tables and rows whose date is damaged."""
    cells = line.decode("cp1252", errors="replace").split(";")
    if file in DATED:
        column, form = DATED[file]
        try:
            day = datetime.strptime(cells[header.index(column)], form)  # noqa: DTZ007 - a school day
        except ValueError:
            return None
        return day.year - (day.month < 7)
    return int(cells[header.index("Année scolaire")][:4]) if "Année scolaire" in header else None


def _of_year(extracts: Path, folder: Path, year: int) -> None:
    """Write the rows of one school year as its own files, as a local system exports them in summer."""
    folder.mkdir()
    for path in sorted(extracts.glob("*.csv")):
        if path.name.startswith(("absences_", "resultats_")):
            if path.name.endswith(f"{year}-{year + 1}.csv"):
                (folder / path.name).write_bytes(path.read_bytes())
            continue
        first, *lines = path.read_bytes().splitlines(keepends=True)
        header = first.decode("cp1252").strip().split(";")
        kept = [line for line in lines if _year_of(path.name, header, line) in (year, None)]
        (folder / path.name).write_bytes(b"".join([first, *kept]))


def test_school_years_taken_in_one_by_one_are_not_stopped(
    invented: SyntheticNetwork, project: Path, tmp_path: Path
) -> None:
    """Two whole years and the beginning of a third: what a year that has just begun lacks is warned of."""
    rules: dict[int, set[str]] = {}
    for year in YEARS:
        folder = tmp_path / str(year)
        _of_year(invented.folder, folder, year)
        report = ingest(
            project / "models" / "quebec",
            folder,
            Workspace(tmp_path / "home"),
            received_on=min(date(year + 1, 7, 20), UNTIL),
            backfill=True,
            keys=tmp_path / "keys",
        )
        assert not report.is_refused
        rules[year] = {finding.name for finding in report.findings if finding.level == "warn"}

    assert rules[2024] | rules[2025] <= {"assignments.starts_on:constant"}
    assert rules[2026] >= {"absences:fewer_rows", "marks.term:constant", "assignments.ends_on:all_empty"}
