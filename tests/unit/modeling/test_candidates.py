"""Candidates are tuned and chosen inside the past, and neither search nor choice flatters what it picks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from earlywarn.modeling import LabeledRows
from earlywarn.modeling.boosting import Boosting
from earlywarn.modeling.candidates import (
    Fitting,
    Inner,
    Prepared,
    fit_candidate,
    prepare,
    prepare_to_tune,
    tune_all,
)
from earlywarn.modeling.choice import FALSE_CHOICE, choose
from earlywarn.modeling.halves import Halves, alike, best_of, crossed_risks, halves_of, tried
from earlywarn.modeling.matrix_rows import rows_of
from earlywarn.modeling.on_logistic import linear_part, unseen_folds
from earlywarn.modeling.search import KNOWN, Tuning, known_trees, search
from earlywarn.modeling.splits import Split, inner_splits
from tests.builders.matrices import labeled_matrix

FEW = Fitting(n_threads=1, n_seeds=2, tuning=Tuning(trials=2))


def _rows(**changes: object) -> LabeledRows:
    matrix = labeled_matrix(**{"n_students": 400, "n_schools": 16, **changes})  # type: ignore[arg-type]
    return rows_of(matrix, groups=(), capacity_per=("school",), today=date(2026, 1, 1))


@pytest.fixture(scope="module")
def rows() -> LabeledRows:
    """Return rows of three years in sixteen schools."""
    return _rows()


@pytest.fixture(scope="module")
def splits(rows: LabeledRows) -> list[Prepared]:
    """Return the inner splits of all rows."""
    everything = np.arange(rows.label.size)
    return prepare_to_tune(rows, inner_splits(rows, everything, overlap="strict"), most_rows=30_000)


@pytest.fixture(scope="module")
def whole(rows: LabeledRows) -> Prepared:
    """Return all rows as one past."""
    everything = np.arange(rows.label.size)
    return prepare(rows, Split("all", everything, everything[:0]))


@pytest.fixture(scope="module")
def inners(rows: LabeledRows, splits: list[Prepared]) -> dict[str, Inner]:
    """Return every candidate that is linear terms plus trees, tuned once."""
    names = ("logistic", "lightgbm", "lightgbm_on_logistic", "blend")
    return {one.name: one for one in tune_all(names, rows, splits, FEW)}


def test_a_blend_is_the_weighted_mean_of_its_parts(
    rows: LabeledRows, whole: Prepared, inners: dict[str, Inner]
) -> None:
    """Margins are averaged with the weight that tuning found."""
    settings = inners["blend"].settings
    weight = settings["tree_weight"]

    linear, trees, blend = (
        fit_candidate(name, rows, whole, settings, FEW) for name in ("logistic", "lightgbm", "blend")
    )

    mean = (1 - weight) * linear.margins(whole.values) + weight * trees.margins(whole.values)
    assert blend.margins(whole.values) == pytest.approx(mean, abs=1e-9)
    assert (blend.kind, blend.tree_weight) == ("blend", weight)


def test_trees_are_added_to_the_weighted_linear_part(
    rows: LabeledRows, whole: Prepared, inners: dict[str, Inner]
) -> None:
    """Without its trees, the model is the logistic one at the weight that tuning found."""
    settings = inners["lightgbm_on_logistic"].settings
    linear = fit_candidate("logistic", rows, whole, settings, FEW)

    model = fit_candidate("lightgbm_on_logistic", rows, whole, settings, FEW)

    share = float(rows.label.mean())
    level, weight = np.log(share / (1 - share)), settings["linear_weight"]
    expected = level + weight * (linear.margins(whole.values) - level)
    assert replace(model, trees=()).margins(whole.values) == pytest.approx(expected, abs=1e-9)
    assert len(model.trees) == FEW.n_seeds


def test_no_margin_that_trees_start_from_has_seen_its_own_label(rows: LabeledRows, whole: Prepared) -> None:
    """Turning the labels of one fold over changes no starting margin of that fold."""
    settings = {"penalty": 0.01, "curves": 0.0}
    train = whole.split.train
    fold = unseen_folds(rows, train)
    turned = replace(rows, label=np.where(fold == 1, 1 - rows.label, rows.label))
    other = prepare(turned, Split("all", train, train[:0]))

    before = linear_part(rows, whole, train, settings, most_rows=30_000).unseen
    after = linear_part(turned, other, train, settings, most_rows=30_000).unseen

    assert (before[fold == 1] == after[fold == 1]).all()
    assert (before[fold == 0] != after[fold == 0]).all()


def test_unseen_folds_leave_out_schools_and_never_split_a_student(rows: LabeledRows) -> None:
    """Sixteen schools are left out whole; with six, students are."""
    everything, few = np.arange(rows.label.size), _rows(n_schools=6)

    by_school, by_student = unseen_folds(rows, everything), unseen_folds(few, np.arange(few.label.size))

    assert all(np.unique(by_school[rows.school == school]).size == 1 for school in np.unique(rows.school))
    assert any(np.unique(by_student[few.school == school]).size > 1 for school in np.unique(few.school))
    assert all(np.unique(by_student[few.student == one]).size == 1 for one in np.unique(few.student))


def test_every_trial_is_recorded_and_one_is_best(inners: dict[str, Inner]) -> None:
    """Today's defaults come first; each candidate has one best trial, the one with the least loss."""
    for inner in inners.values():
        best = [trial for trial in inner.trials if trial.is_best]
        assert len(best) == 1
        assert best[0].loss == min(trial.loss for trial in inner.trials)
        assert {trial.splits for trial in inner.trials} == {"2023-2024, 2022-2023"}
    first = inners["lightgbm"].trials[0].settings
    assert [first[name] for name in ("n_leaves", "rate", "depth")] == [15, 0.1, 6]
    assert [len(inners[name].trials) for name in ("lightgbm", "lightgbm_on_logistic")] == [2, 2]


def test_the_same_seed_searches_the_same_settings(splits: list[Prepared], rows: LabeledRows) -> None:
    """Beyond the known settings, proposals follow from the seed and the losses alone."""
    halves = halves_of(rows, splits)
    margins = [np.zeros(truth.size) for truth in halves.truths]

    def asked(seed: int) -> list[dict[str, float]]:
        found = search(
            lambda settings: tried({**settings}, alike(margins), halves), known_trees(), n_trials=6, seed=seed
        )
        return [dict(one.settings) for one in found]

    first, again, other = asked(1), asked(1), asked(2)

    assert first == again
    assert first[: len(KNOWN)] == known_trees()
    assert first[len(KNOWN) :] != other[len(KNOWN) :]


def test_best_of_many_that_know_nothing_still_knows_nothing() -> None:
    """Settings of noise: the best one flatters itself, what the halves tell each other does not."""
    flattered, crossed = [], []
    for seed in range(10):
        generator = np.random.default_rng(seed)
        truth, first = generator.random(800) < 0.3, generator.random(800) < 0.5
        halves = Halves(("one",), (truth,), (first,), (1.0,), by_time=True)
        found = [tried({"place": place}, alike([generator.normal(size=800)]), halves) for place in range(20)]
        best = best_of(found)
        nothing = tried({}, alike([np.zeros(800)]), halves).loss
        flattered.append(found[best.overall].loss - nothing)
        crossed.append(float(np.mean(halves.losses(crossed_risks(found, best, halves)))) - nothing)

    assert np.mean(flattered) < -0.001
    assert np.mean(crossed) >= 0


def test_a_better_probability_pays_even_where_ranks_are_alike(
    rows: LabeledRows, splits: list[Prepared]
) -> None:
    """The same order with chances too far out at the top loses more, and the straight one is chosen."""
    halves, generator = halves_of(rows, splits), np.random.default_rng(0)
    good = [generator.normal(size=truth.size) + 1.5 * truth - 2 for truth in halves.truths]
    bent = [np.where(margin > -1, margin**3 + 3 * margin + 3, margin) for margin in good]
    assert all((np.argsort(one) == np.argsort(other)).all() for one, other in zip(good, bent, strict=True))

    choice = choose([_inner("logistic", bent, halves), _inner("blend", good, halves)], rows, splits, FEW)

    assert choice.name == "blend"
    assert choice.comparisons[0].auc.value == pytest.approx(0.0, abs=5e-3)


def test_what_ranks_better_and_means_less_is_not_chosen(rows: LabeledRows, splits: list[Prepared]) -> None:
    """A candidate whose chances are plainly worse is passed over, however it ranks."""
    halves, generator = halves_of(rows, splits), np.random.default_rng(0)
    good = [generator.normal(size=truth.size) + 1.5 * truth - 2 for truth in halves.truths]
    better = [margin + 0.2 * truth for margin, truth in zip(good, halves.truths, strict=True)]
    wrong = _inner("blend", better, halves)
    wrong = replace(wrong, risks=tuple(np.clip(risk**3, 1e-6, 1) for risk in wrong.risks))

    choice = choose([_inner("logistic", good, halves), wrong], rows, splits, FEW)

    assert choice.inner_auc["blend"] > choice.inner_auc["logistic"]
    assert choice.name == "logistic"


def test_a_line_of_its_own_moves_no_comparison_of_levels(rows: LabeledRows, splits: list[Prepared]) -> None:
    """Chances that are all too high, or too bold, are compared as if they were not."""
    halves, generator = halves_of(rows, splits), np.random.default_rng(0)
    told = [generator.normal(size=truth.size) + truth - 2 for truth in halves.truths]

    own = halves.own_risks([1 / (1 + np.exp(-margin)) for margin in told])
    bold = halves.own_risks([1 / (1 + np.exp(1 - 2 * margin)) for margin in told])

    for risk, other, truth, first in zip(own, bold, halves.truths, halves.firsts, strict=True):
        assert risk == pytest.approx(other, abs=1e-4)
        for half in (first, ~first):
            assert risk[half].mean() == pytest.approx(truth[half].mean(), abs=1e-4)


def test_where_nothing_tells_the_announced_chance_holds() -> None:
    """Four candidates of noise beside one column of noise: chosen at most as often as announced."""
    rows, n_tries = _rows(n_students=300, n_schools=20, moments=("10-15",)), 50
    everything = np.arange(rows.label.size)
    few = prepare_to_tune(rows, inner_splits(rows, everything, overlap="strict"), most_rows=30_000)
    halves, generator = halves_of(rows, few), np.random.default_rng(1)
    names = ("one_column", "logistic", "lightgbm", "lightgbm_on_logistic", "blend")

    chosen = [
        choose(
            [_inner(name, [generator.normal(size=t.size) for t in halves.truths], halves) for name in names],
            rows,
            few,
            replace(FEW, seed=seed),
        ).name
        for seed in range(n_tries)
    ]

    # One in twenty more than announced is what fifty tries may show by chance.
    assert sum(name != "one_column" for name in chosen) <= n_tries * (FALSE_CHOICE + 0.05)


def test_among_trees_the_one_that_loses_least_is_taken(rows: LabeledRows, splits: list[Prepared]) -> None:
    """Both pay against the linear model; the later one is better."""
    halves, generator = halves_of(rows, splits), np.random.default_rng(0)
    told = [generator.normal(size=truth.size) for truth in halves.truths]
    inners = [
        _inner(name, [m + pull * t for m, t in zip(told, halves.truths, strict=True)], halves)
        for name, pull in (("logistic", 0.5), ("lightgbm", 1.5), ("blend", 1.7))
    ]

    assert choose(inners, rows, splits, FEW).name == "blend"


def test_sampled_rows_correct_the_intercept(rows: LabeledRows, whole: Prepared) -> None:
    """A past with a shift gives the same model, moved by it."""
    settings = tune_all(["one_column"], rows, [_halved(rows)], FEW)[0].settings
    plain = fit_candidate("one_column", rows, whole, settings, FEW)

    moved = fit_candidate("one_column", rows, replace(whole, shift=-1.5), settings, FEW)

    assert moved.margins(whole.values) == pytest.approx(plain.margins(whole.values) - 1.5)


def test_tuning_stays_inside_its_bounds(rows: LabeledRows) -> None:
    """Whole students are left out until rows are few enough; all of today's settings can be proposed."""
    everything = np.arange(rows.label.size)
    inner = inner_splits(rows, everything, overlap="strict")

    tested = [one.split.test for one in prepare_to_tune(rows, inner, most_rows=100)]

    assert all(0 < test.size < 700 for test in tested)
    for test, whole_test in zip(tested, inner, strict=True):
        kept = np.isin(rows.student[whole_test.test], rows.student[test])
        assert kept.sum() == test.size
    assert KNOWN[0] == Boosting()


def _inner(name: str, margins: list[np.ndarray], halves: Halves) -> Inner:
    told = alike(margins)
    return Inner(name, told.by_first, halves.risks(told.by_first), {}, told)


def _halved(rows: LabeledRows) -> Prepared:
    everything = np.arange(rows.label.size)
    first = rows.student < "s00200"
    return prepare(rows, Split("half", everything[first], everything[~first], by_time=False))
