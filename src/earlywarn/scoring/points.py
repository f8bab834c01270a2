"""Reasons of a list by rules: the rules that a row meets, in the network's own words.

A list by rules is trees of two leaves, one a rule, so that scores and attributions are read as those of any
model; only its sentences differ. A rule is met or not, so none is ever said to weigh more than another, and a
rule that is not met is never a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from earlywarn.domain import LANGUAGES, Language
from earlywarn.scoring.published import RULES, PublishedModel
from earlywarn.scoring.reasons import MOST_REASONS, Evidence, Reason
from earlywarn.scoring.reasons import reasons_for as attributed_reasons
from earlywarn.scoring.trees import Flags, Floats
from earlywarn.scoring.wording import comparison_in_words, number_in_words

POINT_WORDS: Mapping[Language, str] = {"fr": "règle atteinte", "en": "rule met"}


@dataclass(frozen=True)
class PointRule:
    """One rule: a point for each row whose value lies above one mark, or below one; missing meets none."""

    name: str
    feature: str
    above: float | None
    below: float | None
    words: Mapping[Language, str]
    share: float
    """The share of the rows that the rule was made on who meet it, as its tree holds it."""

    def met(self, column: Floats) -> Flags:
        """Return who meets the rule.

        >>> PointRule("late", "x", 2.0, None, {}, 0.1).met(np.array([2.0, 3.0, np.nan])).tolist()
        [False, True, False]
        """
        if self.above is not None:
            return np.asarray(column > self.above)
        return np.asarray(column < (np.nan if self.below is None else self.below))


def point_rules(content: Mapping[str, Any], features: tuple[str, ...]) -> tuple[PointRule, ...]:
    """Read the rules from model.json.

    Raises:
        ValueError: A rule is not whole, or names no feature.
        KeyError: A part is missing.
    """
    found = tuple(
        PointRule(
            name=str(one["name"]),
            feature=str(one["feature"]),
            above=None if one["above"] is None else float(one["above"]),
            below=None if one["below"] is None else float(one["below"]),
            words={language: str(one[language]) for language in LANGUAGES},
            share=float(one["share"]),
        )
        for one in content["rules"]
    )
    if not found or any((one.above is None) == (one.below is None) for one in found):
        raise ValueError("rules")
    if any(one.feature not in features for one in found):
        raise ValueError("features of rules")
    return found


def reasons_for(model: PublishedModel, rows: Floats, attributions: Floats) -> list[list[Reason]]:
    """Return each row's reasons: the rules it meets where rules make the list, else its attributions' facts.

    Args:
        model: The model that made the attributions.
        rows: Encoded feature values, (rows, features).
        attributions: What `model.attributions(rows)` gave.
    """
    if model.kind == RULES:
        return rules_met(model, rows)
    return attributed_reasons(model, rows, attributions)


def rules_met(model: PublishedModel, rows: Floats) -> list[list[Reason]]:
    """Return each row's reasons: the rules it meets, in declared order, five at most.

    A rule's share of a score is one point less the share of all rows that meet it.
    """
    rules = point_rules(cast("Mapping[str, Any]", model.details), model.features)
    place = {name: column for column, name in enumerate(model.features)}
    met = np.column_stack([rule.met(rows[:, place[rule.feature]]) for rule in rules])
    return [
        [_reason(model, rules[which], rows[i], place) for which in np.flatnonzero(met[i])[:MOST_REASONS]]
        for i in range(len(rows))
    ]


def _reason(model: PublishedModel, rule: PointRule, row: Floats, place: Mapping[str, int]) -> Reason:
    entry = model.catalog.by_name[rule.feature]
    value = float(row[place[rule.feature]])
    past, peers = (
        _other(row, place, f"{rule.feature}__{comparison}", value) for comparison in ("own_past", "peers")
    )
    percent = entry.function in ("share", "rank")
    compared: dict[Language, str] = {}
    for language in LANGUAGES:
        before, group = (
            "" if other is None else number_in_words(other, language, percent=percent)
            for other in (past, peers)
        )
        compared[language] = comparison_in_words(before, group, language)
    return Reason(
        code=rule.name,
        family=entry.family,
        direction="raises",
        strength="moderate",
        strength_words=POINT_WORDS,
        attribution=1.0 - rule.share,
        actionable=entry.actionable,
        evidence=Evidence(rule.feature, value, entry.window, past, peers),
        text=rule.words,
        comparison=compared,
    )


def _other(row: Floats, place: Mapping[str, int], name: str, value: float) -> float | None:
    """Return what the value is compared with; the comparison's feature holds the difference."""
    if name not in place or np.isnan(row[place[name]]):
        return None
    return round(value - float(row[place[name]]), 9) + 0.0
