"""The tables of an intake's page: where every row went, why some wait, and how each file is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from earlywarn.domain import Language
from earlywarn.paper import NO_BREAK, Bar, Cell, Row, Slice, Table, Tone, counted, write_number
from earlywarn.tables.report.first import file_name, header_of
from earlywarn.tables.report.refusals import refusal_text
from earlywarn.tables.report.words import reason_words

if TYPE_CHECKING:
    from earlywarn.tables.report.counts import FileIntake, Reason, Refusal, TableIntake
    from earlywarn.tables.report.intakes import IntakeReport

_RUNS = 12
_LEAST_SEEN = 4.0
_SEPARATORS = {
    ";": ("point-virgule", "semicolon"),
    ",": ("virgule", "comma"),
    "\t": ("tabulation", "tab"),
    "|": ("barre verticale", "vertical bar"),
}
_CONSERVED = ("Table", "Lues", "= nouvelles", "+ corrigées", "+ inchangées", "+ en attente", "+ doublons")
_CONSERVED_EN = ("Table", "Read", "= new", "+ corrected", "+ unchanged", "+ waiting", "+ duplicates")
# Parts of the equation that most intakes have none of, by the count that holds them.
_SELDOM = {
    "n_deleted": ("+ retirant", "+ deleting"),
    "n_left_out": ("+ de côté", "+ left out"),
}


def conservation_table(report: IntakeReport, language: Language) -> Table:
    """Return the equation of each table, with a bar and whether it comes out even."""
    french = language == "fr"
    more = [name for name in _SELDOM if any(getattr(table, name) for table in report.shown)]
    extra = tuple(_SELDOM[name][0 if french else 1] for name in more)
    last = ("Total exact", "") if french else ("Exact", "")
    columns = (*(_CONSERVED if french else _CONSERVED_EN), *extra, *last)
    rows = tuple(_conserved(report, table, more, language) for table in report.shown)
    note = (
        "La barre : foncé, nouvelles et corrigées ; moyen, inchangées ; pâle, doublons et laissées de côté ; "
        "rouille, en attente."
        if french
        else "Bar: dark, new and corrected; medium, unchanged; pale, duplicates and left out; rust, waiting."
    )
    return Table("Par table" if french else "By table", columns, rows, note)


def waiting_tables(report: IntakeReport, language: Language) -> tuple[Table, ...]:
    """Return one table for each file with rows that wait: the reason, the column, the lines, the shapes."""
    by_file: dict[str, list[Reason]] = {}
    for table in report.shown:
        for reason in table.reasons:
            by_file.setdefault(reason.file, []).append(reason)
    if language == "fr":
        columns = ("Motif", "Lignes", "Colonne", "Numéros de ligne", "Forme trouvée")
    else:
        columns = ("Reason", "Rows", "Column", "Line numbers", "Shape found")
    return tuple(
        Table(
            file,
            columns,
            tuple(_reason_row(report, reason, language) for reason in sorted(reasons, key=_heaviest_first)),
            _waiting(_n_rows(reasons), language),
        )
        for file, reasons in sorted(by_file.items(), key=lambda found: (-_n_rows(found[1]), found[0]))
    )


def contradictions_table(report: IntakeReport, language: Language) -> tuple[Table, ...]:
    """Return how often each declared contradiction was met, where any was."""
    found = [(t, name, n) for t in report.tables for name, n in t.contradictions if n]
    title, columns = (
        ("Faits qui se contredisent", ("Règle", "Table", "Lignes"))
        if language == "fr"
        else ("Facts that contradict each other", ("Rule", "Table", "Rows"))
    )
    rows = [_plain_row(name, report.label(t.table, language), n, language) for t, name, n in found]
    return (Table(title, columns, tuple(rows)),) if rows else ()


def left_out_table(report: IntakeReport, language: Language) -> tuple[Table, ...]:
    """Return the rows that declared rules leave out, where there are any."""
    title, columns = (
        ("Lignes laissées de côté", ("Règle", "Fichier", "Lignes"))
        if language == "fr"
        else ("Rows left out", ("Rule", "File", "Rows"))
    )
    rules = [rule for table in report.shown for rule in table.left_out if rule.n_rows]
    rows = [_plain_row(rule.words(language), rule.file, rule.n_rows, language) for rule in rules]
    return (Table(title, columns, tuple(rows)),) if rows else ()


def files_table(report: IntakeReport, language: Language) -> Table:
    """Return the files with what they were read as, and those that were refused with why."""
    if language == "fr":
        columns = ("Fichier", "Table", "Lignes lues", "Écrit en", "Empreinte", "État")
    else:
        columns = ("File", "Table", "Rows read", "Written in", "Digest", "State")
    rows = tuple(_file_row(report, file, language) for file in report.files)
    rows += tuple(_refused_row(report, refusal, language) for refusal in report.refusals)
    return Table("Lus tels quels" if language == "fr" else "Read as given", columns, rows)


def _conserved(report: IntakeReport, table: TableIntake, more: Sequence[str], language: Language) -> Row:
    numbers = [*table.counts(), *(int(getattr(table, name)) for name in more)]
    cells = [Cell(write_number(number, language), is_quiet=not number) for number in numbers]
    if table.n_quarantined:
        cells[4] = Cell(cells[4].text, "warn")
    even = ("oui", "yes") if table.conserves else ("non", "no")
    sign = "✓" if table.conserves else "✗"
    cells.append(
        Cell(f"{sign}{NO_BREAK}{even[0 if language == 'fr' else 1]}", "" if table.conserves else "warn")
    )
    cells.append(Cell("", bar=_bar(table)))
    return Row(report.label(table.table, language), tuple(cells))


def _bar(table: TableIntake) -> Bar:
    """Draw the parts of what was read; a part that waits is never too thin to be seen."""
    waits = 100 * table.n_quarantined / max(table.n_read, 1)
    warn = max(waits, _LEAST_SEEN) if table.n_quarantined else 0.0
    rest = (100 - warn) / max(table.n_read - table.n_quarantined, 1)
    widths: tuple[tuple[Tone, float], ...] = (
        ("good", rest * (table.n_new + table.n_superseding + table.n_deleted)),
        ("calm", rest * table.n_unchanged),
        ("faint", rest * (table.n_duplicates + table.n_left_out)),
        ("warn", warn),
    )
    slices, start = [], 0.0
    for tone, width in widths:
        if width:
            slices.append(Slice(tone, start, width))
        start += width
    return Bar(tuple(slices))


def _reason_row(report: IntakeReport, reason: Reason, language: Language) -> Row:
    words = reason_words(reason.reason)
    said = words.text(language)
    header = header_of(report, reason)
    column = "—" if reason.column == "row" else header
    declared = reason.column if header != reason.column and reason.column != "row" else ""
    return Row(
        said[:1].upper() + said[1:],
        (
            Cell(write_number(reason.n_rows, language), "warn"),
            Cell(column, note=declared, is_number=False),
            Cell(_lines(reason.lines, reason.n_rows, language)),
            Cell("  ·  ".join(reason.examples) or "—", is_number=False),
        ),
        note=words.todo(language),
    )


def _lines(lines: Sequence[int], n_rows: int, language: Language) -> str:
    """Write line numbers, runs of them as one, and how many more there are."""
    runs = _runs(lines)
    shown = runs[:_RUNS]
    n_more = n_rows - sum(last - first + 1 for first, last in shown)
    text = ", ".join(str(first) if first == last else f"{first}–{last}" for first, last in shown)
    if n_more <= 0:
        return text
    more = write_number(n_more, language)
    if language == "fr":
        return f"{text} et {more}{NO_BREAK}{'autre' if n_more == 1 else 'autres'}"
    return f"{text} and {more} more"


def _runs(lines: Sequence[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for line in lines:
        if runs and line == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], line)
        else:
            runs.append((line, line))
    return runs


def _n_rows(reasons: Sequence[Reason]) -> int:
    return sum(reason.n_rows for reason in reasons)


def _waiting(n_rows: int, language: Language) -> str:
    if language == "fr":
        return f"{counted(n_rows, 'ligne', 'lignes', 'fr')} en attente"
    return f"{counted(n_rows, 'row', 'rows', 'en')} waiting"


def _file_row(report: IntakeReport, file: FileIntake, language: Language) -> Row:
    at = 0 if language == "fr" else 1
    written = file.encoding or file.format or "—"
    if file.separator:
        written += f", {_SEPARATORS.get(file.separator, (file.separator,) * 2)[at]}"
    return Row(
        file.name,
        (
            Cell(report.label(file.table, language), is_number=False),
            Cell(write_number(file.n_read, language)),
            Cell(written, is_number=False),
            Cell(file.digest[:12] or "—", is_number=False),
            Cell(("lu", "read")[at], is_number=False),
        ),
    )


def _refused_row(report: IntakeReport, refusal: Refusal, language: Language) -> Row:
    state = "refusé" if language == "fr" else "refused"
    why = refusal_text(refusal.what, language)
    unread = Cell("—", is_quiet=True)
    return Row(
        file_name(refusal),
        (
            Cell(report.label(refusal.table, language), is_number=False),
            unread,
            unread,
            unread,
            Cell(state, "warn", note=why, is_number=False),
        ),
    )


def _plain_row(name: str, place: str, n_rows: int, language: Language) -> Row:
    return Row(name, (Cell(place, is_number=False), Cell(write_number(n_rows, language))))


def _heaviest_first(reason: Reason) -> tuple[int, str, str]:
    return (-reason.n_rows, reason.column, reason.reason)
