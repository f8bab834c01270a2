"""Rosters fit what a school can do, and break ties by a named rule."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.evaluation.capacity import capacity_of as measured_capacity
from earlywarn.evaluation.capacity import cut_lists, tie_order
from earlywarn.scoring import TIE_RULE, capacity_of, cut_rosters, share_in_words


def ranks_of(lists: list[int], margins: np.ndarray, students: list[str], share: float) -> list[int]:
    """Cut lists whose students are their own units."""
    words = pa.array(students, pa.string())
    numbers = np.array(lists, dtype=np.int64)
    ranks = cut_rosters(numbers, margins, students=words, units=words, share=share)
    return [int(rank) for rank in ranks]


def test_each_school_and_grade_gets_its_strongest() -> None:
    """Twenty in one grade and five in another, a tenth each: two names, and one."""
    margins = np.concatenate([np.arange(20.0), np.arange(5.0)])

    ranks = ranks_of([3] * 20 + [1] * 5, margins, [f"p{i}" for i in range(25)], 0.1)

    assert {row: rank for row, rank in enumerate(ranks) if rank} == {19: 1, 18: 2, 24: 1}


def test_ties_are_broken_by_the_named_rule() -> None:
    """Of equal margins, the student whose pseudonym hashes lowest comes first, whatever the row order."""
    students = ["ana", "bob", "cy", "dee"]
    first = min(students, key=lambda name: blake2b(name.encode(), digest_size=7).digest())

    for order in (students, students[::-1]):
        assert order[ranks_of([0] * 4, np.zeros(4), order, 0.25).index(1)] == first
    assert TIE_RULE.startswith("margin, then")


def test_ties_of_one_student_go_by_the_unit() -> None:
    """Three courses of one student with equal margins: by the course's id, whatever the row order."""
    courses = ["ana|maths", "ana|art", "ana|music"]

    for order in (courses, courses[::-1]):
        ranks = cut_rosters(
            np.zeros(3, dtype=np.int64),
            np.ones(3),
            students=pa.array(["ana"] * 3),
            units=pa.array(order),
            share=0.7,
        )
        assert [ranks.tolist()[order.index(course)] for course in courses] == [2, 1, 0]


def test_units_without_a_score_count_and_are_not_listed() -> None:
    """Ten of a grade, nine of them not scored: there is room for two, and only the one scored is listed."""
    margins = np.full(10, np.nan)
    margins[4] = -3.0

    ranks = ranks_of([0] * 10, margins, [str(i) for i in range(10)], 0.2)

    assert ranks == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_nobody_gives_no_list() -> None:
    """A portion may hold nobody of a cohort."""
    assert ranks_of([], np.empty(0), [], 0.2) == []


@settings(deadline=None)
@given(
    n_units=st.lists(st.integers(1, 40), min_size=1, max_size=4),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 99),
)
def test_the_served_list_is_the_measured_one(n_units: list[int], share: float, seed: int) -> None:
    """Lists never exceed capacity, and hold the very rows that the back-test measured, ties included."""
    chance = np.random.default_rng(seed)
    lists = [k for k, n in enumerate(n_units) for _ in range(n)]
    margins = chance.integers(0, 4, len(lists)).astype(float)
    students = [f"p{chance.integers(10**9)}-{i}" for i in range(len(lists))]

    ranks = ranks_of(lists, margins, students, share)

    measured = cut_lists(
        margins,
        np.zeros(len(lists), dtype=bool),
        np.array([str(k) for k in lists]),
        tie_order(np.array(students)),
        share=share,
    )
    assert [rank > 0 for rank in ranks] == measured.listed.tolist()
    assert all(capacity_of(n, share) == measured_capacity(n, share) for n in n_units)
    for k, n in enumerate(n_units):
        listed = sorted(rank for own, rank in zip(lists, ranks, strict=True) if own == k and rank)
        assert listed == list(range(1, capacity_of(n, share) + 1))


def test_shares_are_said_as_people_count() -> None:
    """A quarter is about 1 in 4, in both languages; almost nobody and almost all have words of their own."""
    assert share_in_words(0.24, "fr") == "environ 1 sur 4"
    assert share_in_words(0.24, "en") == "about 1 in 4"
    assert share_in_words(0.53, "fr") == "environ 1 sur 2"
    assert share_in_words(0.01, "en") == "fewer than 1 in 10"
    assert share_in_words(0.99, "fr") == "plus de 9 sur 10"
