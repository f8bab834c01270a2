"""Reasons of a list by rules: the rules that a row meets, in the network's own words.

A list by rules is trees of two leaves, one a rule, so that scores and attributions are read as those of any
model; only its sentences differ. A rule is met or not, so none is ever said to weigh more than another, and a
rule that is not met is never a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast
from weakref import WeakKeyDictionary

import numpy as np

from earlywarn.domain import LANGUAGES, Language
from earlywarn.scoring.published import RULES, PublishedModel
from earlywarn.scoring.reasons import MOST_REASONS, compared_with, spoken_as
from earlywarn.scoring.reasons import phrases_of as attributed_phrases
from earlywarn.scoring.reasons import tell as tell_attributed
from earlywarn.scoring.telling import N_NUMBERS, Phrases, Reason, Told, told_lists
from earlywarn.scoring.trees import Flags, Floats


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


def tell(model: PublishedModel, rows: Floats, attributions: Floats) -> Told:
    """Return each row's reasons in numbers: the rules it meets where rules make the list, else its facts.

    The arguments are those of `reasons.tell`.
    """
    if model.kind == RULES:
        return rules_met(model, rows)
    return tell_attributed(model, rows, attributions)


def phrases_of(model: PublishedModel) -> Phrases:
    """Return what a model's reasons are put into words by."""
    return attributed_phrases(model) if model.kind != RULES else _listed_by(model).phrases


@dataclass(frozen=True, eq=False)
class _Rules:
    """The rules of one list, and what they are told by."""

    rules: tuple[PointRule, ...]
    phrases: Phrases


_known: WeakKeyDictionary[PublishedModel, _Rules] = WeakKeyDictionary()


def _listed_by(model: PublishedModel) -> _Rules:
    """Return what makes a list by rules; it is read once."""
    if model not in _known:
        rules = point_rules(cast("Mapping[str, Any]", model.details), model.features)
        spoken = tuple(
            replace(spoken_as(model.catalog.by_name[rule.feature]), code=rule.name, text=rule.words)
            for rule in rules
        )
        _known[model] = _Rules(rules, Phrases(spoken, model.has_school_years, by_rules=True))
    return _known[model]


def reasons_for(model: PublishedModel, rows: Floats, attributions: Floats) -> list[list[Reason]]:
    """Return each row's reasons in words; see `tell`."""
    phrases = phrases_of(model)
    return [phrases.reasons(one) for one in told_lists(tell(model, rows, attributions))]


def rules_met(model: PublishedModel, rows: Floats) -> Told:
    """Return each row's reasons in numbers: the rules it meets, in declared order, five at most.

    A rule's share of a score is one point less the share of all rows that meet it.
    """
    column = {name: number for number, name in enumerate(model.features)}
    told = np.full((len(rows), MOST_REASONS, N_NUMBERS), np.nan)
    n_met = np.zeros(len(rows), dtype=np.int64)
    for number, rule in enumerate(_listed_by(model).rules):
        value = rows[:, column[rule.feature]]
        row = np.flatnonzero(rule.met(value) & (n_met < MOST_REASONS))
        compared = [
            _other(rows, column, f"{rule.feature}__{other}", value)[row] for other in ("own_past", "peers")
        ]
        numbers = [np.full(row.size, number), np.full(row.size, 1.0 - rule.share), value[row], *compared]
        told[row, n_met[row]] = np.column_stack(numbers)
        n_met[row] += 1
    return told


def _other(rows: Floats, column: Mapping[str, int], name: str, value: Floats) -> Floats:
    """Return what values are compared with, missing where there is nothing."""
    if name not in column:
        return np.full(len(rows), np.nan)
    return compared_with(value, rows[:, column[name]])
