"""Reasons: the model's own attributions, said as facts that the student's records show.

At most five a row and two a family, the attributions summed by indicator. A missing value is never a reason.
A sentence is given only where the fact agrees with what the model made of it: more absences than is usual may
raise an estimate, fewer may lower it, and the other way round nothing is said. Reasons are associations,
never causes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from earlywarn.features import FeatureEntry
from earlywarn.scoring.published import PublishedModel
from earlywarn.scoring.telling import N_NUMBERS, Phrases, Spoken, Told
from earlywarn.scoring.trees import Flags, Floats, Integers

MOST_REASONS = 5
MOST_OF_A_FAMILY = 2
SMALLEST = 0.05
"""In log-odds: a smaller share changes the odds by less than a twentieth, and is not worth a sentence."""

POWER = 1e9
"""What a value is compared with is found by subtraction, and has nine decimals."""

Anything = npt.NDArray[np.generic]


def tell(model: PublishedModel, rows: Floats, attributions: Floats) -> Told:
    """Return each row's reasons in numbers, those that raise the estimate first, the greatest share first.

    Args:
        model: The model that made the attributions.
        rows: Encoded feature values, (rows, features).
        attributions: What `model.attributions(rows)` gave.
    """
    book = book_of(model)
    if not (book.features.size and len(rows)):
        return np.full((len(rows), MOST_REASONS, N_NUMBERS), np.nan)
    leads, shares = _chosen(book, rows, attributions)
    spoken = book.spoken[leads]
    columns = book.evidence[spoken]
    found = rows[np.arange(len(rows))[:, None, None], columns]
    value, other = found[..., :1], found[..., 1:]
    told = np.empty((*leads.shape, N_NUMBERS))
    told[..., 0], told[..., 1], told[..., 2:3] = spoken, shares, value
    told[..., 3:] = np.where(columns[..., 1:] >= 0, compared_with(value, other), np.nan)
    told[leads < 0] = np.nan
    return told


def compared_with(value: Floats, difference: Floats) -> Floats:
    """Return what values stand beside; a comparison's feature holds the difference.

    >>> compared_with(np.array([0.3]), np.array([0.1])).tolist()
    [0.2]
    """
    return np.asarray(np.rint((value - difference) * POWER) / POWER + 0.0)


def phrases_of(model: PublishedModel) -> Phrases:
    """Return what a model's reasons are put into words by; its numbers are those of `tell`."""
    return book_of(model).phrases


def _chosen(book: Book, rows: Floats, attributions: Floats) -> tuple[Integers, Floats]:
    """Return the column that leads each reason of a row, -1 after the last, and its indicator's share."""
    values, n_indicators = rows.take(book.features, axis=1), book.starts.size
    shown = book.sayable(values) * attributions.take(book.features, axis=1)
    # Counted one after the other: the order of a sum is that of the columns, in one row and in a million.
    place = np.arange(len(rows))[:, None] * n_indicators + book.indicator
    sums = np.bincount(place.ravel(), weights=shown.ravel(), minlength=len(rows) * n_indicators)
    totals = sums.reshape(len(rows), n_indicators)
    way = np.where(totals > 0, 1.0, -1.0).take(book.indicator, axis=1)
    pull = book.agrees(values, way) * (way * shown)
    eligible = (np.maximum.reduceat(pull, book.starts, axis=1) > 0) & (np.abs(totals) >= SMALLEST)
    leads = np.full((len(rows), MOST_REASONS), -1, dtype=np.int64)
    shares = np.zeros(leads.shape)
    for i, own in enumerate(totals.tolist()):
        for n, one in enumerate(_varied(book, _ranked(own, np.flatnonzero(eligible[i]).tolist()))):
            start, end = book.starts[one], book.ends[one]
            leads[i, n] = start + pull[i, start:end].argmax()
            shares[i, n] = own[one]
    return leads, shares


def _ranked(totals: Sequence[float], which: Sequence[int]) -> list[int]:
    """Return those that raise first, the greatest share first; of equals, the first of the book."""
    return sorted(which, key=lambda one: (totals[one] <= 0, -abs(totals[one])))


def _varied(book: Book, which: Sequence[int]) -> list[int]:
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
class Book:
    """What is needed to speak of a model's features; columns are those that may be spoken of."""

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
    own_past: Integers
    """The model's feature that holds each column's difference from the own past; -1 where there is none."""
    peers: Integers
    """The same of the difference from the peers."""
    phrases: Phrases

    @cached_property
    def arrays(self) -> tuple[tuple[Anything, ...], tuple[Anything, ...], Anything]:
        """Return what machine code needs, in the order in which `choosing.tell_block` takes it."""
        family = np.unique(np.array(self.families, dtype=object), return_inverse=True)[1]
        sign = self.sign.astype(np.float64)
        return (
            (self.features, self.indicator, sign, self.usual, self.is_level),
            (self.spoken, self.own_past, self.peers),
            family,
        )

    def sayable(self, values: Floats) -> Flags:
        """Return where neither the value nor the one its sentence names is missing."""
        present = ~np.isnan(values)
        return np.asarray(present & present.take(self.spoken, axis=1))

    def agrees(self, values: Floats, way: Floats) -> Flags:
        """Return where the fact, and the one named for it, point a column's way (1 raises, -1 lowers)."""
        points = self._points_nowhere | (self.sign * (values - self.usual) * way > 0)
        points &= self._is_number | (values == 1.0)
        return np.asarray(points & points.take(self.spoken, axis=1))

    @cached_property
    def evidence(self) -> Integers:
        """Return where the model's features hold each column's value, own past and peers; -1: nowhere."""
        return np.column_stack([self.features, self.own_past, self.peers])

    @cached_property
    def _points_nowhere(self) -> Flags:
        return np.asarray(self.sign == 0)

    @cached_property
    def _is_number(self) -> Flags:
        return ~self.is_level

    @cached_property
    def ends(self) -> Integers:
        """Return where the columns of each indicator end."""
        return np.append(self.starts[1:], self.features.size)


_books: WeakKeyDictionary[PublishedModel, Book] = WeakKeyDictionary()


def book_of(model: PublishedModel) -> Book:
    """Return what is needed to speak of a model's features; it is made once."""
    if model not in _books:
        _books[model] = _new_book(model)
    return _books[model]


def _new_book(model: PublishedModel) -> Book:
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
    return Book(
        features=positions,
        starts=starts,
        indicator=indicator,
        sign=np.array(base_sign, dtype=np.int64),
        usual=np.where(comparison, 0.0, model.medians[positions]),
        is_level=np.array([entries[k].function == "one_of" for k in kept], dtype=np.bool_),
        families=[entries[kept[start]].family for start in starts],
        own_past=_compared(named, kept, "own_past"),
        peers=_compared(named, kept, "peers"),
        phrases=Phrases(tuple(spoken_as(entries[k]) for k in kept), model.has_school_years, by_rules=False),
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


def _compared(named: Sequence[tuple[int, FeatureEntry]], kept: Sequence[int], comparison: str) -> Integers:
    """Return where the model's features hold the difference of each column from something."""
    places = {
        (entry.indicator, entry.function, entry.window): i
        for i, entry in named
        if entry.comparison == comparison
    }
    entries = (named[k][1] for k in kept)
    return np.array(
        [places.get((entry.indicator, entry.function, entry.window), -1) for entry in entries], dtype=np.int64
    )


def spoken_as(entry: FeatureEntry) -> Spoken:
    """Return a feature as a reason names it."""
    return Spoken(
        code=entry.indicator,
        family=entry.family,
        feature=entry.name,
        window=entry.window,
        function=entry.function,
        actionable=entry.actionable,
        text=entry.text,
    )
