"""Print an intake's report in a terminal: one sentence, a table of counts, a line for each reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from earlywarn.domain import Language
from earlywarn.tables.report.first import first_points, summary
from earlywarn.tables.report.words import reason_words

if TYPE_CHECKING:
    from earlywarn.tables.report.counts import Reason
    from earlywarn.tables.report.intakes import IntakeReport

_SHOWN = 5
_HEADERS = {
    "fr": ("table", "lues", "nouvelles", "corrigées", "inchangées", "en attente", "doublons"),
    "en": ("table", "read", "new", "superseding", "unchanged", "quarantined", "duplicates"),
}
_TAKEN_BACK = {"fr": "lignes retirées", "en": "rows taken back"}
_LEFT_OUT = {"fr": "de côté", "en": "left out"}


def report_text(report: IntakeReport, language: Language) -> str:
    """Return the report as text."""
    lines = [summary(report, language)]
    if report.tables:
        lines += _table(report, language)
    for table in report.shown:
        lines += [f"  {reason_line(reason, language)}" for reason in table.reasons]
        lines += [f"  {table.table}: {name}, {count}" for name, count in table.contradictions if count]
        lines += [
            f"  {rule.file}: {rule.words(language)}, {rule.n_rows}" for rule in table.left_out if rule.n_rows
        ]
        if table.n_deleted or table.n_gone:
            lines.append(f"  {table.table}: {_TAKEN_BACK[language]}, {table.n_deleted + table.n_gone}")
    points = first_points(report, language)
    if points:
        lines.append("À faire d’abord\u00a0:" if language == "fr" else "To do first:")
        lines += [f"  {n}. {point.text} {point.todo}".rstrip() for n, point in enumerate(points, start=1)]
    return "\n".join(lines)


def reason_line(reason: Reason, language: Language) -> str:
    """Say one reason with its first lines and shapes."""
    words = reason_words(reason.reason).text(language)
    shown = ", ".join(str(line) for line in reason.lines[:_SHOWN])
    more = ", …" if reason.n_rows > _SHOWN else ""
    one, many = ("ligne", "lignes") if language == "fr" else ("line", "lines")
    column = "" if reason.column == "row" else f" [{reason.column}]"
    shapes = f" {' '.join(reason.examples)}" if reason.examples else ""
    lines = one if reason.n_rows == 1 else many
    return f"{reason.file}{column}: {words}, {reason.n_rows} ({lines} {shown}{more}){shapes}"


def _table(report: IntakeReport, language: Language) -> list[str]:
    shown = report.shown
    has_left_out = any(table.left_out for table in shown)
    header = (*_HEADERS[language], *([_LEFT_OUT[language]] if has_left_out else []))
    rows = [header]
    for table in shown:
        counts = (*table.counts(), *([table.n_left_out] if has_left_out else []))
        rows.append((table.table, *map(str, counts)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(header))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
