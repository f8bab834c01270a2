"""Lay a shadow report out as one HTML page that stands alone, in French or in English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from earlywarn.domain import Language
from earlywarn.evaluation.shadow_text import (
    head_lines,
    held_out_line,
    say,
    tables_of,
    why_rows,
)
from earlywarn.paper import Cell, Row, Section, Sheet, Table, page

_TITLES: dict[str, tuple[str, str]] = {
    "kicker": ("Avant toute mise en service", "Before any use"),
    "who": ("Qui entre, qui sort", "Who enters, who leaves"),
    "who_lead": (
        "Des nombres seulement, jamais un nom.",
        "Counts only, never a name.",
    ),
    "why": ("Pourquoi", "Why"),
    "held": ("Ce qui a été mesuré", "What was measured"),
}


def shadow_page(report: Mapping[str, Any], language: Language, *, other: str) -> str:
    """Return a report read back from its JSON as an HTML file.

    Args:
        report: The report.
        language: The language of the page.
        other: The file that says the same in the other language, beside this one.
    """
    name = f"{report['network']}/{report['model']}"
    sections = [_who(report, language)]
    if report["other"] is not None:
        sections.append(_why(report, language))
    sections.append(Section("held", _title("held", language), held_out_line(report["held_out"], language)))
    sheet = Sheet(
        title=say("title", language, model=name, as_of=report["as_of"]),
        kicker=_title("kicker", language),
        lead=". ".join(_capital(line) for line in head_lines(report, language)) + ".",
        sections=tuple(sections),
    )
    return page(sheet, language, other=other)


def _who(report: Mapping[str, Any], language: Language) -> Section:
    columns = tuple(say("heads", language).split("|"))
    tables = tuple(_table(title, columns, rows) for title, rows in tables_of(report, language))
    return Section("who", _title("who", language), _title("who_lead", language), tables=tables)


def _why(report: Mapping[str, Any], language: Language) -> Section:
    columns = tuple(say("why_heads", language).split("|"))
    tables = tuple(
        _table(say(key, language), columns, why_rows(report[key], language))
        for key in ("entering", "leaving")
        if report[key]
    )
    lead = _capital(say("why", language)) + "."
    if report["other"]["kind"] == "rules":
        lead += f" {_capital(say('scales', language))}."
    return Section("why", _title("why", language), lead, tables=tables)


def _table(caption: str, columns: tuple[str, ...], rows: Sequence[Sequence[str]]) -> Table:
    made = tuple(Row(head, tuple(Cell(text) for text in cells)) for head, *cells in rows)
    return Table(caption, columns, made)


def _title(key: str, language: Language) -> str:
    return _TITLES[key][0 if language == "fr" else 1]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
