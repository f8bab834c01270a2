"""Candidates learn what is there, obey declared signs, and write the same bytes whatever the machine."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from earlywarn.evaluation import Ranking
from earlywarn.modeling import boosting
from earlywarn.modeling.boosting import Boosting, Taught, fit_boosting
from earlywarn.modeling.fitted import FittedModel
from earlywarn.modeling.logistic import fit_logistic
from earlywarn.modeling.simple import Points, fit_one_column

SIGNS = np.array([1.0, -1.0, 0.0])
NAMES = ("absence", "mark", "noise")


def _values(n: int = 3000, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=(n, 3))
    chance = 1 / (1 + np.exp(-(1.0 * values[:, 0] - 0.5 * values[:, 1] - 1)))
    label = generator.random(n) < chance
    values[generator.random(n) < 0.2, 1] = np.nan
    return values, label


def test_logistic_finds_the_coefficients() -> None:
    """A slope of 1 and of -0.5 come back, within what 30,000 rows allow."""
    values, label = _values(30_000)

    model = fit_logistic(values, label, NAMES, SIGNS, penalty=1e-6)

    slopes = {term.feature: term.coefficient / term.scale for term in model.linear}
    assert slopes["absence"] == pytest.approx(1.0, abs=0.06)
    assert slopes["mark"] == pytest.approx(-0.5, abs=0.06)


def test_logistic_never_breaks_a_declared_sign() -> None:
    """Declared the wrong way round, both columns are left out rather than turned."""
    values, label = _values()

    model = fit_logistic(values, label, NAMES, -SIGNS, penalty=1e-3)

    assert all(term.coefficient == 0 for term in model.linear if term.feature != "noise")


def test_boosting_is_monotone_where_a_sign_is_declared() -> None:
    """More absence never lowers the margin, whatever the rest."""
    values, label = _values()
    model = _boosted(values, label, n_threads=2)
    grid = np.repeat(values[:50], 20, axis=0)
    grid[:, 0] = np.tile(np.linspace(-3, 3, 20), 50)

    margins = model.margins(grid).reshape(50, 20)

    assert (np.diff(margins, axis=1) >= 0).all()


def test_threads_change_no_byte_of_the_trees(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread, two and four write the same text."""
    monkeypatch.setattr(boosting, "CELLS_PER_THREAD", 1)
    values, label = _values()

    one, two, four = (_boosted(values, label, n_threads=n_threads).trees for n_threads in (1, 2, 4))

    assert one == two == four


def test_few_values_are_worth_one_thread_only() -> None:
    """Starting a thread costs more than it brings on a small table; a large one gets what is there."""
    small, large = np.zeros((1000, 10)), np.zeros((100_000, 10))

    assert boosting.useful_threads(small, 8) == 1
    assert boosting.useful_threads(large, 2) == 2


def test_the_margin_is_the_mean_over_seeds() -> None:
    """Seeds are averaged in margin space."""
    values, label = _values()
    model = _boosted(values, label, n_threads=1)

    alone = [replace(model, trees=(text,)).margins(values) for text in model.trees]

    assert len(alone) == 2
    assert model.margins(values) == pytest.approx(np.mean(alone, axis=0))


def test_trees_name_no_thread_count() -> None:
    """Parameters would make bytes depend on the machine."""
    values, label = _values(500)

    text = _boosted(values, label, n_threads=2).trees[0]

    assert text.endswith("end of trees\n")
    assert "num_threads" not in text


def test_one_column_takes_the_best() -> None:
    """Absence ranks best by construction."""
    values, label = _values()

    model = fit_one_column(values, label, NAMES, SIGNS, moment=np.full(len(label), "day"))

    assert [term.feature for term in model.linear] == ["absence"]
    assert Ranking(model.margins(values), label).auc() == pytest.approx(Ranking(values[:, 0], label).auc())


def test_a_missing_value_meets_no_rule() -> None:
    """Points count what is known."""
    rules = Points(("mark", "absence"), (None, 0.1), (60.0, None))

    points = rules.margins(np.array([[0.2, 50.0], [np.nan, 50.0], [0.0, np.nan]]), ["absence", "mark"])

    assert points.tolist() == [2.0, 1.0, 0.0]


def _boosted(values: np.ndarray, label: np.ndarray, *, n_threads: int) -> FittedModel:
    return fit_boosting(
        Taught(values, label),
        NAMES,
        SIGNS,
        boosting=Boosting(n_rounds=20),
        seeds=(1, 2),
        n_threads=n_threads,
    )
