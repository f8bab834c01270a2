"""One sentence that says how an intake went, and what a clerk does first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

from earlywarn.domain import Language
from earlywarn.paper import NO_BREAK, Mark, Point, counted, write_number
from earlywarn.tables.report.refusals import refusal_text
from earlywarn.tables.report.words import reason_words

if TYPE_CHECKING:
    from earlywarn.tables.report.counts import Reason, Refusal
    from earlywarn.tables.report.intakes import IntakeReport

_MOST = 5
_MARKS: Mapping[str, Mark] = {"stop": "warn", "warn": "", "note": "unknown"}


def summary(report: IntakeReport, language: Language) -> str:
    """Say in one sentence how many files and rows were read, and where the rows went."""
    if report.is_refused:
        if language == "fr":
            return "Rien n’a été pris\u00a0: fichiers refusés\u00a0; les tables restent ce qu’elles étaient."
        return "Nothing was taken in: the files are refused, and the tables stay what they were."
    # A file that fills several tables is one file to who sent it.
    n_files = len({file.name for file in report.files})
    n_duplicates = sum(one.n_duplicates for one in report.sources or report.tables)
    n_left_out = sum(one.n_left_out for one in report.sources or report.tables)
    if language == "fr":
        files = f"{counted(n_files, 'fichier lu', 'fichiers lus', 'fr')}, " if n_files else ""
        parts = [counted(report.n_accepted, "acceptée", "acceptées", "fr")]
        parts.append(f"{write_number(report.n_quarantined, 'fr')}{NO_BREAK}en attente")
        parts += [counted(n_duplicates, "doublon", "doublons", "fr")] if n_duplicates else []
        parts += [f"{counted(n_left_out, 'laissée', 'laissées', 'fr')} de côté"] if n_left_out else []
        return f"{files}{counted(report.n_read, 'ligne', 'lignes', 'fr')}{NO_BREAK}: {', '.join(parts)}."
    files = f"{counted(n_files, 'file', 'files', 'en')} read, " if n_files else ""
    parts = [f"{write_number(report.n_accepted, 'en')} accepted"]
    parts.append(f"{write_number(report.n_quarantined, 'en')} waiting")
    parts += [counted(n_duplicates, "duplicate", "duplicates", "en")] if n_duplicates else []
    parts += [f"{write_number(n_left_out, 'en')} left out"] if n_left_out else []
    return f"{files}{counted(report.n_read, 'row', 'rows', 'en')}: {', '.join(parts)}."


def first_points(
    report: IntakeReport, language: Language, *, with_findings: bool = True
) -> tuple[Point, ...]:
    """Return what a clerk does first: what stopped all, then the files, then the reasons of most rows."""
    points = [_refusal_point(refusal, language) for refusal in report.refusals]
    if with_findings:
        points += finding_points(report, language, levels=("stop", "warn"))
    weights: dict[tuple[str, str, str], int] = {}
    for table in report.counted:
        for reason in table.reasons:
            key = (table.table, reason.column, reason.reason)
            weights[key] = weights.get(key, 0) + reason.n_rows
    heaviest = sorted(weights, key=lambda key: (-weights[key], key))
    for table_name, column, code in heaviest[: max(_MOST - len(points), 1)]:
        n_rows = weights[table_name, column, code]
        points.append(_reason_point(report, table_name, column, code, n_rows, language))
    return tuple(points)


def finding_points(
    report: IntakeReport, language: Language, *, levels: Sequence[str] = ("stop", "warn", "note")
) -> list[Point]:
    """Return what rules about the files found, what stopped the intake first."""
    return [
        Point(
            _labeled(report.label(finding.table, language), finding.sentence(language), language),
            "",
            _MARKS[finding.level],
        )
        for level in levels
        for finding in report.findings
        if finding.level == level
    ]


def file_name(refusal: Refusal) -> str:
    """Return the name of a refused file, without the folder it lies in."""
    path = PurePath(refusal.file)
    return path.name if path.is_absolute() else refusal.file


def _refusal_point(refusal: Refusal, language: Language) -> Point:
    what = sentence(refusal_text(refusal.what, language), capital=not refusal.file)
    todo = sentence(refusal_text(refusal.todo, language)) if refusal.todo else ""
    return Point(_labeled(file_name(refusal), what, language), todo)


def _labeled(name: str, said: str, language: Language) -> str:
    gap = f"{NO_BREAK}: " if language == "fr" else ": "
    return f"{name}{gap}{said}" if name else said


def header_of(report: IntakeReport, told: Reason) -> str:
    """Return what a column is called in the file itself; its declared name where no file says."""
    for file in report.files:
        for column, header in file.columns if file.name == told.file else ():
            if column == told.column:
                return header
    return told.column


def sentence(text: str, *, capital: bool = True) -> str:
    """Return words as a sentence, with its first letter and its stop."""
    said = text[:1].upper() + text[1:] if capital else text
    return said if said.endswith((".", "!", "?")) else f"{said}."


def _reason_point(
    report: IntakeReport, table: str, column: str, code: str, n_rows: int, language: Language
) -> Point:
    words = reason_words(code)
    file = next(
        r
        for t in report.counted
        if t.table == table
        for r in t.reasons
        if r.reason == code and r.column == column
    )
    rows = (
        counted(n_rows, "ligne", "lignes", "fr") if language == "fr" else counted(n_rows, "row", "rows", "en")
    )
    place = report.label(table, language)
    if language == "fr":
        where = "" if column == "row" else f", colonne «\u00a0{header_of(report, file)}\u00a0»"
        text = f"{rows} de «\u00a0{place}\u00a0»{where}\u00a0: {words.text('fr')}."
    else:
        where = "" if column == "row" else f", column “{header_of(report, file)}”"
        text = f"{rows} of “{place}”{where}: {words.text('en')}."
    return Point(text, words.todo(language))
