"""The stored curves say what lists of other sizes would have found."""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import TestRows, list_curves, score_rows


def _rows(n_rows: int, seed: int) -> tuple[np.ndarray, TestRows]:
    generator = np.random.default_rng(seed)
    # Whole numbers: most margins are tied, so that the tie rule decides.
    margin = generator.integers(0, 6, n_rows).astype(np.float64)
    label = generator.random(n_rows) < 0.05 + 0.1 * margin
    lists = np.array([f"list{one}" for one in generator.integers(0, 9, n_rows)])
    student = np.array([f"s{place}" for place in range(n_rows)])
    empty = np.full(n_rows, "")
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
    margin, rows = _rows(300, seed=4)
    order = np.random.default_rng(0).permutation(margin.size)
    turned = rows.take(order)

    one = list_curves([score_rows("one", margin, margin, rows, share=0.1)], rows, share=0.1)
    other = list_curves(
        [score_rows("one", margin[order], margin[order], turned, share=0.1)], turned, share=0.1
    )

    assert one == other
