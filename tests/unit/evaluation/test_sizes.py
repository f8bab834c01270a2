"""Small, middle and large schools apart, and the curve that published flags stand beside."""

from __future__ import annotations

import numpy as np
import pytest

from earlywarn.evaluation import draws_for, moment_aucs
from earlywarn.evaluation.curves import RATES, curve_of
from earlywarn.evaluation.sizes import by_school_size, school_sizes
from tests.builders.lists import NEVER, Look, looked_at, two_models


def schools_of(sizes: list[int]) -> list[Look]:
    """Return schools with one outcome each, whose margin is highest where the school has an even number."""
    return [
        Look(
            f"{school}-{place}",
            "10-15",
            float(size if place == 0 and school % 2 == 0 else place),
            NEVER if place == 0 else None,
            school=f"school{school}",
        )
        for school, size in enumerate(sizes)
        for place in range(size)
    ]


def test_thirds_of_schools_are_named_by_their_sizes() -> None:
    """Six schools, two of each size: each third lists one name in ten, and finds every second outcome."""
    looks = schools_of([10, 10, 20, 20, 40, 40])
    rows = looked_at(looks)
    _, draws = draws_for(rows, n_draws=20, generator=np.random.default_rng(0))

    found = by_school_size(two_models(looks, rows, share=0.1)[0], rows, draws)

    assert [(one.smallest, one.largest, one.n_schools, one.n) for one in found] == [
        (10, 10, 2, 20),
        (20, 20, 2, 40),
        (40, 40, 2, 80),
    ]
    assert [one.precision.value for one in found] == [0.5, 0.25, 0.125]
    assert [one.recall.value for one in found] == [0.5, 0.5, 0.5]
    assert [one.lift.value for one in found] == pytest.approx([5.0, 5.0, 5.0])


def test_a_school_is_as_large_as_its_largest_date() -> None:
    """Two units in October and three in March make a school of three."""
    moments = np.array(["10-15"] * 2 + ["03-15"] * 3)

    sizes = school_sizes(np.zeros(5, dtype=np.intp), np.full(5, "2024-2025"), moments)

    assert sizes.tolist() == [3]


def test_few_schools_are_not_parted() -> None:
    """Of five schools a third would be one or two."""
    looks = schools_of([5] * 5)
    rows = looked_at(looks)
    _, draws = draws_for(rows, n_draws=5, generator=np.random.default_rng(0))

    assert by_school_size(two_models(looks, rows, share=0.2)[0], rows, draws) == ()


def test_the_area_under_the_kept_curve_is_nearly_the_auc() -> None:
    """Some forty points lose less than a hundredth, and intervals hold the value."""
    generator = np.random.default_rng(1)
    looks = [
        Look(
            f"s{number}",
            moment,
            float(generator.normal() + bool(number % 5 == 0)),
            NEVER if number % 5 == 0 else None,
        )
        for number in range(400)
        for moment in ("10-15", "03-15")
    ]
    rows = looked_at(looks)
    _, draws = draws_for(rows, n_draws=50, generator=np.random.default_rng(0))
    scored = two_models(looks, rows, share=0.1)[0]

    curve = curve_of(scored, rows, draws)

    auc = moment_aucs(scored, rows, draws).mean.value
    assert np.trapezoid(curve.sensitivity, RATES) == pytest.approx(auc, abs=0.01)
    assert all(
        low <= value + 1e-9 and value <= high + 1e-9
        for low, value, high in zip(curve.low[4:-1], curve.sensitivity[4:-1], curve.high[4:-1], strict=True)
    )
