"""Write the model card: French first, then English, from the quality sheet and the declared prose.

Figures come from the sheet alone; prose comes from `model.toml`. What cannot be told stands first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from earlywarn.evaluation.cuts import cut_facts
from earlywarn.evaluation.folds import FOLD_TITLE, card_lines, left_out_schools
from earlywarn.evaluation.table import Sheet, figure, number, signed

Language = Literal["fr", "en"]

SECTIONS = ("use", "not_for", "limits")
"""Prose that people must write before a model can be promoted."""


@dataclass(frozen=True)
class CardProse:
    """What people wrote, by section and language; a missing section is empty."""

    use: dict[str, str]
    not_for: dict[str, str]
    limits: dict[str, str]

    def missing(self) -> tuple[str, ...]:
        """Return the sections and languages that nobody has written."""
        return tuple(
            f"{section}.{language}"
            for section in SECTIONS
            for language in ("fr", "en")
            if not getattr(self, section).get(language, "").strip()
        )


@dataclass(frozen=True)
class GroupNames:
    """What audited columns and their values are called; undeclared, they stand as the tables hold them."""

    columns: Mapping[str, Mapping[Language, str]] = field(default_factory=dict)
    values: Mapping[str, Mapping[Language, Mapping[str, str]]] = field(default_factory=dict)

    def of(self, column: str, value: str, language: Language) -> str:
        r"""Name one group.

        >>> GroupNames({"sex": {"fr": "sexe"}}, {"sex": {"fr": {"F": "filles"}}}).of("sex", "F", "fr")
        'sexe\xa0: filles'
        """
        name = self.columns.get(column, {}).get(language, column)
        called = self.values.get(column, {}).get(language, {}).get(value, value)
        return f"{name}{WORDS['colon'][language]}{called}"


WORDS: dict[str, dict[str, str]] = {
    "title": {"fr": "Fiche du modèle", "en": "Model card"},
    "outcome": {"fr": "Ce que le modèle annonce", "en": "What the model warns of"},
    "unsure": {"fr": "Ce que les données ne permettent pas de dire", "en": "What the data cannot tell"},
    "nothing": {"fr": "Rien de ce que la fiche vérifie.", "en": "Nothing of what this card checks."},
    "use": {"fr": "À quoi il sert", "en": "What it is for"},
    "not_for": {"fr": "Ce à quoi il ne doit jamais servir", "en": "What it must never be used for"},
    "limits": {"fr": "Limites", "en": "Limits"},
    "quality": {"fr": "Qualité mesurée sur l’avenir gardé à part", "en": "Quality on the held-out future"},
    "moments": {"fr": "Par moment", "en": "By moment"},
    "beside": {"fr": "À côté de plus simple", "en": "Beside something simpler"},
    "groups": {"fr": "Par groupe", "en": "By group"},
    "held": {"fr": "Écoles jamais vues", "en": "Schools never seen"},
    "trained": {"fr": "Appris sur", "en": "Trained on"},
    "tested": {"fr": "Vérifié sur", "en": "Tested on"},
    "features": {"fr": "variables", "en": "features"},
    "chosen": {"fr": "Modèle retenu", "en": "Chosen model"},
    "list": {
        "fr": "Une liste de {share} {per} et par moment\u00a0: "
        "{precision} des personnes listées ont connu la situation.",
        "en": "A list of {share} {per} and per moment: {precision} of those listed met the outcome.",
    },
    "left_out": {
        "fr": "Hors de la cohorte\u00a0: {n_units} élèves ({n_rows} lignes). Raison\u00a0: {because}",
        "en": "Left out of the cohort: {n_units} students ({n_rows} rows). Reason: {because}",
    },
    "colon": {"fr": "\u00a0: ", "en": ": "},
    "semicolon": {"fr": "\u00a0; ", "en": "; "},
    "percent": {"fr": "\u00a0%", "en": "%"},
    "school": {"fr": "par école", "en": "per school"},
    "grade": {"fr": "par année d’études", "en": "per grade"},
    "wait": {"fr": "À écrire avant toute mise en service.", "en": "To be written before any use."},
    "group_heads": {
        "fr": "| groupe | n | situations | taux | risque - taux | rappel | fausses alertes | verdicts |",
        "en": "| group | n | outcomes | rate | risk - rate | recall | false alarms | verdicts |",
    },
    "moment_heads": {
        "fr": "| moment | modèle | n | taux | AUC | PM | Brier | précision (liste) | rappel (liste) |",
        "en": "| moment | model | n | rate | AUC | AP | Brier | precision (list) | recall (list) |",
    },
    "rules": {"fr": "règles", "en": "rules"},
    "one_column": {"fr": "une seule colonne", "en": "one column"},
    "logistic": {"fr": "régression logistique", "en": "logistic regression"},
    "lightgbm": {"fr": "arbres (LightGBM)", "en": "trees (LightGBM)"},
    "lightgbm_on_logistic": {
        "fr": "arbres posés sur la régression logistique",
        "en": "trees started from logistic regression",
    },
    "blend": {
        "fr": "mélange de régression logistique et d’arbres",
        "en": "blend of logistic regression and trees",
    },
    "column_per_moment": {
        "fr": "la meilleure colonne de chaque moment",
        "en": "the best column of each moment",
    },
    "schools held out of training": {
        "fr": "écoles gardées hors de l’apprentissage",
        "en": "schools held out of training",
    },
    "schools that only the future has": {
        "fr": "écoles que seule la période de vérification contient",
        "en": "schools that only the test period has",
    },
    "beats": {"fr": "fait mieux", "en": "beats"},
    "worse": {"fr": "fait moins bien", "en": "worse"},
    "cannot tell": {"fr": "on ne peut pas trancher", "en": "cannot tell"},
    "within": {"fr": "dans la tolérance", "en": "within"},
    "outside": {"fr": "hors tolérance", "en": "outside"},
    "calibration": {"fr": "justesse des risques", "en": "calibration"},
    "rates": {"fr": "taux d’erreur", "en": "error rates"},
}


def card_markdown(sheet: Sheet, prose: CardProse, names: GroupNames) -> str:
    """Write the whole card."""
    french, english = _one(sheet, prose, names, "fr"), _one(sheet, prose, names, "en")
    return "\n".join([*french, "", "---", "", *english]) + "\n"


def unsure_of(sheet: Sheet, names: GroupNames, language: Language = "en") -> list[str]:
    """List what the leading back-test leaves open."""
    lead = sheet["backtests"][0]
    unsure = WORDS["cannot tell"][language]
    found = [lead["folds"]["says"][language]] if _leaves_time(lead) else []
    found += [
        f"{_against(pair, language)}{unsure} ({_auc(signed(pair['auc']), language)})"
        for pair in lead["comparisons"]
        if pair["verdict"] == "cannot tell"
    ]
    for one in lead["groups"]:
        open_checks = [
            WORDS[check][language]
            for check in ("calibration", "rates")
            if one[f"{check}_verdict"] == "cannot tell"
        ]
        if open_checks:
            group = f"{names.of(one['column'], one['group'], language)} (n = {one['n']})"
            found.append(f"{group}{WORDS['colon'][language]}{unsure} ({', '.join(open_checks)})")
    return found


def _one(sheet: Sheet, prose: CardProse, names: GroupNames, language: Language) -> list[str]:
    def word(key: str) -> str:
        return WORDS[key][language]

    lead, colon = sheet["backtests"][0], word("colon")
    chosen = next(one for one in lead["candidates"] if one["name"] == lead["chosen"])
    capacity = chosen["overall"]["capacity"]
    precision = capacity["precision"]["value"]
    sentence = word("list").format(
        share=_percent(sheet["capacity_share"], language),
        per=", ".join(word(name) for name in sheet["capacity_per"]),
        precision="-" if precision is None else _percent(precision, language),
    )
    lines = [
        f"# {word('title')}{colon}{sheet['network']}/{sheet['model']}",
        *_section(word("outcome"), [sheet["outcome"][language]]),
        *_section(
            word("unsure"), [f"- {line}" for line in unsure_of(sheet, names, language)] or [word("nothing")]
        ),
    ]
    for section in SECTIONS:
        written = getattr(prose, section).get(language, "").strip()
        lines += _section(word(section), [written or word("wait")])
    folds = lead.get("folds")
    facts = [] if _leaves_time(lead) else _along_time(lead, language)
    facts += [f"- {line}" for line in card_lines(folds, language)] if folds else []
    facts += [f"- {_left_out(sheet['left_out'], language)}"] if sheet.get("left_out") else []
    facts += [f"- {line}" for line in cut_facts(lead.get("cut_points", ()), language)]
    facts += [
        f"- {word('chosen')}{colon}{word(lead['chosen'])}, {lead['n_features']} {word('features')}",
        f"- {sentence}",
    ]
    lines += _section(FOLD_TITLE[language] if _leaves_time(lead) else word("quality"), facts)
    lines += _section(word("moments"), _moment_rows(lead, language))
    lines += _section(word("beside"), [_pair(pair, language) for pair in lead["comparisons"]] or ["-"])
    held = left_out_schools(folds, language) or [_held(one, language) for one in lead["held_out"]]
    lines += _section(word("held"), held or ["-"])
    return lines + _section(word("groups"), _group_rows(lead, names, language) or ["-"])


def _left_out(left_out: Sheet, language: Language) -> str:
    """Say whom a declared rule left out of the cohort, and why."""
    counted = {"n_units": left_out["n_units"], "n_rows": left_out["n_rows"]}
    return WORDS["left_out"][language].format(**counted, because=left_out["because"][language])


def _leaves_time(lead: Sheet) -> bool:
    """Say whether the figures stand on folds that do not follow time."""
    folds = lead.get("folds")
    return folds is not None and not folds.get("along_time")


def _along_time(lead: Sheet, language: Language) -> list[str]:
    """Say which periods trained, and which one was held out."""
    colon = WORDS["colon"][language]
    n_tested = lead["candidates"][0]["overall"]["n"]
    return [
        f"- {WORDS['trained'][language]}{colon}{', '.join(lead['trained_on'])} (n = {lead['n_train']})",
        f"- {WORDS['tested'][language]}{colon}{', '.join(lead['tested_on'])} (n = {n_tested})",
    ]


def _written(figures: str, language: Language) -> str:
    """Write figures as the language does: French has a decimal comma, so a semicolon parts its intervals."""
    if language == "en":
        return figures
    return figures.replace(", ", WORDS["semicolon"]["fr"]).replace(".", ",")


def _percent(share: float, language: Language) -> str:
    return f"{100 * share:.0f}{WORDS['percent'][language]}"


def _section(title: str, body: list[str]) -> list[str]:
    return ["", f"## {title}", "", *body]


def _rule(heads: str) -> str:
    return "|" + "---|" * (heads.count("|") - 1)


def _moment_rows(lead: Sheet, language: Language) -> list[str]:
    heads = WORDS["moment_heads"][language]
    rows = [heads, _rule(heads)]
    for moment in lead["moments"]:
        for candidate in lead["candidates"]:
            one = candidate["by_moment"][moment]
            name = WORDS[candidate["name"]][language]
            figures = [
                number(one["base_rate"]),
                figure(one["auc"]),
                number(one["average_precision"]["value"]),
                number(one["brier"]["value"], 4),
                figure(one["capacity"]["precision"]),
                number(one["capacity"]["recall"]["value"]),
            ]
            cells = [moment, f"**{name}**" if candidate["name"] == lead["chosen"] else name, str(one["n"])]
            cells += [_written(cell, language) for cell in figures]
            rows.append(f"| {' | '.join(cells)} |")
    return rows


def _pair(pair: Sheet, language: Language) -> str:
    verdict, auc = WORDS[pair["verdict"]][language], _auc(signed(pair["auc"]), language)
    return f"- {_against(pair, language)}{verdict} ({auc})"


def _against(pair: Sheet, language: Language) -> str:
    return f"{WORDS[pair['model']][language]} / {WORDS[pair['other']][language]}{WORDS['colon'][language]}"


def _auc(figures: str, language: Language) -> str:
    return f"AUC {_written(figures, language)}"


def _held(one: Sheet, language: Language) -> str:
    metrics, how = one["metrics"], f"{WORDS[one['how']][language]}{WORDS['colon'][language]}"
    return f"- {how}{one['n_schools']} (n = {metrics['n']}, {_auc(figure(metrics['auc']), language)})"


def _group_rows(lead: Sheet, names: GroupNames, language: Language) -> list[str]:
    if not lead["groups"]:
        return []
    heads = WORDS["group_heads"][language]
    rows = [heads, _rule(heads)]
    for one in lead["groups"]:
        verdicts = [WORDS[one[f"{check}_verdict"]][language] for check in ("calibration", "rates")]
        figures = [
            number(one["base_rate"]),
            signed(one["calibration_gap"]),
            figure(one["recall"]),
            figure(one["false_positive_rate"]),
        ]
        cells = [names.of(one["column"], one["group"], language), str(one["n"]), str(one["n_positive"])]
        cells += [_written(cell, language) for cell in figures]
        cells.append(WORDS["semicolon"][language].join(verdicts))
        rows.append(f"| {' | '.join(cells)} |")
    return rows
