"""Machine code chooses the reasons that numpy chooses, whatever the values and their shares."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from earlywarn.scoring import PublishedModel, tell
from earlywarn.scoring.choosing import tell_block
from earlywarn.scoring.reasons import MOST_REASONS, book_of
from earlywarn.scoring.telling import N_NUMBERS
from tests.builders.published import CATALOG, FEATURES, MARK_TEXT, entry, plain_model

CASES = 150 * int(os.environ.get("EARLYWARN_CASES", "1"))
GRID = np.array([-2.0, -1.0, 0.0, 0.5, 1.0, 1.0, 2.0, np.nan])
"""Few values, so that many are equal, missing or the usual one."""
SHARES = np.array([-0.6, -0.3, -0.05, -0.049, 0.0, 0.0, 0.049, 0.05, 0.3, 0.6])


def wide_model(n_more: int) -> PublishedModel:
    """The small catalog, and more indicators in three families besides."""
    names = [f"{family}_{n}__mean__all" for family in ("a", "b", "c") for n in range(n_more)]
    more = tuple(entry(name, n % 3 - 1, MARK_TEXT, family=name[0]) for n, name in enumerate(names))
    catalog = type(CATALOG)((*CATALOG, *more))
    deciles = {name: (0.5,) * 11 for name in catalog.names if name != FEATURES[5]}
    return plain_model(features=catalog.names, catalog=catalog, deciles=deciles)


def test_machine_code_and_numpy_choose_the_same_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    """Ties, missing values, shares at the smallest that counts: every number of every reason is the same."""
    seen = {"rows": 0, "reasons": 0}

    @settings(max_examples=CASES, deadline=None)
    @given(seed=st.integers(0, 2**32 - 1), n_rows=st.integers(1, 60), n_more=st.integers(0, 5))
    def promise(seed: int, n_rows: int, n_more: int) -> None:
        chance, model = np.random.default_rng(seed), wide_model(n_more)
        rows = chance.choice(GRID, size=(n_rows, len(model.features)))
        shares = chance.choice(SHARES, size=rows.shape)

        by_numpy = tell(model, rows, shares)

        told = np.full((n_rows, MOST_REASONS, N_NUMBERS), np.nan)
        values, sums = (np.ascontiguousarray(own.T) for own in (rows, shares))
        tell_block(values, sums, n_rows, book_of(model).arrays, told)
        assert np.array_equal(told, by_numpy, equal_nan=True)
        alone = np.concatenate([tell(model, rows[i : i + 1], shares[i : i + 1]) for i in range(n_rows)])
        assert np.array_equal(alone, by_numpy, equal_nan=True)
        seen["rows"] += n_rows
        seen["reasons"] += int((~np.isnan(by_numpy[:, :, 0])).sum())

    promise()

    assert seen["reasons"] > seen["rows"]
    with capsys.disabled():
        print(f"\nreasons: {seen['rows']} random rows, {seen['reasons']} reasons alike")  # noqa: T201
