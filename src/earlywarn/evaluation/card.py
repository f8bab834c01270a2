"""Write the model card: French first, then English, from the quality sheet and the declared prose.

Figures come from the sheet alone; prose comes from `model.toml`. What cannot be told stands first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

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
        "fr": "Liste de {share} par {per} et par moment : {precision} des listés ont connu la situation.",
        "en": "A list of {share} per {per} and moment: {precision} of those listed met the outcome.",
    },
    "colon": {"fr": " : ", "en": ": "},
    "percent": {"fr": " %", "en": "%"},
    "school": {"fr": "école", "en": "school"},
    "grade": {"fr": "année d’études", "en": "grade"},
    "wait": {"fr": "À écrire avant toute mise en service.", "en": "To be written before any use."},
    "group_heads": {
        "fr": "| groupe | n | situations | taux | risque - taux | rappel | fausses alertes | verdicts |",
        "en": "| group | n | outcomes | rate | risk - rate | recall | false alarms | verdicts |",
    },
    "moment_heads": {
        "fr": "| moment | modèle | n | taux | AUC | PM | Brier | précision (liste) | rappel (liste) |",
        "en": "| moment | model | n | rate | AUC | AP | Brier | precision (list) | recall (list) |",
    },
    "beats": {"fr": "fait mieux", "en": "beats"},
    "worse": {"fr": "fait moins bien", "en": "worse"},
    "cannot tell": {"fr": "on ne peut pas trancher", "en": "cannot tell"},
    "within": {"fr": "dans la tolérance", "en": "within"},
    "outside": {"fr": "hors tolérance", "en": "outside"},
    "calibration": {"fr": "justesse des risques", "en": "calibration"},
    "rates": {"fr": "taux d’erreur", "en": "error rates"},
}


def card_markdown(sheet: Sheet, prose: CardProse) -> str:
    """Write the whole card."""
    return "\n".join([*_one(sheet, prose, "fr"), "", "---", "", *_one(sheet, prose, "en")]) + "\n"


def unsure_of(sheet: Sheet, language: Language = "en") -> list[str]:
    """List what the leading back-test leaves open."""
    lead = sheet["backtests"][0]
    unsure = WORDS["cannot tell"][language]
    found = [
        f"{pair['model']} / {pair['other']}: {unsure} (AUC {signed(pair['auc'])})"
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
            found.append(f"{one['column']} = {one['group']} ({one['n']}): {', '.join(open_checks)}: {unsure}")
    return found


def _one(sheet: Sheet, prose: CardProse, language: Language) -> list[str]:
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
        *_section(word("unsure"), [f"- {line}" for line in unsure_of(sheet, language)] or [word("nothing")]),
    ]
    for section in SECTIONS:
        written = getattr(prose, section).get(language, "").strip()
        lines += _section(word(section), [written or word("wait")])
    facts = [
        f"- {word('trained')}{colon}{', '.join(lead['trained_on'])} (n = {lead['n_train']})",
        f"- {word('tested')}{colon}{', '.join(lead['tested_on'])} (n = {chosen['overall']['n']})",
        f"- {word('chosen')}{colon}{lead['chosen']} ({lead['n_features']} {word('features')})",
        f"- {sentence}",
    ]
    lines += _section(word("quality"), facts)
    lines += _section(word("moments"), _moment_rows(lead, word("moment_heads")))
    lines += _section(word("beside"), [_pair(pair, language) for pair in lead["comparisons"]] or ["-"])
    lines += _section(word("held"), [_held(one) for one in lead["held_out"]] or ["-"])
    return lines + _section(word("groups"), _group_rows(lead, word("group_heads"), language) or ["-"])


def _percent(share: float, language: Language) -> str:
    return f"{100 * share:.0f}{WORDS['percent'][language]}"


def _section(title: str, body: list[str]) -> list[str]:
    return ["", f"## {title}", "", *body]


def _rule(heads: str) -> str:
    return "|" + "---|" * (heads.count("|") - 1)


def _moment_rows(lead: Sheet, heads: str) -> list[str]:
    rows = [heads, _rule(heads)]
    for moment in lead["moments"]:
        for candidate in lead["candidates"]:
            one = candidate["by_moment"][moment]
            cells = [
                moment,
                f"**{candidate['name']}**" if candidate["name"] == lead["chosen"] else candidate["name"],
                str(one["n"]),
                number(one["base_rate"]),
                figure(one["auc"]),
                number(one["average_precision"]["value"]),
                number(one["brier"]["value"], 4),
                figure(one["capacity"]["precision"]),
                number(one["capacity"]["recall"]["value"]),
            ]
            rows.append(f"| {' | '.join(cells)} |")
    return rows


def _pair(pair: Sheet, language: Language) -> str:
    verdict = WORDS[pair["verdict"]][language]
    return f"- {pair['model']} / {pair['other']}: AUC {signed(pair['auc'])}, {verdict}"


def _held(one: Sheet) -> str:
    metrics = one["metrics"]
    return f"- {one['how']}: {one['n_schools']}, n = {metrics['n']}, AUC {figure(metrics['auc'])}"


def _group_rows(lead: Sheet, heads: str, language: Language) -> list[str]:
    if not lead["groups"]:
        return []
    rows = [heads, _rule(heads)]
    for one in lead["groups"]:
        verdicts = [WORDS[one[f"{check}_verdict"]][language] for check in ("calibration", "rates")]
        cells = [
            f"{one['column']} = {one['group']}",
            str(one["n"]),
            str(one["n_positive"]),
            number(one["base_rate"]),
            signed(one["calibration_gap"]),
            figure(one["recall"]),
            figure(one["false_positive_rate"]),
            " ; ".join(verdicts),
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return rows
