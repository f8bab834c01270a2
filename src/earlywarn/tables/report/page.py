"""Lay an intake's report out as a page that a school clerk reads, prints and acts on."""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from typing import TYPE_CHECKING

from earlywarn.domain import Language
from earlywarn.paper import NO_BREAK, Fact, Section, Sheet, page, write_day, write_number
from earlywarn.tables.report.evidence import (
    conservation_table,
    contradictions_table,
    files_table,
    left_out_table,
    waiting_tables,
)
from earlywarn.tables.report.first import finding_points, first_points, summary

if TYPE_CHECKING:
    from earlywarn.tables.report.intakes import IntakeReport

_SAID = {
    "title": ("Réception du {day}", "Intake of {day}"),
    "kicker": ("Rapport de réception des fichiers", "Report on the files taken in"),
    "first": ("À faire d’abord", "To do first"),
    "nothing": ("Rien à corriger.", "Nothing to correct."),
    "tables": ("Où est passée chaque ligne", "Where every row went"),
    "tables_lead": (
        "Toute ligne lue est nouvelle, corrigée, inchangée, en attente ou en double : aucune ne se perd.",
        "Every row read is new, corrected, unchanged, waiting or a duplicate: none is lost.",
    ),
    "refused_lead": (
        "Ce qui suit a été lu, et rien n’en est gardé : corriger aussi ces lignes avant de recommencer.",
        "What follows was read, and nothing of it is kept: correct these rows too before starting again.",
    ),
    "findings": ("Ce que disent les règles sur les fichiers", "What the rules about files say"),
    "waiting": ("Lignes en attente", "Rows waiting"),
    "waiting_lead": (
        "Elles n’entrent dans aucune table tant qu’elles ne sont pas corrigées ; le reste du fichier est pris. "
        "Les numéros sont ceux des lignes du fichier, l’en-tête étant la première.",
        "They enter no table until they are corrected; the rest of the file is taken in. The numbers are those of the file’s lines, the header being the first.",
    ),
    "settled": ("Réglé par une règle déclarée", "Settled by a declared rule"),
    "files": ("Fichiers", "Files"),
    "reading": ("Comment lire ce rapport", "How to read this report"),
    "state": ("État", "State"),
    "network": ("Réseau", "Network"),
    "batch": ("Lot", "Batch"),
    "repeats": ("Les mêmes fichiers que le lot", "The same files as batch"),
    "history": ("Historique", "History"),
    "history_text": (
        "oui : chaque fait compte depuis le jour où il était connu",
        "yes: each fact counts from the day it was known",
    ),
    "deleted": ("Lignes retirées", "Rows taken back"),
}
_STATES = {
    "accepted": ("acceptée", "accepted"),
    "nothing new": ("rien de nouveau", "nothing new"),
    "refused": ("refusée", "refused"),
}
_READING = (
    (
        ("Nouvelle, corrigée, inchangée", "New, corrected, unchanged"),
        (
            "La ligne n’était pas encore là ; elle remplace, à partir du jour de réception, une ligne de même clé ; ou elle y était déjà, mot pour mot.",
            "The row was not there yet; it replaces a row of the same key from the day it was received; or it was there already, word for word.",
        ),
    ),
    (
        ("En double", "Duplicate"),
        (
            "La même ligne est écrite plusieurs fois ; elle compte une fois.",
            "The same row is written several times; it counts once.",
        ),
    ),
    (
        ("Forme trouvée", "Shape found"),
        (
            "Une lettre y est écrite A et un chiffre 9 : « 99/99/9999 ». Ce rapport ne contient aucune valeur, aucun nom, aucun code permanent.",
            "A letter is written A and a digit 9: “99/99/9999”. This report holds no value, no name and no student’s code.",
        ),
    ),
)


def report_page(report: IntakeReport, language: Language, *, other: str) -> str:
    """Return the report as one HTML file, with a way to the other language's file beside it."""
    return page(report_sheet(report, language), language, other=other)


def report_sheet(report: IntakeReport, language: Language) -> Sheet:
    """Return what the page says."""
    return Sheet(
        title=_say("title", language).format(day=write_day(report.received_on, language)),
        kicker=_say("kicker", language),
        lead=summary(report, language),
        facts=_facts(report, language),
        first_title=_say("first", language),
        first=first_points(report, language),
        nothing=_say("nothing", language),
        sections=tuple(section for section in _sections(report, language) if section is not None),
    )


def _facts(report: IntakeReport, language: Language) -> tuple[Fact, ...]:
    at = 0 if language == "fr" else 1
    facts = [
        Fact(_say("state", language), _STATES[report.status][at]),
        Fact(_say("network", language), report.network),
    ]
    if report.batch is not None:
        facts.append(Fact(_say("batch", language), f"{'n°' if at == 0 else 'no.'}{NO_BREAK}{report.batch}"))
    if report.repeats is not None:
        facts.append(
            Fact(_say("repeats", language), f"{'n°' if at == 0 else 'no.'}{NO_BREAK}{report.repeats}")
        )
    if report.backfill:
        facts.append(Fact(_say("history", language), _say("history_text", language)))
    n_taken_back = sum(table.n_deleted + table.n_gone for table in report.tables)
    if n_taken_back:
        facts.append(Fact(_say("deleted", language), write_number(n_taken_back, language)))
    return tuple(facts)


def _sections(report: IntakeReport, language: Language) -> list[Section | None]:
    waiting = waiting_tables(report, language)
    settled = (*contradictions_table(report, language), *left_out_table(report, language))
    findings = tuple(finding_points(report, language))
    return [
        Section(
            "tables",
            _say("tables", language),
            lead=_say("refused_lead" if report.status == "refused" else "tables_lead", language),
            tables=(conservation_table(report, language),),
        )
        if report.tables
        else None,
        Section("findings", _say("findings", language), points=findings) if findings else None,
        Section("waiting", _say("waiting", language), lead=_say("waiting_lead", language), tables=waiting)
        if waiting
        else None,
        Section("settled", _say("settled", language), tables=settled) if settled else None,
        Section("files", _say("files", language), tables=(files_table(report, language),))
        if report.files or report.refusals
        else None,
        Section(
            "reading",
            _say("reading", language),
            facts=tuple(
                Fact(term[0 if language == "fr" else 1], text[0 if language == "fr" else 1])
                for term, text in _READING
            ),
        ),
    ]


def _say(key: str, language: Language) -> str:
    return _SAID[key][0 if language == "fr" else 1]
