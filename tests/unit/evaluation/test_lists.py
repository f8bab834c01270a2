"""Lists by hand: how early they name whom, how they change, and what they find that others miss."""

from __future__ import annotations

import numpy as np
import pytest

from earlywarn.evaluation import Draws, ListsSheet, draws_for, lists_sheet
from earlywarn.evaluation.lead_time import quantile_figures
from tests.builders.lists import NEVER, Look, looked_at, two_models

MOMENTS = ("10-15", "11-20", "03-15")

# Four students on three dates, two places each: a and b leave, on 4 December and 14 April.
YEAR = [
    Look("a", "10-15", 4.0, "2024-12-04", other=1.0),
    Look("b", "10-15", 1.0, "2025-04-14", other=2.0),
    Look("c", "10-15", 3.0, other=4.0),
    Look("d", "10-15", 2.0, other=3.0),
    Look("a", "11-20", 4.0, "2024-12-04", other=4.0),
    Look("b", "11-20", 3.0, "2025-04-14", other=1.0),
    Look("c", "11-20", 2.0, other=3.0),
    Look("d", "11-20", 1.0, other=2.0),
    Look("b", "03-15", 3.0, "2025-04-14", other=1.0),
    Look("c", "03-15", 2.0, other=2.0),
    Look("d", "03-15", 1.0, other=3.0),
    Look("e", "03-15", 4.0, other=4.0),
]


def measured(looks: list[Look], *, share: float = 0.5, has_days: bool = True) -> ListsSheet:
    """Measure the lists of both margins."""
    rows = looked_at(looks, has_days=has_days)
    _, draws = draws_for(rows, n_draws=40, generator=np.random.default_rng(0))
    return lists_sheet(two_models(looks, rows, share=share), "ours", rows, draws, moments=MOMENTS)


def test_lead_time_counts_from_the_first_list_to_the_day_itself() -> None:
    """Student a is first listed on 15 October, 50 days before; b on 20 November, 145 days before."""
    lead = measured(YEAR).models[0].lead_time

    assert lead is not None
    assert (lead.n_with_outcome, lead.n_listed, lead.n_late) == (2, 2, 0)
    assert lead.to_happened is not None
    assert (lead.to_happened.n, lead.to_happened.median.value, lead.to_happened.upper.value) == (2, 50, 145)


def test_lead_time_to_the_decision_stands_beside_it() -> None:
    """The label is decided on 7 October 2025: 357 days after 15 October, 321 after 20 November."""
    lead = measured(YEAR).models[0].lead_time

    assert lead is not None
    assert lead.to_decided is not None
    assert (lead.to_decided.median.value, lead.to_decided.upper.value) == (321, 357)


def test_newly_caught_are_counted_at_their_first_list_only() -> None:
    """On 15 October a, on 20 November a again and b, on 15 March nobody new."""
    lead = measured(YEAR).models[0].lead_time

    assert lead is not None
    assert [(one.moment, one.n_listed, one.n_new, one.new.value) for one in lead.caught] == [
        ("10-15", 1, 1, 0.5),
        ("11-20", 2, 1, 0.5),
        ("03-15", 1, 0, 0.0),
    ]


def test_a_list_that_comes_after_the_outcome_warns_of_nothing() -> None:
    """Listed on 20 November only, of what happened on 1 November: late, and no lead time."""
    looks = [
        Look("a", "10-15", 0.0, "2024-11-01"),
        Look("b", "10-15", 1.0),
        Look("a", "11-20", 1.0, "2024-11-01"),
        Look("b", "11-20", 0.0),
    ]

    lead = measured(looks).models[0].lead_time

    assert lead is not None
    assert (lead.n_with_outcome, lead.n_listed, lead.n_late, lead.listed.value) == (1, 0, 1, 0.0)
    assert lead.to_happened is None
    assert [one.n_listed for one in lead.caught] == [0, 0, 0]


def test_a_list_on_the_very_day_is_in_time() -> None:
    """What happens on the as-of date is not yet known then."""
    looks = [Look("a", "10-15", 1.0, "2024-10-15"), Look("b", "10-15", 0.0)]

    lead = measured(looks).models[0].lead_time

    assert lead is not None
    assert lead.to_happened is not None
    assert (lead.n_late, lead.to_happened.median.value) == (0, 0)


def test_an_outcome_whose_day_nobody_knows_counts_to_its_decision_only() -> None:
    """It is listed in time, and has no day of its own."""
    looks = [Look("a", "10-15", 1.0, NEVER), Look("b", "10-15", 0.0)]

    lead = measured(looks).models[0].lead_time

    assert lead is not None
    assert lead.n_listed == 1
    assert lead.to_happened is None
    assert lead.to_decided is not None
    assert lead.to_decided.median.value == 357


def test_stages_count_no_days() -> None:
    """Where moments are stages, units are caught at one of them, and no day is told."""
    lead = measured(YEAR, has_days=False).models[0].lead_time

    assert lead is not None
    assert lead.n_listed == 2
    assert (lead.to_happened, lead.to_decided) == (None, None)


def test_one_student_is_a_case_of_its_own_in_each_period() -> None:
    """Listed in both years and leaving in the second: one case with the outcome of two."""
    looks = [
        Look("a", "10-15", 1.0),
        Look("b", "10-15", 0.0),
        Look("a", "10-15", 1.0, "2025-11-04", period="2025-2026"),
        Look("b", "10-15", 0.0, period="2025-2026"),
    ]

    lead = measured(looks).models[0].lead_time

    assert lead is not None
    assert lead.to_happened is not None
    assert (lead.n_with_outcome, lead.to_happened.median.value) == (1, 20)


def test_quartiles_by_hand_and_in_draws() -> None:
    """Of 10, 20, 30, 40 the median is 20; a draw that holds the second cluster alone gives 40."""
    draws = Draws(np.array([0, 0, 0, 1]), np.array([[1.0, 1.0], [0.0, 2.0]]))

    median = quantile_figures(np.array([30.0, 10.0, 20.0, 40.0]), draws, (0.5,))[0]

    assert (median.value, median.low, median.high) == pytest.approx((20.0, 20.5, 39.5))


def test_churn_is_told_of_those_whom_both_dates_look_at() -> None:
    """Lists a c, then a b, then e b; a left the cohort and e came, so b alone can stay in March."""
    first, second = measured(YEAR).models[0].changes

    assert (first.before, first.after, first.n_both) == ("10-15", "11-20", 4)
    assert (first.n_stayed, first.n_left, first.n_entered) == (1, 1, 1)
    assert (first.stayed.value, first.entered.value) == (0.5, 0.5)
    assert (second.n_both, second.n_stayed, second.n_left, second.n_entered) == (3, 1, 0, 0)


def test_new_names_are_counted_among_the_names_after() -> None:
    """Two of four places first, three of six then: a and b stay, and one name of three is new."""
    first = [
        Look(student, "10-15", margin) for student, margin in zip("abcd", (4.0, 3.0, 2.0, 1.0), strict=True)
    ]
    later = [
        Look(student, "11-20", margin)
        for student, margin in zip("abcefg", (6.0, 5.0, 4.0, 3.0, 2.0, 1.0), strict=True)
    ]

    change = measured([*first, *later]).models[0].changes[0]

    assert (change.n_both, change.stayed.value) == (3, 1.0)
    assert change.entered.value == pytest.approx(1 / 3)


def test_churn_goes_from_the_last_date_of_a_year_to_the_first_of_the_next() -> None:
    """Two years: the steps follow the calendar, and name their years."""
    years = ("2024-2025", "2025-2026")
    looks = [
        Look(student, moment, margin, period=year)
        for year in years
        for moment in ("10-15", "03-15")
        for student, margin in (("a", 1.0), ("b", 0.0))
    ]

    changes = measured(looks).models[0].changes

    assert [(one.before, one.after) for one in changes] == [
        ("2024-2025 10-15", "2024-2025 03-15"),
        ("2024-2025 03-15", "2025-2026 10-15"),
        ("2025-2026 10-15", "2025-2026 03-15"),
    ]


def test_what_each_list_finds_that_the_other_misses() -> None:
    """On 15 October ours are a and c, by the rules c and d; then a b and a c; then e and e d."""
    found = measured(YEAR).overlaps[0]

    assert found.other == "rules"
    assert (found.n_both, found.n_only_ours, found.n_only_theirs) == (3, 3, 3)
    assert (found.hits_both, found.hits_only_ours, found.hits_only_theirs) == (1, 3, 0)
    assert (found.shared.value, found.precision_gain.value) == (0.5, 0.5)


def test_lift_counts_against_everyone() -> None:
    """Four of six names had the outcome, and five of twelve rows: 1.6 times."""
    sheet = measured(YEAR)

    assert sheet.models[0].lift.value == pytest.approx((4 / 6) / (5 / 12))


def test_lift_of_a_grade_counts_against_that_grade() -> None:
    """In sec1 one of two had the outcome and the list found it; in sec2 the list missed the one of three."""
    looks = [
        Look("a", "10-15", 2.0, NEVER, school="north", grade="sec1"),
        Look("b", "10-15", 1.0, school="north", grade="sec1"),
        Look("c", "10-15", 3.0, school="south", grade="sec2"),
        Look("d", "10-15", 2.0, NEVER, school="south", grade="sec2"),
        Look("e", "10-15", 1.0, school="south", grade="sec2"),
    ]

    lifts = measured(looks).lift_by_grade

    assert {grade: lift.value for grade, lift in lifts.items()} == {"sec1": 2.0, "sec2": 0.0}


def test_ties_at_the_cut_give_each_equal_its_part() -> None:
    """One sure hit, and three equals for one place, of whom one had the outcome."""
    looks = [
        Look("a", "10-15", 2.0, NEVER),
        Look("b", "10-15", 1.0, NEVER),
        Look("c", "10-15", 1.0),
        Look("d", "10-15", 1.0),
    ]

    ties = measured(looks).models[0].ties

    assert (ties.precision_best.value, ties.precision_worst.value) == pytest.approx((1.0, 0.5))
    assert ties.n_by_rule == 1


def test_a_sheet_without_days_tells_no_lead_time() -> None:
    """Whoever measures rows that nobody can follow gets the rest."""
    rows = looked_at(YEAR)
    bare = type(rows)(**{**vars(rows), "days": None})
    _, draws = draws_for(bare, n_draws=5, generator=np.random.default_rng(0))

    sheet = lists_sheet(two_models(YEAR, bare, share=0.5), "ours", bare, draws, moments=MOMENTS)

    assert (sheet.models[0].lead_time, sheet.models[0].changes) == (None, ())
    assert sheet.overlaps[0].n_both == 3
