"""Say beside the model what the school and the grade alone would tell: in the report, and on the card."""

from __future__ import annotations

from earlywarn.domain import Language
from earlywarn.evaluation.text import Sheet, figure, number, signed

TITLE: dict[Language, str] = {
    "fr": "Le groupe avant l’individu",
    "en": "The group before the individual",
}
ALONE: dict[Language, str] = {
    "fr": "L’école et l’année d’études seules\u00a0: AUC {alone}. Le score de l’élève y ajoute {added}"
    "\u00a0; précision d’une même liste pour tout le réseau\u00a0: {precision} au lieu de {precision_alone}",
    "en": "The school and the grade alone: AUC {alone}. The individual score adds {added}; precision of one "
    "list of the same size for the whole network: {precision} instead of {precision_alone}",
}
WITHIN: dict[Language, str] = {
    "fr": "Parmi les élèves de même école, de même année d’études et de même moment\u00a0: AUC {within}",
    "en": "Among students of the same school, grade and moment: AUC {within}",
}


def school_and_grade_lines(lead: Sheet) -> list[str]:
    """Return the lines of one back-test; none where the sheet is from before they were measured."""
    one = lead.get("school_and_grade")
    if one is None:
        return []
    return [
        f"school and grade alone: AUC {figure(one['auc'])}, Brier {figure(one['brier'], 4)} "
        f"(one rate per moment: {number(one['base_brier'], 4)}), precision of one list of {one['n_listed']} "
        f"for the network {figure(one['precision'])}; the past had them for {one['share_seen']:.0%} of rows",
        f"{one['model']} adds: AUC {signed(one['auc_added'])}, Brier {signed(one['brier_added'], 4)}, "
        f"precision {signed(one['precision_added'])}: {one['verdict']}; within one school, grade and moment "
        f"its AUC is {figure(one['auc_within'])} ({one['n_pairs_within']} pairs)",
    ]


def school_and_grade_facts(lead: Sheet, language: Language) -> list[str]:
    """Return the card's lines: what school and grade tell alone, and what the score tells within them."""
    one = lead.get("school_and_grade")
    if one is None:
        return []
    words = {
        "alone": figure(one["auc"], language=language),
        "added": signed(one["auc_added"], language=language),
        "precision": figure(one["precision_of_model"], language=language),
        "precision_alone": figure(one["precision"], language=language),
        "within": figure(one["auc_within"], language=language),
    }
    return [text[language].format(**words) for text in (ALONE, WITHIN)]
