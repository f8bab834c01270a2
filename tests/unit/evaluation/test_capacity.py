"""Lists are cut at capacity, and ties at the cut are told three ways."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from earlywarn.evaluation import capacity_of, cut_lists, draw_clusters, tie_order
from earlywarn.evaluation.capacity import capacity_figures


def test_ties_at_the_cut_are_told_best_and_worst() -> None:
    """Two places, one sure hit, then two tied rows of which one had the outcome."""
    margin = np.array([2.0, 1.0, 1.0, 0.0])
    label = np.array([True, True, False, False])
    lists = np.array(["a"] * 4)

    cut = cut_lists(margin, label, lists, np.arange(4), share=0.5)

    assert (cut.counts[0].n_listed, cut.counts[0].hits_best, cut.counts[0].hits_worst) == (2, 2, 1)
    assert cut.listed.tolist() == [True, True, False, False]


def test_precision_and_recall_at_capacity_by_hand() -> None:
    """Two schools of ten, one place each: one hit among three outcomes."""
    margin = np.concatenate([np.arange(10.0), np.arange(10.0)])
    label = np.zeros(20, dtype=bool)
    label[[9, 3, 12]] = True
    lists = np.array(["a"] * 10 + ["b"] * 10)
    clusters = np.repeat([0, 1], 10)
    draws = draw_clusters(clusters, n_draws=50, generator=np.random.default_rng(0))

    cut = cut_lists(margin, label, lists, np.arange(20), share=0.1)
    figures = capacity_figures(cut, label, draws)

    assert (figures.n_lists, figures.n_listed, figures.precision.value) == (2, 2, 0.5)
    assert figures.recall.value == 1 / 3
    assert figures.lift == 0.5 / 0.15


def test_tie_order_follows_the_student_and_not_the_row() -> None:
    """Shuffling rows shuffles the ranks with them."""
    students = np.array(["s1", "s2", "s3", "s1"])

    ranks = tie_order(students)

    assert ranks[0] == ranks[3]
    assert tie_order(students[::-1]).tolist() == ranks[::-1].tolist()


@given(
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5),
    share=st.floats(0.01, 0.9),
    seed=st.integers(0, 99),
)
def test_a_list_never_exceeds_its_capacity(sizes: list[int], share: float, seed: int) -> None:
    """Whatever the sizes and the ties, each list takes exactly its places."""
    generator = np.random.default_rng(seed)
    lists = np.concatenate([np.full(n, f"list{place}") for place, n in enumerate(sizes)])
    margin = generator.integers(0, 3, lists.size).astype(np.float64)
    label = generator.random(lists.size) < 0.3

    cut = cut_lists(margin, label, lists, generator.permutation(lists.size), share=share)

    assert [one.n_listed for one in cut.counts] == [capacity_of(n, share) for n in sizes]
    assert int(cut.listed.sum()) == sum(capacity_of(n, share) for n in sizes)
    assert all(one.hits_worst <= one.hits <= one.hits_best for one in cut.counts)
