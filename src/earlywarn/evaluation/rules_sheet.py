"""Say what a list by rules is: which rules, who meets them, and that nothing of it has been measured.

Nobody's outcome is known yet, so no rate, no precision and no audit is printed; the sheet says so first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Literal

from earlywarn.evaluation.abstention import AbstentionSheet, abstention_line, abstention_lines
from earlywarn.evaluation.card import SECTIONS, WORDS, CardProse
from earlywarn.evaluation.table import Sheet, text_table

Language = Literal["fr", "en"]
RULES = "rules"

_NO_OUTCOME: dict[Language, str] = {
    "fr": "aucune suite n’est encore connue dans ce réseau",
    "en": "no outcome is known yet in this network",
}
_NOT_LEARNED: dict[Language, str] = {
    "fr": "les suites connues ({n} lignes) n’ont pas servi",
    "en": "the outcomes that are known ({n} rows) were not used",
}
_MEASURED: dict[Language, str] = {
    "fr": "Rien n’est mesuré\u00a0: {why}. La liste est faite par règles, sans risque chiffré. Personne ne "
    "sait combien des élèves listés connaîtront la situation.",
    "en": "Nothing is measured: {why}. The list is made by rules, with no risk in figures. Nobody knows how "
    "many of those listed will meet the outcome.",
}
_WORDS: dict[str, dict[Language, str]] = {
    "what": {"fr": "Ce que c’est", "en": "What this is"},
    "list": {
        "fr": "Une liste de {share} {per} et par moment, de ceux qui atteignent le plus de règles\u00a0; qui "
        "n’en atteint aucune n’est jamais listé. À égalité, l’ordre est fixé par {tie}.",
        "en": "A list of {share} {per} and per moment, of those who meet most rules; whoever meets none is "
        "never listed. Ties are broken by {tie}.",
    },
    "tie": {
        "fr": "un nombre tiré du pseudonyme, qui ne dit rien de l’élève",
        "en": "a number made from the pseudonym, which says nothing of the student",
    },
    "rules": {"fr": "Les règles", "en": "The rules"},
    "heads": {
        "fr": "| règle | variable | seuil | l’atteignent |",
        "en": "| rule | feature | mark | meet it |",
    },
    "replaced": {
        "fr": "Dès que des suites sont connues, un modèle appris la remplace par la même commande "
        "(`earlywarn promote`), après comparaison.",
        "en": "Once outcomes are known, a trained model replaces it by the same command "
        "(`earlywarn promote`), after a comparison.",
    },
}


@dataclass(frozen=True)
class RuleSheet:
    """One rule, and how many of the rows that could be looked at meet it."""

    name: str
    feature: str
    above: float | None
    below: float | None
    words: Mapping[str, str]
    n_met: int
    share: float


@dataclass(frozen=True)
class RulesSheet:
    """A list by rules: what it is made of, on how many rows it was made, and whom it leaves out."""

    network: str
    model: str
    outcome: Mapping[str, str]
    capacity_share: float
    capacity_per: tuple[str, ...]
    tie_rule: str
    n_rows: int
    n_with_rule: int
    """Rows that meet one rule at least."""
    n_labeled: int
    """Rows whose outcome is known: from these a model could learn."""
    n_abstained: int
    moments: tuple[str, ...]
    periods: tuple[str, ...]
    rules: tuple[RuleSheet, ...]
    abstention: AbstentionSheet | None = None

    def to_json(self) -> str:
        """Write the sheet as JSON with sorted keys; `kind` tells it from a back-test's."""
        content = {"kind": RULES, "backtests": [], "notes": [], **asdict(self)}
        return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def nothing_measured(sheet: Sheet, language: Language = "en") -> str:
    """Say what stands first on a list by rules: that nothing of it is measured, and why."""
    n = sheet["n_labeled"]
    why = _NOT_LEARNED[language].format(n=n) if n else _NO_OUTCOME[language]
    return _MEASURED[language].format(why=why)


def is_rules(sheet: Sheet) -> bool:
    """Say whether a sheet read back is that of a list by rules."""
    return sheet.get("kind") == RULES


def rules_gates(prose: CardProse, champion: str | None = None) -> list[str]:
    """Return the closed gates of a list by rules: its card must be whole, and it replaces no trained model.

    Args:
        prose: What people wrote for the card.
        champion: The kind of the champion; None where there is none.
    """
    closed = [f"the card lacks [card] {section}" for section in prose.missing()]
    if champion not in (None, RULES):
        closed.append("a list by rules, of which nothing is measured, would replace a trained model")
    return closed


def rules_table(sheet: Sheet) -> str:
    """Return the whole sheet as text."""
    share = f"capacity {sheet['capacity_share']:.0%} per {', '.join(sheet['capacity_per'])} and moment"
    rows = [
        (one["name"], one["feature"], _mark(one), str(one["n_met"]), f"{one['share']:.3f}")
        for one in sheet["rules"]
    ]
    parts = [
        f"{sheet['network']}/{sheet['model']}: {sheet['outcome']['en']}",
        nothing_measured(sheet),
        f"{share}; ties at the cut by {sheet['tie_rule']}",
        f"made on {sheet['n_rows']} rows of {', '.join(sheet['periods'])}; {sheet['n_with_rule']} meet a "
        f"rule; the outcome is known for {sheet['n_labeled']}",
        "",
        text_table(("rule", "feature", "mark", "meet it", "share"), rows),
        *abstention_lines(sheet.get("abstention")),
    ]
    return "\n".join(parts) + "\n"


def rules_card(sheet: Sheet, prose: CardProse) -> str:
    """Write the card: French first, then English; what was not measured stands first."""
    return "\n".join([*_one(sheet, prose, "fr"), "", "---", "", *_one(sheet, prose, "en")]) + "\n"


def _one(sheet: Sheet, prose: CardProse, language: Language) -> list[str]:
    def word(key: str) -> str:
        return (_WORDS.get(key) or WORDS[key])[language]

    colon, percent = WORDS["colon"][language], WORDS["percent"][language]
    told = word("list").format(
        share=f"{100 * sheet['capacity_share']:.0f}{percent}",
        per=", ".join(WORDS[name][language] for name in sheet["capacity_per"]),
        tie=word("tie"),
    )
    lines = [f"# {word('title')}{colon}{sheet['network']}/{sheet['model']}"]
    lines += _section(word("what"), [nothing_measured(sheet, language), "", word("replaced")])
    lines += _section(word("outcome"), [sheet["outcome"][language]])
    for section in SECTIONS:
        lines += _section(word(section), [getattr(prose, section).get(language, "").strip() or word("wait")])
    heads = word("heads")
    rows = [heads, "|" + "---|" * (heads.count("|") - 1)]
    for one in sheet["rules"]:
        met = _percent(one["share"], language)
        rows.append(f"| {one['words'][language]} | {one['feature']} | {_mark(one)} | {met} |")
    lines += _section(word("rules"), [told, "", *rows])
    if sheet.get("abstention"):
        lines += ["", abstention_line(sheet["abstention"], language)]
    return lines


def _percent(share: float, language: Language) -> str:
    written = f"{100 * share:.1f}"
    return (written.replace(".", ",") if language == "fr" else written) + WORDS["percent"][language]


def _mark(one: Sheet) -> str:
    return f"> {one['above']:g}" if one["above"] is not None else f"< {one['below']:g}"


def _section(title: str, body: list[str]) -> list[str]:
    return ["", f"## {title}", "", *body]
