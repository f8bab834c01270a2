"""What each detector says, in both languages: what was found, and what to do."""

from __future__ import annotations

from earlywarn.domain import Language
from earlywarn.evaluation import Finding, LeakVerdict, number

Texts = dict[Language, str]

_NOTHING: Texts = {
    "fr": "trop peu de situations dans l’échantillon.",
    "en": "too few outcomes in the sample.",
}
TEXTS: dict[tuple[str, str], Texts] = {
    ("label_shuffle", "passed"): {
        "fr": "Sur des étiquettes mélangées, un petit modèle classe comme le hasard (AUC {figure}).",
        "en": "On shuffled labels a small model ranks by chance (AUC {figure}).",
    },
    ("label_shuffle", "stopped"): {
        "fr": "Sur des étiquettes mélangées, un petit modèle ne classe pas comme le hasard (AUC {figure}, "
        "limite {limit})\u00a0: des lignes sont des deux côtés du découpage. Vérifier [splits].",
        "en": "On shuffled labels a small model does not rank by chance (AUC {figure}, limit {limit}): rows "
        "stand on both sides of the split. Check [splits].",
    },
    ("label_shuffle", "cannot tell"): _NOTHING,
    ("planted_future", "passed"): {
        "fr": "Une colonne tirée du résultat et un numéro de ligne, plantés dans une copie, sont attrapés "
        "(AUC {figure}).",
        "en": "A column made from the outcome and a row number, planted into a copy, are caught "
        "(AUC {figure}).",
    },
    ("planted_future", "stopped"): {
        "fr": "Une colonne tirée du résultat, plantée dans une copie, n’est pas attrapée (AUC {figure})"
        "\u00a0: l’alarme ne marche pas sur ces lignes. Ne se fier à aucun chiffre avant de l’avoir réparée.",
        "en": "A column made from the outcome, planted into a copy, is not caught (AUC {figure}): the alarm "
        "does not work on these rows. Trust no figure before it is mended.",
    },
    ("planted_future", "cannot tell"): _NOTHING,
    ("single_column", "passed"): {
        "fr": "La meilleure colonne seule, {columns}, a une AUC de {figure} (limite {limit}).",
        "en": "The best column alone, {columns}, has an AUC of {figure} (limit {limit}).",
    },
    ("single_column", "warned"): {
        "fr": "{columns} seule a une AUC de {figure}, {lead} au-dessus du meilleur autre indicateur. "
        "Vérifier quand elle est connue.",
        "en": "{columns} alone has an AUC of {figure}, {lead} above the best other indicator. Check when it "
        "is known.",
    },
    ("single_column", "stopped"): {
        "fr": "{columns}\u00a0: AUC {figure} pour une colonne seule, au-dessus de {limit}. Vérifier known_on "
        "de sa table, ou déclarer une limite plus haute sous [leaks] avec la raison.",
        "en": "{columns}: AUC {figure} for a column alone, above {limit}. Check known_on of its table, or "
        "declare a higher limit in [leaks] with the reason.",
    },
    ("single_column", "cannot tell"): _NOTHING,
    ("random_time_gap", "passed"): {
        "fr": "Ce que des élèves tirés au hasard gagnent sur le découpage déclaré reste dans la limite "
        "(AUC {signed}, limite {limit}).",
        "en": "What students drawn at random gain over the declared split stays within the limit "
        "(AUC {signed}, limit {limit}).",
    },
    ("random_time_gap", "warned"): {
        "fr": "Des élèves tirés au hasard donnent plus que le découpage déclaré (AUC {signed}, limite "
        "{limit}), sans que l’intervalle tranche. Chercher des doublons et des colonnes remplies après coup.",
        "en": "Students drawn at random do better than the declared split (AUC {signed}, limit {limit}), and "
        "the interval cannot tell. Look for duplicates and for columns filled in afterwards.",
    },
    ("random_time_gap", "stopped"): {
        "fr": "Des élèves tirés au hasard donnent bien plus que le découpage déclaré (AUC {signed}, limite "
        "{limit})\u00a0: doublons, colonnes remplies après coup, ou un avenir qui a changé. Chercher lequel, "
        "ou déclarer une limite plus haute sous [leaks] avec la raison.",
        "en": "Students drawn at random do far better than the declared split (AUC {signed}, limit {limit}): "
        "duplicates, columns filled in afterwards, or a future that has changed. Find out which, or declare "
        "a higher limit in [leaks] with the reason.",
    },
    ("random_time_gap", "cannot tell"): {
        "fr": "le découpage déclaré tire lui-même les élèves au hasard, ou les situations sont trop peu "
        "nombreuses.",
        "en": "the declared split draws students at random itself, or there are too few outcomes.",
    },
    ("school_order", "passed"): {
        "fr": "Aucune colonne presque unique ne suit l’ordre des écoles ni des élèves.",
        "en": "No nearly unique column follows the order of schools or of students.",
    },
    ("school_order", "stopped"): {
        "fr": "{columns}\u00a0: presque unique et dans l’ordre des écoles ou des élèves ({figure}, limite "
        "{limit}), donc un numéro et non un fait. La retirer de indicators.toml.",
        "en": "{columns}: nearly unique and in the order of schools or of students ({figure}, limit "
        "{limit}), so a number and not a fact. Take it out of indicators.toml.",
    },
    ("school_order", "cannot tell"): {
        "fr": "trop peu d’élèves ou d’écoles à une même date.",
        "en": "too few students or schools on one date.",
    },
}


def finding(
    name: str,
    figure: float,
    limit: float,
    verdict: LeakVerdict,
    *,
    columns: tuple[str, ...] = (),
    lead: float = 0.0,
    interval: tuple[float, float] | None = None,
) -> Finding:
    """Return a finding with its words."""
    said = {}
    for language, text in TEXTS[name, verdict].items():
        signed = f"{'+' if figure >= 0 else '-'}{number(abs(figure), language=language)}"
        if interval is not None:
            parting = "\u00a0; " if language == "fr" else ", "
            signed += f" [{parting.join(number(end, language=language) for end in interval)}]"
        said[str(language)] = text.format(
            figure=number(figure, language=language),
            limit=number(limit, language=language),
            lead=number(lead, language=language),
            signed=signed,
            columns=", ".join(columns),
        )
    return Finding(name, figure, limit, verdict, said, columns)
