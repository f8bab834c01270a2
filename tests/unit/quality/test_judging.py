"""The rule is the one that the pages state, on numbers worked out by hand."""

from __future__ import annotations

import math

import pytest

from earlywarn.quality.figures import Kind, Measure, Usual
from earlywarn.quality.judging import FARTHEST, RULES, judged, usual_of

TEN = [0.10, 0.11, 0.12, 0.13, 0.14, 0.16, 0.17, 0.18, 0.19, 0.20]


def measure(kind: Kind, count: int, out_of: int, value: float | None = None, n_days: int = 0) -> Measure:
    """Return a measure; its value is its share unless given."""
    return Measure(kind, "t", "", "", count, out_of, count / out_of if value is None else value, n_days)


def exactly(middle: float, kind: Kind) -> Usual:
    """Return what is usual where all schools are alike."""
    found = usual_of([middle] * 12, RULES[kind])
    assert found is not None
    return found


def test_usual_is_the_median_and_the_middle_half() -> None:
    """Ten shares: the median is 0.15, half of them lie from 0.1225 to 0.1775, the deviation is 0.03."""
    usual = usual_of(TEN, RULES["late"])

    assert usual is not None
    assert (usual.low, usual.middle, usual.high) == pytest.approx((0.1225, 0.15, 0.1775))
    assert usual.spread == pytest.approx(1.4826 * 0.03)


def test_nine_schools_are_too_few() -> None:
    """Nothing is usual among nine."""
    assert usual_of(TEN[:9], RULES["late"]) is None


def test_alike_schools_leave_room_for_the_least_difference() -> None:
    """Where all are alike, a share of late entries may be ten points higher, and no more."""
    usual = exactly(0.0, "late")

    assert judged(measure("late", 10, 100), usual, 100, 0).verdict == "within"
    assert judged(measure("late", 11, 100), usual, 100, 0).verdict == "outside"


def test_far_is_more_than_three_and_a_half_deviations() -> None:
    """With a deviation of 0.0445 the limit is 0.3057 above a median of 0.15."""
    usual = usual_of(TEN, RULES["late"])

    near = judged(measure("late", 305, 1000), usual, 500, 0)
    far = judged(measure("late", 307, 1000), usual, 500, 0)

    assert (near.verdict, far.verdict, far.side) == ("within", "outside", "high")
    assert far.distance == pytest.approx((0.307 - 0.15) / (1.4826 * 0.03))


def test_rates_are_compared_by_their_ratio() -> None:
    """Less than two thirds of the rows is outside, and so is more than half as many again."""
    usual = exactly(9.0, "total")

    sides = {
        rows: judged(measure("total", rows * 100, 100), usual, 100, 0).side for rows in (5, 7, 9, 13, 14)
    }

    assert sides == {5: "low", 7: "", 9: "", 13: "", 14: "high"}
    assert math.log(9 / 6) == pytest.approx(RULES["total"].least)


def test_a_small_count_is_not_told_from_chance() -> None:
    """Five rows where thirteen would be usual are half as many, and may be chance; none at all are not."""
    usual = exactly(0.13, "month")

    assert judged(measure("month", 5, 100), usual, 100, 0).verdict == "within"
    assert judged(measure("month", 0, 100), usual, 100, 0).verdict == "outside"


@pytest.mark.parametrize(
    ("told", "n_students", "daily"),
    [
        (measure("total", 0, 29), 29, 0),
        (measure("month", 0, 90), 90, 0),
        (measure("silent", 4, 4, n_days=4), 90, 9),
        (measure("silent", 9, 9, n_days=9), 90, 4.9),
        (measure("weekday", 0, 500, n_days=5), 90, 1.9),
        (measure("late", 9, 9), 90, 0),
        (measure("missing", 9, 9), 90, 0),
    ],
    ids=["students", "rows", "days", "rows a day", "rows of a weekday", "entries", "asked"],
)
def test_too_little_gives_no_verdict(told: Measure, n_students: int, daily: float) -> None:
    """Each of the stated least numbers holds by itself."""
    usual = exactly(0.1 if told.kind in ("total", "month") else 0.0, told.kind)

    assert judged(told, usual, n_students, daily).verdict == "unknown"


def test_the_limit_is_the_one_on_the_page() -> None:
    """The pages say 3.5, 10, 30, 5 and 10."""
    from earlywarn.quality import judging
    from earlywarn.quality.sheets import _READING

    said = " ".join(text for _, texts in _READING for text in texts)

    assert f"{FARTHEST}".replace(".", ",") in said
    for least in (judging.FEWEST_SCHOOLS, judging.FEWEST_STUDENTS, judging.FEWEST_DAYS, judging.FEWEST_ROWS):
        assert f"{least}" in said
