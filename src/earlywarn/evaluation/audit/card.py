"""Say on the card what the audit found beyond single groups, as short as can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from earlywarn.domain import Language
from earlywarn.evaluation.audit.grouping import CROSS
from earlywarn.evaluation.text import Sheet, signed

PROMISE: dict[Language, str] = {
    "fr": "«\u00a0Hors tolérance\u00a0» tient compte du nombre de groupes\u00a0: pour chaque colonne, au "
    "plus une fiche sur {one_in} le dit à tort d’un de ses groupes",
    "en": "“Outside” counts how many groups there are: of each column, at most one sheet in {one_in} says so "
    "of any of its groups by chance",
}
CROSSINGS: dict[Language, str] = {
    "fr": "Croisements de deux groupes\u00a0: {n} jugés, hors tolérance {outside}\u00a0; {small} de moins de "
    "{smallest} élèves, comptés et non jugés",
    "en": "Crossings of two groups: {n} judged, outside {outside}; {small} of fewer than {smallest} "
    "students, counted and not judged",
}
NONE: dict[Language, str] = {"fr": "aucun", "en": "none"}
WIDER: dict[Language, str] = {
    "fr": "Écarts plus larges que ceux des règles\u00a0: {groups}",
    "en": "Gaps wider than those of the rules: {groups}",
}
COPIES: dict[Language, str] = {
    "fr": "Si le modèle connaissait ces colonnes\u00a0: AUC {auc}, précision de la liste {precision} "
    "({verdict})",
    "en": "If the model knew these columns: AUC {auc}, precision of the list {precision} ({verdict})",
}
COSTS: dict[str, dict[Language, str]] = {
    "beats": {"fr": "les laisser de côté a un coût", "en": "leaving them out has a cost"},
    "worse": {"fr": "les laisser de côté est un gain", "en": "leaving them out is a gain"},
    "cannot tell": {
        "fr": "aucun coût que ces données puissent montrer",
        "en": "no cost that these data can show",
    },
}

Name = Callable[[str, str], str]
"""Names one group for readers: its column, and its value."""


def audit_facts(lead: Sheet, name: Name, language: Language) -> list[str]:
    """Return the card's lines; none where the sheet is from before the audit had them."""
    audit = lead.get("audit")
    if audit is None:
        return []
    facts = [PROMISE[language].format(one_in=round(1 / audit["judged"][0]["false_alarms"]))]
    wider = [name(one["column"], one["group"]) for one in lead["groups"] if one["against_rules"] == "wider"]
    facts += [WIDER[language].format(groups=_joined(wider, language))] if wider else []
    if audit["crossings"] or audit["n_small"]:
        facts.append(_crossings(audit, name, language))
    copies = audit.get("with_and_without")
    if copies is not None:
        figures = {key: signed(copies[key], language=language) for key in ("auc", "precision")}
        facts.append(COPIES[language].format(**figures, verdict=COSTS[copies["verdict"]][language]))
    return facts


def crossed_name(one: Sheet, name: Name) -> str:
    """Name both groups of a crossing."""
    parts = zip(one["column"].split(CROSS), one["group"].split(CROSS), strict=True)
    return CROSS.join(name(column, value) for column, value in parts)


def _crossings(audit: Sheet, name: Name, language: Language) -> str:
    outside = [
        crossed_name(one, name)
        for one in audit["crossings"]
        if "outside" in (one["calibration_verdict"], one["rates_verdict"])
    ]
    return CROSSINGS[language].format(
        n=sum(one["n_judged"] for one in audit["judged_crossings"]),
        outside=_joined(outside, language) or NONE[language],
        small=audit["n_small"],
        smallest=audit["smallest"],
    )


def _joined(words: Sequence[str], language: Language) -> str:
    return ("\u00a0; " if language == "fr" else "; ").join(words)
