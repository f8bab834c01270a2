"""What the rules about files find, and what to do about it, in French and English.

Each sentence may name `{table}`, `{column}` and the figures that the rule gives; those it asks for are what a
`Finding` of the rule must carry. `{code|codes}` takes the form that the count before it asks for.
"""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date

from earlywarn.domain import Language
from earlywarn.paper import write_day, write_number, write_share
from earlywarn.tables.report.counts import Finding
from earlywarn.tables.report.words import Words

_PLACE = re.compile(r"\{(\w+)\}|\{([^{}|]*)\|([^{}|]*)\}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_KINDS: Mapping[str, tuple[str, str]] = {
    "number": ("un nombre", "a number"),
    "integer": ("un nombre entier", "a whole number"),
    "date": ("une date", "a date"),
    "category": ("un code", "a code"),
    "text": ("du texte", "text"),
    "boolean": ("vrai ou faux", "true or false"),
}

FINDINGS: Mapping[str, Words] = {
    "column_renamed": Words(
        "la colonne « {was} » semble s’appeler maintenant « {now} »",
        "the column “{was}” now seems to be called “{now}”",
        "Si c’est bien la même colonne, corriger son nom dans extracts.toml ; sinon, rétablir l’exportation.",
        "If it is the same column, correct its name in extracts.toml; otherwise restore the export.",
    ),
    "column_dropped": Words(
        "la colonne « {was} » n’est plus là",
        "the column “{was}” is gone",
        "Rétablir la colonne dans l’exportation, ou la retirer d’extracts.toml si elle n’existe plus.",
        "Restore the column in the export, or take it out of extracts.toml if it no longer exists.",
    ),
    "column_added": Words(
        "une colonne « {now} » est nouvelle",
        "a column “{now}” is new",
        "La déclarer dans extracts.toml, ou l’y nommer sous « ignore ».",
        "Declare it in extracts.toml, or name it there under “ignore”.",
    ),
    "column_retyped": Words(
        "{column} contenait {was} et contient maintenant {now}",
        "{column} held {was} and now holds {now}",
        "Vérifier le réglage de l’exportation ; si le changement est voulu, l’écrire dans extracts.toml.",
        "Check the export’s settings; if the change is wanted, write it in extracts.toml.",
    ),
    "unit_changed": Words(
        "{column} semble avoir changé d’unité : la médiane est passée de {before} à {now}",
        "{column} seems to have changed its unit: the median went from {before} to {now}",
        "Demander si l’exportation donne maintenant une part au lieu d’un pourcentage ; ne rien accepter avant la réponse.",
        "Ask whether the export now gives a share in place of a percentage; accept nothing before the answer.",
    ),
    "new_category": Words(
        "{column} contient {n_codes} {code jamais vu|codes jamais vus}, sur {n_rows} {ligne|lignes}",
        "{column} holds {n_codes} {code|codes} never seen before, on {n_rows} {row|rows}",
        "Vérifier que ces codes veulent dire ce que dit la table de codes.",
        "Check that these codes mean what the code list says.",
    ),
    "half_the_rows": Words(
        "{now} lignes, contre {before} la dernière fois",
        "{now} rows, against {before} last time",
        "Vérifier que l’exportation est complète (dates, écoles) avant de l’accepter.",
        "Check that the export is whole (dates, schools) before accepting it.",
    ),
    "all_empty": Words(
        "{column} est vide sur les {n_rows} lignes",
        "{column} is empty on all {n_rows} rows",
        "Vérifier que l’exportation remplit encore cette colonne.",
        "Check that the export still fills this column.",
    ),
    "constant": Words(
        "{column} a la même valeur sur les {n_rows} lignes",
        "{column} has one value on all {n_rows} rows",
        "Vérifier que l’exportation n’a pas été limitée à un seul groupe, ou la colonne mal choisie.",
        "Check that the export was not limited to one group, nor the column ill chosen.",
    ),
    "missing_jumped": Words(
        "{column} est vide sur {share_now} des lignes, contre {share_before} la dernière fois",
        "{column} is empty on {share_now} of rows, against {share_before} last time",
        "Vérifier que l’exportation remplit encore cette colonne partout.",
        "Check that the export still fills this column everywhere.",
    ),
    "code_never_seen": Words(
        "{column} n’emploie plus {n_codes} {code|codes} de la dernière fois",
        "{column} no longer uses {n_codes} {code|codes} of last time",
        "Vérifier que l’exportation n’a pas perdu une sorte de lignes (par exemple les retards).",
        "Check that the export did not lose one kind of rows (late arrivals, for example).",
    ),
    "dates_out_of_range": Words(
        "{column} : {n_rows} {date|dates} hors de l’habitude, du {first_usual} au {last_usual}",
        "{column}: {n_rows} {date|dates} outside the usual, {first_usual} to {last_usual}",
        "Vérifier l’année et l’ordre du jour et du mois dans l’exportation.",
        "Check the year, and the order of day and month, in the export.",
    ),
}


def figures_of(rule: str) -> frozenset[str]:
    """Return the figures that a rule's words ask for, besides its table and column."""
    words = FINDINGS.get(rule)
    said = f"{words.french} {words.english}" if words else ""
    return frozenset(name for name, _, _ in _PLACE.findall(said) if name) - {"table", "column"}


def finding_text(finding: Finding, language: Language, *, column: str = "", table: str = "") -> str:
    """Say what a rule found.

    Args:
        finding: What was found.
        language: The language to say it in.
        column: What the column is called to the reader; its declared name where none is given.
        table: What the table is called to the reader.
    """
    written = {name: _written(name, value, language) for name, value in finding.figures}
    words = FINDINGS.get(finding.rule)
    if words is None:
        listed = ", ".join(f"{name} {value}" for name, value in written.items())
        said = finding.rule.replace("_", " ")
        return f"{said} ({listed})" if listed else said
    shown = column or finding.column
    quoted = f"« {shown} »" if language == "fr" else f"“{shown}”"
    known = {"column": quoted, "table": table or finding.table, **written}
    return _filled(words.text(language), known, dict(finding.figures), language)


def finding_todo(finding: Finding, language: Language) -> str:
    """Say what to do about it; empty for a rule without words."""
    words = FINDINGS.get(finding.rule)
    return words.todo(language) if words else ""


def _filled(text: str, known: Mapping[str, str], figures: Mapping[str, str], language: Language) -> str:
    """Put the figures in; a figure that the rule did not give stays a question mark."""
    count = 0.0

    def put(place: re.Match[str]) -> str:
        nonlocal count
        name, one, many = place[1], place[2], place[3]
        if name is None:
            is_one = count < 2 if language == "fr" else count == 1
            return one if is_one else many
        if _NUMBER.fullmatch(figures.get(name, "")):
            count = float(figures[name])
        return known.get(name, "?")

    return _PLACE.sub(put, text)


def _written(name: str, value: str, language: Language) -> str:
    if value in _KINDS:
        return _KINDS[value][0 if language == "fr" else 1]
    if _DAY.fullmatch(value):
        return write_day(date.fromisoformat(value), language)
    if not _NUMBER.fullmatch(value):
        return value
    if name.startswith("share"):
        return write_share(float(value), language, decimals=1)
    return write_number(float(value), language, decimals=3)
