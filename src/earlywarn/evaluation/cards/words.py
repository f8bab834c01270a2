"""The card's words, French first."""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from earlywarn.domain import Language

_WORDS: dict[str, tuple[str, str]] = {
    "title": ("Fiche du modèle", "Model card"),
    "outcome": ("Ce que le modèle annonce", "What the model warns of"),
    "unsure": ("Ce que les données ne permettent pas de dire", "What the data cannot tell"),
    "nothing": ("Rien de ce que la fiche vérifie.", "Nothing of what this card checks."),
    "use": ("À quoi il sert", "What it is for"),
    "not_for": ("Ce à quoi il ne doit jamais servir", "What it must never be used for"),
    "limits": ("Limites", "Limits"),
    "written": (
        "Écrit par des personnes, dans model.toml.",
        "Written by people, in model.toml.",
    ),
    "wait": ("À écrire avant toute mise en service.", "To be written before any use."),
    "quality": ("Qualité mesurée sur l’avenir gardé à part", "Quality on the held-out future"),
    "moments": ("Par moment", "By moment"),
    "moments_caption": (
        "Chaque modèle aux mêmes moments, sur les mêmes lignes",
        "Every model at the same moments, on the same rows",
    ),
    "beside": ("À côté de plus simple", "Beside something simpler"),
    "beside_caption": (
        "Modèle retenu moins l’autre, sur les mêmes tirages",
        "Chosen model minus the other, on the same draws",
    ),
    "grades": ("Par année d’études", "By grade"),
    "groups": ("Par groupe", "By group"),
    "groups_caption": (
        "Un risque est-il un taux dans chaque groupe, et les listes s’y trompent-elles autant\u00a0?",
        "Is a risk a rate in each group, and are lists wrong as often there?",
    ),
    "calibration_section": ("Les risques sont-ils des taux\u00a0?", "Are risks rates?"),
    "calibration_caption": (
        "Les lignes gardées à part, par dixièmes de risque estimé",
        "The held-out rows, by tenths of estimated risk",
    ),
    "calibration_lead": (
        "Pente {slope}, ordonnée {intercept}, écart moyen {error}. Une pente de 1, une ordonnée et un écart de 0 seraient parfaits.",
        "Slope {slope}, intercept {intercept}, mean gap {error}. A slope of 1, an intercept and a gap of 0 would be perfect.",
    ),
    "said_risk": ("risque estimé", "estimated risk"),
    "came_true": ("arrivé", "came true"),
    "band": ("dixième", "tenth"),
    "features_section": ("Ce qui pousse les scores", "What moves the scores"),
    "held": ("Écoles jamais vues", "Schools never seen"),
    "none_held": (
        "La vérification n’a gardé aucune école à part.",
        "No school was held apart for this check.",
    ),
    "trained": ("Appris sur", "Trained on"),
    "tested": ("Vérifié sur", "Tested on"),
    "features": ("variables", "features"),
    "chosen": ("Modèle retenu", "Chosen model"),
    "kept": ("retenu", "chosen"),
    "list": (
        "Une liste de {share} {per} et par moment\u00a0: {precision} des personnes listées ont connu la situation.",
        "A list of {share} {per} and per moment: {precision} of those listed met the outcome.",
    ),
    "left_out": (
        "Hors de la cohorte\u00a0: {n_units} élèves ({n_rows} lignes). Raison\u00a0: {because}",
        "Left out of the cohort: {n_units} students ({n_rows} rows). Reason: {because}",
    ),
    "colon": ("\u00a0: ", ": "),
    "semicolon": ("\u00a0; ", "; "),
    "moment": ("moment", "moment"),
    "model": ("modèle", "model"),
    "rate": ("taux", "rate"),
    "average_precision": ("PM", "AP"),
    "precision": ("précision (liste)", "precision (list)"),
    "recall": ("rappel (liste)", "recall (list)"),
    "verdict": ("verdict", "verdict"),
    "group": ("groupe", "group"),
    "outcomes": ("situations", "outcomes"),
    "gap": ("risque - taux", "risk - rate"),
    "group_recall": ("rappel", "recall"),
    "false_alarms": ("fausses alertes", "false alarms"),
    "school": ("par école", "per school"),
    "grade": ("par année d’études", "per grade"),
    "grade_head": ("année d’études", "grade"),
    "rules": ("règles", "rules"),
    "one_column": ("une seule colonne", "one column"),
    "logistic": ("régression logistique", "logistic regression"),
    "lightgbm": ("arbres (LightGBM)", "trees (LightGBM)"),
    "lightgbm_on_logistic": (
        "arbres posés sur la régression logistique",
        "trees started from logistic regression",
    ),
    "blend": ("mélange de régression logistique et d’arbres", "blend of logistic regression and trees"),
    "column_per_moment": ("la meilleure colonne de chaque moment", "the best column of each moment"),
    "schools held out of training": (
        "écoles gardées hors de l’apprentissage",
        "schools held out of training",
    ),
    "schools that only the future has": (
        "écoles que seule la période de vérification contient",
        "schools that only the test period has",
    ),
    "beats": ("fait mieux", "beats"),
    "worse": ("fait moins bien", "worse"),
    "cannot tell": ("on ne peut pas trancher", "cannot tell"),
    "within": ("dans la tolérance", "within"),
    "outside": ("hors tolérance", "outside"),
    "calibration": ("justesse des risques", "calibration"),
    "rates": ("taux d’erreur", "error rates"),
    "beside_rules": ("taux d’erreur à côté de ceux des règles", "error rates beside the rules'"),
}


def candidate_name(name: str, language: Language) -> str:
    """Return what cards and pictures call a candidate; one without words of its own goes by its name.

    >>> candidate_name("logistic", "fr"), candidate_name("some_blend", "en")
    ('régression logistique', 'some blend')
    """
    return word(name, language) if name in _WORDS else name.replace("_", " ")


def word(key: str, language: Language) -> str:
    """Return the card's word for something; what has none stands as it is."""
    return _WORDS[key][0 if language == "fr" else 1] if key in _WORDS else key
