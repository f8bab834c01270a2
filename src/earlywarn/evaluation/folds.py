"""Say what a split into folds is, and what it cannot claim: it leaves groups out, and never follows time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from earlywarn.domain import Language
from earlywarn.evaluation.measures import Metrics
from earlywarn.evaluation.text import number

BY: dict[str, dict[Language, str]] = {
    "school": {"fr": "école", "en": "school"},
    "grade": {"fr": "année d’études", "en": "grade"},
    "student": {"fr": "élève", "en": "student"},
}
"""What a group is called where the contract gives its column no label."""

GROUPED: dict[Language, str] = {
    "fr": "Ce découpage ne suit pas le temps. En {n_folds} plis, il laisse de côté des groupes entiers "
    "({name}\u00a0: {n_groups} en tout)\u00a0: chaque ligne est jugée par un modèle qui n’a vu aucune ligne "
    "du même groupe, ni de la même personne. Il dit ce que vaut le modèle dans un groupe jamais vu, et non "
    "ce qu’il vaudra l’an prochain.",
    "en": "This split is not by time. In {n_folds} folds it leaves whole groups out ({name}: {n_groups} in "
    "all): each row is told by a model that saw no row of the same group, nor of the same student. It says "
    "how the model does in a group never seen, and not how it will do next year.",
}
RANDOM: dict[Language, str] = {
    "fr": "Ce découpage ne suit pas le temps. Les personnes sont réparties au hasard en {n_folds} plis, et "
    "chacune est jugée par un modèle qui n’a vu aucune de ses lignes. Ces chiffres n’autorisent aucune "
    "affirmation sur une autre école ni sur une autre année.",
    "en": "This split is not by time. Students are drawn at random into {n_folds} folds, and each is told by "
    "a model that saw none of their rows. These figures carry no claim about another school or another year.",
}
ALONG_TIME: dict[Language, str] = {
    "fr": "Ce découpage suit le temps et laisse de côté des groupes entiers ({name}\u00a0: {n_groups} en "
    "tout, en {n_folds} plis)\u00a0: chaque ligne est jugée par un modèle qui n’a vu ni son groupe, ni sa "
    "période, ni la même personne. Il dit ce que vaut le modèle l’an prochain, dans un groupe jamais vu.",
    "en": "This split follows time and leaves whole groups out ({name}: {n_groups} in all, in {n_folds} "
    "folds): each row is told by a model that saw neither its group nor its period, nor the same student. It "
    "says how the model does next year, in a group never seen.",
}
FOLD_TITLE: dict[Language, str] = {
    "fr": "Qualité mesurée pli par pli, sans suivre le temps",
    "en": "Quality measured fold by fold, not by time",
}
FOLD_FACTS: dict[Language, tuple[str, str]] = {
    "fr": (
        "Appris et vérifié sur les mêmes lignes (n = {n_rows})\u00a0: chacune est jugée une fois, par un "
        "modèle qui ne l’a pas vue",
        "AUC moyenne de chaque pli\u00a0: {aucs}",
    ),
    "en": (
        "Trained and tested on the same rows (n = {n_rows}): each is told once, by a model that never saw it",
        "Mean AUC of each fold: {aucs}",
    ),
}
EVERY_SCHOOL: dict[Language, str] = {
    "fr": "Toutes\u00a0: chaque pli est jugé par un modèle qui n’a vu aucune de ses écoles.",
    "en": "All of them: each fold is told by a model that saw none of its schools.",
}
REASON: dict[Language, str] = {"fr": " Raison\u00a0: {reason}", "en": " Reason: {reason}"}


@dataclass(frozen=True)
class FoldFigures:
    """One fold: what it trained on, what it left out, and what its own training part chose."""

    name: str
    n_groups: int
    n_train: int
    n_set_aside: int
    """Rows that train nothing in this fold, because their student is also tested in it."""
    n_test: int
    n_positive: int
    chosen: str
    inner: str
    """What choice, tuning and calibration stood on inside the training part."""
    auc: float
    """Of the fold's own choice, averaged over moments."""


@dataclass(frozen=True)
class FoldsSheet:
    """How rows were cut into folds, and how the choice itself did as each fold made it."""

    by: str
    n_folds: int
    n_groups: int
    is_random: bool
    says: Mapping[str, str]
    """What such a split is and cannot claim, in both languages; the card and the report repeat it."""
    each: tuple[FoldFigures, ...]
    as_chosen: Metrics
    """Every row told by the candidate that its own fold chose."""
    along_time: bool = False
    """Whether tested rows are of later periods, too."""


def fold_statement(
    by: str,
    *,
    n_folds: int,
    n_groups: int,
    name: Mapping[Language, str],
    reason: Mapping[Language, str],
    along_time: bool = False,
) -> dict[str, str]:
    """Say in both languages whether a split is by time, and for students at random that it claims nothing.

    >>> reason = {"fr": "une seule année.", "en": "a single year."}
    >>> said = fold_statement("student", n_folds=5, n_groups=90, name={}, reason=reason)
    >>> said["en"].split("rows. ")[-1]
    'These figures carry no claim about another school or another year. Reason: a single year.'
    """
    words = RANDOM if by == "student" else ALONG_TIME if along_time else GROUPED
    said: dict[str, str] = {}
    for language in words:
        called = name.get(language) or BY.get(by, {}).get(language, by)
        text = words[language].format(n_folds=n_folds, n_groups=n_groups, name=called)
        if language in reason:
            text += REASON[language].format(reason=reason[language])
        said[language] = text
    return said


def card_lines(folds: dict[str, Any], language: Language) -> list[str]:
    """Say on the card what the figures of folds stand on."""
    parting = "\u00a0; " if language == "fr" else "; "
    aucs = parting.join(number(one["auc"], language=language) for one in folds["each"])
    n_rows = sum(one["n_test"] for one in folds["each"])
    rows, told = FOLD_FACTS[language]
    if folds.get("along_time"):
        return [folds["says"][language], told.format(aucs=aucs)]
    return [rows.format(n_rows=n_rows), told.format(aucs=aucs)]


def left_out_schools(folds: dict[str, Any] | None, language: Language) -> list[str]:
    """Say that schools never seen are all there are, where folds leave schools out."""
    return [EVERY_SCHOOL[language]] if folds and folds["by"] == "school" else []


def fold_lines(folds: dict[str, Any]) -> list[str]:
    """Print folds under their back-test: the statement in both languages, then a line per fold."""
    chosen = folds["as_chosen"]
    auc = chosen["auc"]["value"]
    lines = [*(folds["says"][language] for language in ("en", "fr"))]
    for one in folds["each"]:
        apart = f", {one['n_set_aside']} set aside" if one["n_set_aside"] else ""
        lines.append(
            f"{one['name']}: {one['n_test']} rows of {one['n_groups']} groups "
            f"({one['n_positive']} with the outcome), trained on {one['n_train']}{apart}; "
            f"chose {one['chosen']}, AUC {number(one['auc'])}"
        )
    return [*lines, f"the choice as each fold made it: AUC {number(auc)}"]
