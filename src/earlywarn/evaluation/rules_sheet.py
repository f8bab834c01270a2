"""Say what a list by rules is: which rules, who meets them, and that nothing of it has been measured.

Nobody's outcome is known yet, so no rate, no precision and no audit is printed; the sheet says so first.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from earlywarn.domain import Language
from earlywarn.evaluation.abstention import AbstentionSheet, abstention_lines
from earlywarn.evaluation.text import Sheet, text_table

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


def rules_table(sheet: Sheet) -> str:
    """Return the whole sheet as text."""
    share = f"capacity {sheet['capacity_share']:.0%} per {', '.join(sheet['capacity_per'])} and moment"
    rows = [
        (one["name"], one["feature"], mark_of(one), str(one["n_met"]), f"{one['share']:.3f}")
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


def mark_of(one: Sheet) -> str:
    """Write a rule's mark."""
    return f"> {one['above']:g}" if one["above"] is not None else f"< {one['below']:g}"
