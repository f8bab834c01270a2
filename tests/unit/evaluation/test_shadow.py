"""Two lists are compared by counts: who enters, leaves and stays, where, and by which findings."""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import (
    Listing,
    mean_by_indicator,
    mean_risk_change,
    moves_by,
    moves_of,
    rank_correlation,
    reasons_to_move,
)
from earlywarn.evaluation.shadow import Moves


def listing(
    margins: list[float], listed: list[int], *, what: str = "candidate", risks: float = 0.1
) -> Listing:
    """Return one side that says these margins."""
    known = np.array(margins)
    return Listing(
        what,
        "logistic",
        "1",
        known,
        np.where(np.isnan(known), np.nan, risks),
        np.isin(np.arange(known.size), listed),
    )


def test_who_moves_is_counted_where() -> None:
    """One enters in school a, one leaves in b, one stays; nobody is counted twice."""
    one = listing([3.0, 2.0, 1.0, 0.0], [0, 1])
    other = listing([0.0, 2.0, 3.0, 1.0], [1, 2])

    enters, leaves, stays = moves_of(one, other)

    assert (enters.tolist(), leaves.tolist(), stays.tolist()) == (
        [True, False, False, False],
        [False, False, True, False],
        [False, True, False, False],
    )
    assert moves_by(np.array(["a", "a", "b", "b"]), enters, leaves, stays) == (
        Moves("a", 2, 1, 0, 1),
        Moves("b", 2, 0, 1, 0),
    )


def test_ranks_and_risks_are_compared_over_those_whom_both_score() -> None:
    """Rank correlation by hand: of 1, 2, 3 against 1, 3, 2 it is a half; who is scored once is left out."""
    one = listing([1.0, 2.0, 3.0, np.nan], [], risks=0.3)
    other = listing([1.0, 3.0, 2.0, 9.0], [], risks=0.1)

    assert rank_correlation(one, other) == 0.5
    assert round(mean_risk_change(one, other) or 0, 12) == 0.2


def test_a_side_without_risks_has_no_change_and_ties_no_ranks() -> None:
    """Points by rules promise no risk; where everybody has as many, there is no order to compare."""
    rules = listing([1.0, 1.0], [0], risks=float("nan"))

    assert mean_risk_change(listing([1.0, 2.0], [0]), rules) is None
    assert rank_correlation(listing([1.0, 2.0], [0]), rules) is None


def test_nobody_moves_where_there_is_nothing_to_compare_with() -> None:
    """Without another side all three masks are empty."""
    assert [mask.any() for mask in moves_of(listing([1.0], [0]), None)] == [False, False, False]


def test_findings_are_ordered_by_how_much_they_differ() -> None:
    """Shares are added up by indicator, held against the other side's, the largest difference first."""
    words = {name: {"fr": name, "en": name} for name in ("absent", "mark", "same")}
    mine = mean_by_indicator(np.array([[0.5, 0.5, 0.1, 1.0]]), ["absent", "absent", "mark", "same"])
    theirs = {"mark": 0.4, "same": 1.0}

    found = reasons_to_move(mine, theirs, words)

    assert [(one.indicator, round(one.difference, 9)) for one in found] == [("absent", 1.0), ("mark", -0.3)]
