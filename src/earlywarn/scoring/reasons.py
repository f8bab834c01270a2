"""Reasons: the model's own attributions, said as facts that the student's records show.

At most five a row and two a family, the attributions summed by indicator. A missing value is never a reason.
A sentence is given only where the fact agrees with what the model made of it: more absences than is usual may
raise an estimate, fewer may lower it, and the other way round nothing is said. Reasons are associations,
never causes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args
from weakref import WeakKeyDictionary

import numpy as np

from earlywarn.domain import LANGUAGES, Language
from earlywarn.features import FeatureEntry
from earlywarn.scoring.published import PublishedModel
from earlywarn.scoring.trees import Flags, Floats, Integers
from earlywarn.scoring.wording import (
    STRENGTH_WORDS,
    Strength,
    comparison_in_words,
    number_in_words,
    sentence,
    window_in_words,
)

MOST_REASONS = 5
MOST_OF_A_FAMILY = 2
SMALLEST = 0.05
"""In log-odds: a smaller share changes the odds by less than a twentieth, and is not worth a sentence."""
_STRONG, _MODERATE = 0.7, 0.25
"""Doubles the odds; changes them by more than a quarter."""

Direction = Literal["raises", "lowers"]
_MOST_REMEMBERED = 200_000
_Texts = tuple[Mapping[Language, str], Mapping[Language, str]]
_STRENGTHS: Mapping[Strength, Mapping[Language, str]] = {
    strength: {language: STRENGTH_WORDS[language][strength] for language in LANGUAGES}
    for strength in get_args(Strength)
}


@dataclass(frozen=True)
class Evidence:
    """What the records show: the value, over which days, beside the student's own past and the peers'."""

    feature: str
    value: float
    window: str
    own_past: float | None
    peers_median: float | None


@dataclass(frozen=True)
class Reason:
    """One indicator's part in one score."""

    code: str
    family: str
    direction: Direction
    strength: Strength
    strength_words: Mapping[Language, str]
    attribution: float
    actionable: bool
    evidence: Evidence
    text: Mapping[Language, str]
    comparison: Mapping[Language, str]

    def as_dict(self) -> dict[str, object]:
        """Return the reason as plain values, as stored and answered."""
        return {**vars(self), "evidence": dict(vars(self.evidence))}


def reasons_for(model: PublishedModel, rows: Floats, attributions: Floats) -> list[list[Reason]]:
    """Return each row's reasons, those that raise the estimate first, the greatest share first.

    Args:
        model: The model that made the attributions.
        rows: Encoded feature values, (rows, features).
        attributions: What `model.attributions(rows)` gave.
    """
    book = _book_of(model)
    if not book.features.size or not len(rows):
        return [[] for _ in range(len(rows))]
    values = rows[:, book.features]
    shown = np.where(book.sayable(values), attributions[:, book.features], 0.0)
    # Sums run in a fixed order, so that one row and a million give the same bits.
    totals = np.add.reduceat(shown, book.starts, axis=1)
    raises = totals > 0
    agreeing = np.where(raises[:, book.indicator], book.agrees(values, 1), book.agrees(values, -1))
    pull = np.where(agreeing, np.where(raises[:, book.indicator], shown, -shown), 0.0)
    best = np.maximum.reduceat(pull, book.starts, axis=1)
    eligible = (best > 0) & (np.abs(totals) >= SMALLEST)
    rank = np.where(eligible, np.where(raises, 1e6 + totals, -totals), -np.inf)
    order = np.argsort(-rank, axis=1, kind="stable")
    counts = eligible.sum(axis=1).tolist()
    return [
        [
            _reason(book, rows[i], values[i], pull[i], which, float(totals[i, which]))
            for which in _varied(book, order[i, : counts[i]].tolist())
        ]
        for i in range(len(rows))
    ]


def _varied(book: _Book, which: Sequence[int]) -> list[int]:
    """Return the first reasons, no family more often than it may: four ways to say absent are one reason."""
    taken: list[int] = []
    families: dict[str, int] = {}
    for one in which:
        family = book.families[one]
        families[family] = families.get(family, 0) + 1
        if families[family] <= MOST_OF_A_FAMILY:
            taken.append(one)
        if len(taken) == MOST_REASONS:
            break
    return taken


@dataclass(frozen=True, eq=False)
class _Book:
    """What is needed to speak of a model's features; columns are those that may be spoken of."""

    model: PublishedModel
    features: Integers
    """Position of each column in the model's features."""
    starts: Integers
    indicator: Integers
    sign: Integers
    usual: Floats
    """What a value is held against: the training median, or zero for a comparison."""
    is_level: Flags
    """Whether the column says yes or no to one level of a code."""
    spoken: Integers
    """The column whose value a sentence about this one names."""
    families: Sequence[str]
    """The family of each indicator."""
    comparisons: Mapping[tuple[str, str, str, str], int]
    """Where the model's features hold the difference from the own past or from the peers."""
    said: dict[tuple[int, float, float | None, float | None], _Texts] = field(default_factory=dict)
    """Sentences already made; the same few values come back thousands of times."""

    def sayable(self, values: Floats) -> Flags:
        """Return where neither the value nor the one its sentence names is missing."""
        present = ~np.isnan(values)
        return np.asarray(present & present[:, self.spoken])

    def agrees(self, values: Floats, way: int) -> Flags:
        """Return where the fact points the way (1 raises, -1 lowers), as the catalog has it."""
        fact = self.sign * np.sign(np.nan_to_num(values - self.usual))
        points = np.where(self.sign == 0, True, fact * way > 0)
        points &= ~self.is_level | (values == 1.0)
        return np.asarray(points & (points[:, self.spoken] | (self.spoken == np.arange(len(self.spoken)))))


_books: WeakKeyDictionary[PublishedModel, _Book] = WeakKeyDictionary()


def _book_of(model: PublishedModel) -> _Book:
    if model not in _books:
        _books[model] = _new_book(model)
    return _books[model]


def _new_book(model: PublishedModel) -> _Book:
    named = [(i, entry) for i, entry in enumerate(model.entries) if entry is not None and entry.text]
    order = {name: n for n, name in enumerate(dict.fromkeys(entry.indicator for _, entry in named))}
    named.sort(key=lambda pair: (order[pair[1].indicator], pair[0]))
    entries = [entry for _, entry in named]
    spoken = [_spoken(entries, k) for k in range(len(entries))]
    kept = [k for k, target in enumerate(spoken) if target is not None]
    place = {k: n for n, k in enumerate(kept)}
    positions = np.array([named[k][0] for k in kept], dtype=np.int64)
    indicator = np.array([order[entries[k].indicator] for k in kept], dtype=np.int64)
    _, starts, indicator = np.unique(indicator, return_index=True, return_inverse=True)
    comparison = np.array([bool(entries[k].comparison) for k in kept], dtype=np.bool_)
    base_sign = [entries[_plain(entries, k)].sign if entries[k].comparison else entries[k].sign for k in kept]
    return _Book(
        model=model,
        features=positions,
        starts=starts,
        indicator=indicator,
        sign=np.array(base_sign, dtype=np.int64),
        usual=np.where(comparison, 0.0, model.medians[positions]),
        is_level=np.array([entries[k].function == "one_of" for k in kept], dtype=np.bool_),
        families=[entries[kept[start]].family for start in starts],
        comparisons={
            (entry.indicator, entry.function, entry.window, entry.comparison): i
            for i, entry in named
            if entry.comparison
        },
        spoken=np.array([place[target] for k in kept if (target := spoken[k]) is not None], dtype=np.int64),
    )


def _plain(entries: Sequence[FeatureEntry], k: int) -> int:
    """Return the feature that a comparison compares."""
    wanted = (entries[k].indicator, entries[k].function, entries[k].window)
    for n, entry in enumerate(entries):
        if not entry.comparison and (entry.indicator, entry.function, entry.window) == wanted:
            return n
    return k


def _spoken(entries: Sequence[FeatureEntry], k: int) -> int | None:
    """Return the feature whose value the sentence names: of the first function, same window if it can.

    The indicator's text is written for its first function; a trend or an age would make nonsense of it.
    """
    entry = entries[k]
    own = [n for n, other in enumerate(entries) if other.indicator == entry.indicator]
    first = entries[own[0]].function
    plain = [n for n in own if not entries[n].comparison and entries[n].function == first]
    if entry.function == first:
        plain = [n for n in plain if entries[n].window == entry.window and (n == k or entry.comparison)]
    same = [n for n in plain if entries[n].window == entry.window]
    return next(iter(same or plain), None)


def _reason(book: _Book, row: Floats, values: Floats, pull: Floats, which: int, total: float) -> Reason:
    start = int(book.starts[which])
    stop = int(book.starts[which + 1]) if which + 1 < len(book.starts) else len(book.features)
    headline = start + int(np.argmax(pull[start:stop]))
    spoken = int(book.spoken[headline])
    entry = book.model.entries[int(book.features[spoken])]
    assert entry is not None  # noqa: S101 - columns of the book have entries by construction
    value = float(values[spoken])
    past, peers = (_other(book, row, entry, value, comparison) for comparison in ("own_past", "peers"))
    strength = _strength(total)
    school_years = book.model.has_school_years
    key = (spoken, value, past, peers)
    texts = book.said.get(key)
    if texts is None:
        if len(book.said) >= _MOST_REMEMBERED:
            book.said.clear()
        texts = book.said[key] = _texts(entry, value, past, peers, school_years)
    return Reason(
        code=entry.indicator,
        family=entry.family,
        direction="raises" if total > 0 else "lowers",
        strength=strength,
        strength_words=_STRENGTHS[strength],
        attribution=total,
        actionable=entry.actionable,
        evidence=Evidence(entry.name, value, entry.window, past, peers),
        text=texts[0],
        comparison=texts[1],
    )


def _strength(total: float) -> Strength:
    size = abs(total)
    return "strong" if size >= _STRONG else "moderate" if size >= _MODERATE else "slight"


def _other(book: _Book, row: Floats, entry: FeatureEntry, value: float, comparison: str) -> float | None:
    """Return what the value is compared with; the comparison's feature holds the difference."""
    place = book.comparisons.get((entry.indicator, entry.function, entry.window, comparison))
    if place is None or np.isnan(row[place]):
        return None
    return round(value - float(row[place]), 9) + 0.0


def _texts(
    entry: FeatureEntry, value: float, past: float | None, peers: float | None, school_years: bool
) -> _Texts:
    """Return the sentence and the comparison, in both languages."""
    said: dict[Language, str] = {}
    compared: dict[Language, str] = {}
    for language in LANGUAGES:
        percent = entry.function in ("share", "rank")
        words = {
            "value": number_in_words(value, language, percent=percent),
            "window": window_in_words(entry.window, language, school_years=school_years),
            "own_past": "" if past is None else number_in_words(past, language, percent=percent),
            "peers": "" if peers is None else number_in_words(peers, language, percent=percent),
        }
        said[language] = sentence(entry.text[language], words, value, language)
        compared[language] = comparison_in_words(words["own_past"], words["peers"], language)
    return said, compared
