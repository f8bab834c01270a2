"""What pictures say, in French and in English."""

from __future__ import annotations

import re

from earlywarn.domain import Language
from earlywarn.features import FeatureEntry
from earlywarn.scoring import window_in_words

Said = dict[Language, str]

WORDS: dict[str, Said] = {
    "all": {"fr": "ensemble", "en": "all"},
    "overall": {"fr": "Ensemble", "en": "Overall"},
    "of_grade": {"fr": "Année d’études\u00a0: {name}", "en": "Grade: {name}"},
    "risk": {"fr": "risque estimé", "en": "estimated risk"},
    "rate": {"fr": "part observée", "en": "observed share"},
    "counts": {"fr": "lignes", "en": "rows"},
    "reliability": {
        "fr": "Un risque estimé se réalise-t-il aussi souvent qu’il le dit\u00a0?",
        "en": "Does an estimated risk come true as often as it says?",
    },
    "reliability_note": {
        "fr": "Chaque point\u00a0: un dixième des lignes, par risque croissant. Sur la diagonale, "
        "le risque estimé est la part observée. Traits\u00a0: intervalles de Wilson à 95\u00a0%, "
        "lignes prises comme indépendantes. Échelles en racine carrée.",
        "en": "Each point: a tenth of the rows, by rising risk. On the diagonal the estimated risk "
        "is the observed share. Bars: Wilson intervals at 95%, rows taken as independent. "
        "Square-root scales.",
    },
    "lists": {
        "fr": "Précision et rappel selon la longueur des listes",
        "en": "Precision and recall by how long lists are",
    },
    "lists_note": {
        "fr": "Listes par {per} et moment. La ligne verticale est la capacité déclarée\u00a0; le "
        "trait y donne l’intervalle à 95\u00a0% du modèle retenu.",
        "en": "Lists are cut per {per} and moment. The vertical line is the declared capacity; the "
        "bar there is the chosen model’s 95% interval.",
    },
    "listed": {"fr": "part inscrite sur une liste", "en": "share that is on a list"},
    "precision": {"fr": "Précision", "en": "Precision"},
    "recall": {"fr": "Rappel", "en": "Recall"},
    "precision_is": {
        "fr": "part des inscrits qui ont connu la situation",
        "en": "share of those listed who met the outcome",
    },
    "recall_is": {
        "fr": "part des situations que les listes contenaient",
        "en": "share of the outcomes that lists held",
    },
    "capacity": {"fr": "capacité", "en": "capacity"},
    "chosen": {"fr": "{name} (retenu)", "en": "{name} (chosen)"},
    "candidates": {
        "fr": "Tous les candidats sur l’avenir gardé à part",
        "en": "All candidates on the held-out future",
    },
    "candidates_note": {
        "fr": "Signe plein\u00a0: le modèle retenu. Traits\u00a0: intervalles à 95\u00a0% par "
        "rééchantillonnage ({over}). L’AUC est meilleure à droite, le Brier à gauche.",
        "en": "Filled: the chosen model. Bars: 95% intervals by drawing {over} anew. AUC is better "
        "to the right, Brier to the left.",
    },
    "schools": {"fr": "écoles", "en": "schools"},
    "students": {"fr": "élèves", "en": "students"},
    "auc": {"fr": "AUC", "en": "AUC"},
    "brier": {"fr": "Brier", "en": "Brier"},
    "groups": {
        "fr": "Le modèle sert-il aussi bien chaque groupe\u00a0?",
        "en": "Does the model serve each group as well?",
    },
    "groups_note": {
        "fr": "Bande grise\u00a0: l’écart toléré. Traits épais\u00a0: intervalles à "
        "95\u00a0%\u00a0; fins\u00a0: ceux du verdict. Entre parenthèses\u00a0: lignes, situations.",
        "en": "Gray band: the tolerated gap. Thick bars: 95% intervals; thin ones: those that "
        "verdicts are by. In parentheses: rows, outcomes.",
    },
    "recall_gap": {"fr": "Écart de rappel", "en": "Recall gap"},
    "false_positive_gap": {"fr": "Écart de fausses alertes", "en": "False-positive gap"},
    "calibration_gap": {"fr": "Risque moins part observée", "en": "Risk minus observed share"},
    "against_rest": {"fr": "groupe moins tous les autres", "en": "group minus everybody else"},
    "in_group": {"fr": "dans le groupe", "en": "in the group"},
    "within": {"fr": "dans la tolérance", "en": "within"},
    "outside": {"fr": "hors tolérance", "en": "outside"},
    "cannot tell": {"fr": "on ne peut pas trancher", "en": "cannot tell"},
    "summary": {"fr": "Ce qui déplace le plus l’estimation", "en": "What moves the estimate most"},
    "summary_note": {
        "fr": "{n} lignes d’apprentissage tirées au sort, dessinées par shap\u00a0; à droite, le "
        "risque estimé monte. Gris\u00a0: valeur manquante. Des associations, pas des causes.",
        "en": "{n} training rows drawn by chance, plotted by shap; to the right, the estimated "
        "risk rises. Gray: missing value. Associations, not causes.",
    },
    "dependence": {
        "fr": "Comment l’estimation suit les valeurs les plus influentes",
        "en": "How the estimate follows the values that move it most",
    },
    "dependence_note": {
        "fr": "{n} lignes d’apprentissage tirées au sort, dessinées par shap\u00a0; valeurs du 1er "
        "au 99e centile\u00a0; tirets à gauche\u00a0: valeur manquante. Des associations, pas des "
        "causes.",
        "en": "{n} training rows drawn by chance, plotted by shap; values from the 1st to the 99th "
        "percentile; dashes at the left: missing value. Associations, not causes.",
    },
    "share_of_margin": {"fr": "part dans la marge (log-cote)", "en": "share of the margin (log-odds)"},
    "value": {"fr": "valeur", "en": "value"},
    "low": {"fr": "basse", "en": "low"},
    "high": {"fr": "haute", "en": "high"},
    "own_past": {"fr": "écart avec l’élève auparavant", "en": "against the student’s own past"},
    "peers": {"fr": "écart avec le groupe", "en": "against peers"},
    "trend": {"fr": "évolution", "en": "trend"},
    "days_since": {"fr": "jours depuis", "en": "days since"},
    "mean": {"fr": "moyenne", "en": "mean"},
    "min": {"fr": "minimum", "en": "lowest"},
    "max": {"fr": "maximum", "en": "highest"},
    "last": {"fr": "dernière valeur", "en": "last value"},
    "count": {"fr": "nombre", "en": "count"},
    "sum": {"fr": "total", "en": "total"},
    "share": {"fr": "part", "en": "share"},
    "rank": {"fr": "rang", "en": "rank"},
    "school": {"fr": "école", "en": "school"},
    "grade": {"fr": "année d’études", "en": "grade"},
}


def said(key: str, language: Language, **parts: object) -> str:
    """Return one of the texts above."""
    return WORDS[key][language].format(**parts)


def feature_label(
    entry: FeatureEntry, first_function: str, language: Language, *, school_years: bool = True
) -> str:
    """Return a feature's words from the catalog, with a gap where a sentence would name the value.

    Args:
        entry: The feature.
        first_function: The function that its indicator's text is written for.
        language: Which language.
        school_years: Whether periods are school years.
    """
    text = entry.text.get(language, "")
    if not text:
        return entry.name
    label = re.sub(r"\{([^{}|]*)\|([^{}|]*)\}", r"\2", text)
    window = window_in_words(entry.window, language, school_years=school_years)
    label = label.replace("{value}", "…").replace("{window}", window)
    added = [WORDS[entry.comparison][language]] if entry.comparison else []
    if entry.function not in (first_function, "one_of") and entry.function in WORDS:
        added.insert(0, WORDS[entry.function][language])
    return f"{label} ({', '.join(added)})" if added else label
