"""Write a sheet as Markdown, for those who read it in a repository or a terminal; drawings are left out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from earlywarn.paper.sheets import Cell, Fact, Point, Section, Sheet, Table


def markdown(sheet: Sheet) -> str:
    """Return a sheet as Markdown: the same words as its page, in the same order."""
    lines = [f"# {sheet.title}"]
    for text in (sheet.kicker, sheet.lead):
        lines += ["", text] if text else []
    lines += _block(_facts(sheet.facts))
    if sheet.first_title:
        lines += ["", f"## {sheet.first_title}"]
        lines += _block(_points(sheet.first)) or ["", sheet.nothing]
    for section in sheet.sections:
        lines += _section(section)
    return "\n".join(lines) + "\n"


def _section(section: Section) -> list[str]:
    lines = ["", f"## {section.title}"]
    for text in (section.lead, *section.paragraphs):
        lines += ["", text] if text else []
    lines += _block(_points(section.points))
    for table in section.tables:
        lines += _table(table)
    return lines + _block(_facts(section.facts))


def _block(lines: Sequence[str]) -> list[str]:
    return ["", *lines] if lines else []


def _facts(facts: Sequence[Fact]) -> list[str]:
    return [f"- **{fact.term}** {fact.text}" if fact.term else f"- {fact.text}" for fact in facts]


def _points(points: Sequence[Point]) -> list[str]:
    return [f"- {point.text}{f' {point.todo}' if point.todo else ''}" for point in points]


def _table(table: Table) -> Iterator[str]:
    """Yield a table with its caption; a cell's note follows its text, in brackets if it has none."""
    yield from ("", f"{table.caption}{f' ({table.note})' if table.note else ''}", "")
    yield f"| {' | '.join(table.columns)} |"
    yield "|" + "---|" * len(table.columns)
    for row in table.rows:
        head = f"{row.head}{f' ({row.note})' if row.note else ''}"
        yield f"| {' | '.join([head, *(_cell(cell) for cell in row.cells)])} |"


def _cell(cell: Cell) -> str:
    if not cell.note:
        return cell.text
    return f"{cell.text} {cell.note}" if cell.note.startswith("[") else f"{cell.text} ({cell.note})"
