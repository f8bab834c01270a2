"""The stored curves say what lists of other sizes would have found."""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import TestRows, list_curves, score_rows


def _rows(n_rows: int, seed: int, order: int | None = None) -> tuple[np.ndarray, TestRows]:
    """Return margins and what came true; `order` is the seed of another order of the same rows."""
    generator = np.random.default_rng(seed)
    # Whole numbers: most margins are tied, so that the tie rule decides.
    margin = generator.integers(0, 6, n_rows).astype(np.float64)
    label = generator.random(n_rows) < 0.05 + 0.1 * margin
    lists = np.array([f"list{one}" for one in generator.integers(0, 9, n_rows)])
    student = np.array([f"s{place}" for place in range(n_rows)])
    empty = np.full(n_rows, "")
    if order is not None:
        place = np.random.default_rng(order).permutation(n_rows)
        margin, label, lists, student = margin[place], label[place], lists[place], student[place]
    return margin, TestRows(label, empty, empty, lists, empty, student, lists, {})


def test_at_every_share_the_curve_equals_lists_cut_at_that_share() -> None:
    """Thirty lists in one pass are the lists that are cut one capacity at a time."""
    margin, rows = _rows(400, seed=3)

    curves = list_curves([score_rows("one", margin, margin, rows, share=0.1)], rows, share=0.1)

    for place, share in enumerate(curves.shares):
        listed = score_rows("one", margin, margin, rows, share=share).lists.listed
        hits = rows.label[listed].sum()
        assert curves.listed[place] == listed.mean()
        assert curves.candidates[0].precision[place] == hits / listed.sum()
        assert curves.candidates[0].recall[place] == hits / rows.label.sum()


def test_row_order_changes_no_figure_of_a_curve() -> None:
    """Ties fall by the named rule, not by the order in which rows came."""
    told = []
    for order in (None, 0):
        margin, rows = _rows(300, seed=4, order=order)
        told.append(list_curves([score_rows("one", margin, margin, rows, share=0.1)], rows, share=0.1))

    assert told[0] == told[1]
