"""The card's part on what staff answered: those acted on, those not, and those not listed."""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from earlywarn.domain import Language
from earlywarn.evaluation.acted_on import ACTED_ON, NOT_ACTED_ON, NOT_LISTED
from earlywarn.evaluation.cards.writing import count_cell, figure_cell
from earlywarn.evaluation.text import Sheet
from earlywarn.paper import Row, Section, Table

_SAID: dict[str, tuple[str, str]] = {
    "title": ("Ce que le personnel a répondu", "What staff answered"),
    "none": ("Aucune réponse connue pour l’instant.", "No answers known yet."),
    "lead": (
        "L’aide change ce qui arrive\u00a0: là où il est arrivé moins que prévu, elle est une raison possible.",
        "Help changes what comes true: where less came true than was said, it is one possible reason.",
    ),
    "caption": ("Le modèle retenu, groupe par groupe", "The chosen model, group by group"),
    "heads": (
        "listes et réponses|n|situations|taux|risque moyen|risque - taux|AUC",
        "lists and answers|n|outcomes|rate|mean risk|risk - rate|AUC",
    ),
    ACTED_ON: ("listés, un plan fait", "listed, a plan made"),
    NOT_ACTED_ON: ("listés, aucun plan", "listed, no plan"),
    NOT_LISTED: ("non listés", "not listed"),
}


def answers_section(lead: Sheet, language: Language) -> Section:
    """Show each group's counts and figures, or say that no answer is known."""
    found = lead.get("acted_on")
    if not found:
        return Section("answers", _say("title", language), paragraphs=(_say("none", language),))
    rows = tuple(
        Row(
            _say(one["word"], language),
            (
                count_cell(one["n"], language),
                count_cell(one["n_positive"], language),
                figure_cell(one["base_rate"], language),
                figure_cell(one["mean_risk"], language),
                figure_cell(one["calibration_gap"], language, signed=True),
                figure_cell(one["auc"], language),
            ),
        )
        for one in found
    )
    table = Table(_say("caption", language), tuple(_say("heads", language).split("|")), rows)
    return Section("answers", _say("title", language), lead=_say("lead", language), tables=(table,))


def _say(key: str, language: Language) -> str:
    return _SAID[key][0 if language == "fr" else 1]
