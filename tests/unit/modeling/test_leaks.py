"""Detectors stay quiet on honest rows, catch what is planted into a matrix, and say so in both languages."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from earlywarn.errors import LeakError
from earlywarn.evaluation import DETECTORS, Finding
from earlywarn.features import Matrix
from earlywarn.modeling import Fitting, ModelSpec, train_model
from earlywarn.modeling.leaks import find_leaks
from earlywarn.modeling.matrix_rows import in_frozen_order
from tests.builders.matrices import LEAVING, labeled_matrix, shuffled

N_SEEDS = 8 * int(os.environ.get("EARLYWARN_CASES", "1"))
TODAY = date(2026, 1, 1)
REASON = {"fr": "raison", "en": "reason"}
SPEC: dict[str, Any] = {
    **LEAVING,
    "candidates": {"names": ["one_column", "logistic"]},
}


def found(matrix: Matrix, *, seed: int = 0, n_threads: int = 1, **changes: Any) -> dict[str, Finding]:
    """Run the detectors on a matrix whose last year is held out, and return what each found."""
    findings = find_leaks(
        in_frozen_order(matrix),
        ModelSpec.model_validate({**SPEC, **changes}),
        sizes={},
        test=("2023-2024",),
        folds=None,
        today=TODAY,
        fitting=Fitting(seed=seed, n_threads=n_threads),
    )
    return {one.name: one for one in findings}


def with_noise_as(matrix: Matrix, values: np.ndarray) -> Matrix:
    """Return the matrix with other values in its column of noise."""
    place = matrix.features.column_names.index("noise")
    column = pa.array(np.asarray(values, dtype=np.float64))
    return replace(matrix, features=matrix.features.set_column(place, "noise", column))


def labels(matrix: Matrix) -> np.ndarray:
    """Return a matrix's labels as numbers."""
    assert matrix.labels is not None
    return np.asarray(matrix.labels["label"].to_pylist(), dtype=np.float64)


def test_honest_rows_raise_no_alarm() -> None:
    """Matrices of other students each: nothing stops, and nothing warns."""
    told = [found(labeled_matrix(seed=seed), seed=seed).values() for seed in range(N_SEEDS)]

    assert [one for findings in told for one in findings if one.verdict != "passed"] == []


def test_all_detectors_but_the_replay_need_no_tables() -> None:
    """Each says what it found in both languages."""
    findings = found(labeled_matrix())

    assert {"as_of_replay", *findings} == set(DETECTORS)
    assert all(one.words[language] for one in findings.values() for language in ("fr", "en"))


def test_order_of_rows_and_threads_change_no_figure() -> None:
    """The same rows and seed give the same findings."""
    first = found(labeled_matrix(), n_threads=1)
    second = found(shuffled(labeled_matrix(), seed=3), n_threads=2)

    assert first == second


def test_a_column_missing_for_exactly_those_with_the_outcome_is_caught() -> None:
    """Its values mean nothing; that it is there tells all."""
    matrix = labeled_matrix()
    noise = np.random.default_rng(1).normal(size=len(matrix))

    finding = found(with_noise_as(matrix, np.where(labels(matrix) > 0, np.nan, noise)))["single_column"]

    assert (finding.verdict, finding.columns) == ("stopped", ("noise",))


def test_a_raised_limit_lets_an_honest_column_pass() -> None:
    """The label with noise at .965 stops by default; a declared limit of .98 with its reason lets it pass."""
    matrix = labeled_matrix()
    noise = np.random.default_rng(1).normal(scale=0.39, size=len(matrix))
    strong = with_noise_as(matrix, labels(matrix) + noise)
    leaks = {"single_column": 0.985, "column_lead": 0.4, "reason": REASON}

    verdicts = [found(strong, leaks=limits)["single_column"].verdict for limits in ({}, leaks)]

    assert verdicts == ["stopped", "passed"]
    assert found(strong, leaks=leaks)["planted_future"].verdict == "passed"
    assert found(strong, leaks=leaks)["single_column"].words["en"].endswith(" Limit raised: reason")


def test_a_column_far_above_all_others_warns() -> None:
    """Below the limit, and still unlike anything else that is known."""
    matrix = labeled_matrix(strength=0.3)
    noise = np.random.default_rng(1).normal(scale=0.55, size=len(matrix))

    finding = found(with_noise_as(matrix, labels(matrix) + noise))["single_column"]

    assert (finding.verdict, finding.columns) == ("warned", ("noise",))


def test_a_raised_limit_needs_its_reason() -> None:
    """A lower one does not."""
    assert (
        ModelSpec.model_validate({**SPEC, "leaks": {"single_column": 0.9}}).leaks.limits.single_column == 0.9
    )
    with pytest.raises(ValidationError, match="random_gap is raised above its default: give the reason"):
        ModelSpec.model_validate({**SPEC, "leaks": {"random_gap": 0.2}})


def test_a_stopped_training_prints_every_finding() -> None:
    """What passed stands beside what stopped, and nothing was fitted."""
    matrix = labeled_matrix()
    leaky = with_noise_as(matrix, labels(matrix))

    with pytest.raises(LeakError) as refused:
        train_model(
            leaky,
            ModelSpec.model_validate(SPEC),
            network="net",
            today=TODAY,
            fitting=Fitting(n_threads=1, n_seeds=1),
        )

    lines = str(refused.value).splitlines()
    assert lines[0].startswith("net/leaving: the training is stopped by: single column; nothing was regist")
    assert len(lines) == len(DETECTORS)
    assert "  single column: stopped. noise: AUC 1.000 for a column alone, above 0.950." in lines[3]


def test_few_outcomes_cannot_tell_and_stop_nothing() -> None:
    """Ten students hold fewer outcomes than any detector needs."""
    verdicts = {one.verdict for one in found(labeled_matrix(n_students=10)).values()}

    assert verdicts == {"cannot tell"}
