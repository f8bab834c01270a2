"""Rosters fit what a school can do, and break ties by a named rule."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.evaluation.capacity import capacity_of as measured_capacity
from earlywarn.evaluation.capacity import cut_lists, tie_order
from earlywarn.scoring import TIE_RULE, capacity_of, cut_rosters, share_in_words


def test_each_school_and_grade_gets_its_strongest() -> None:
    """Twenty in one grade and five in another, a tenth each: two names, and one."""
    lists = [("s1", "sec1")] * 20 + [("s1", "sec2")] * 5
    margins = np.concatenate([np.arange(20.0), np.arange(5.0)])
    students = [f"p{i}" for i in range(25)]

    places = cut_rosters(lists, margins, students=students, units=students, share=0.1)

    assert [(place.row, place.rank, place.n_units, place.capacity) for place in places] == [
        (19, 1, 20, 2),
        (18, 2, 20, 2),
        (24, 1, 5, 1),
    ]


def test_ties_are_broken_by_the_named_rule() -> None:
    """Of equal margins, the student whose pseudonym hashes lowest comes first, whatever the row order."""
    students = ["ana", "bob", "cy", "dee"]
    first = min(students, key=lambda name: blake2b(name.encode(), digest_size=7).digest())

    for order in (students, students[::-1]):
        (place,) = cut_rosters([("s",)] * 4, np.zeros(4), students=order, units=order, share=0.25)
        assert order[place.row] == first
    assert TIE_RULE.startswith("margin, then")


def test_units_without_a_score_count_and_are_not_listed() -> None:
    """Ten of a grade, nine of them not scored: capacity stays one, and the one scored fills it."""
    margins = np.full(10, np.nan)
    margins[4] = -3.0
    students = [str(i) for i in range(10)]

    places = cut_rosters([("s",)] * 10, margins, students=students, units=students, share=0.2)

    assert [(place.row, place.capacity) for place in places] == [(4, 2)]


@settings(deadline=None)
@given(
    n_units=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 99),
)
def test_the_served_list_is_the_measured_one(n_units: list[int], share: float, seed: int) -> None:
    """Lists never exceed capacity, and hold the very rows that the back-test measured, ties included."""
    chance = np.random.default_rng(seed)
    lists = [(str(k),) for k, n in enumerate(n_units) for _ in range(n)]
    margins = chance.integers(0, 4, len(lists)).astype(float)
    students = [f"p{chance.integers(10**9)}-{i}" for i in range(len(lists))]
    words = np.array(students)

    places = cut_rosters(lists, margins, students=students, units=students, share=share)

    measured = cut_lists(
        margins,
        np.zeros(len(lists), dtype=bool),
        np.array([name for (name,) in lists]),
        tie_order(words),
        share=share,
    )
    assert {place.row for place in places} == set(np.flatnonzero(measured.listed).tolist())
    assert all(capacity_of(n, share) == measured_capacity(n, share) for n in n_units)
    assert max(place.rank for place in places) <= max(capacity_of(n, share) for n in n_units)


def test_shares_are_said_as_people_count() -> None:
    """A quarter is about 1 in 4, in both languages; almost nobody and almost all have words of their own."""
    assert share_in_words(0.24, "fr") == "environ 1 sur 4"
    assert share_in_words(0.24, "en") == "about 1 in 4"
    assert share_in_words(0.53, "fr") == "environ 1 sur 2"
    assert share_in_words(0.01, "en") == "fewer than 1 in 10"
    assert share_in_words(0.99, "fr") == "plus de 9 sur 10"
