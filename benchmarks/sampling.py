"""Fit on a sample of the rows without the outcome, and on all of them, and compare the two on the future.

`python -m benchmarks.sampling --students 200000 --folder FOLDER` takes the network that
`benchmarks/training.py` put there, tunes each candidate once, fits it on every training row and on a sample,
and measures both on the held-out period, of which nothing is sampled. Differences are paired: the same
schools are drawn for both. The sample keeps the share of rows without the outcome that `most_rows` leaves at
1.4 million students, or `--share`. It writes `benchmarks/sampling.md`.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.training import NETWORK, TODAY
from earlywarn.evaluation import (
    Draws,
    Figure,
    Flags,
    Floats,
    TestRows,
    compare,
    draws_for,
    moment_aucs,
    score_rows,
)
from earlywarn.evaluation.figures import interval, ratio_figure
from earlywarn.modeling import Fitting, ModelSpec, load_spec
from earlywarn.modeling.backtest import teachable
from earlywarn.modeling.bounded import margins_of, thin, to_tune
from earlywarn.modeling.calibration_choice import fit_calibrator
from earlywarn.modeling.calibrators import Sigmoid
from earlywarn.modeling.candidates import calibrator_of, fit_candidate, prepare, prepare_to_tune, tune_all
from earlywarn.modeling.matrix_rows import (
    enough_data,
    in_frozen_order,
    is_known,
    period_sizes,
    rows_of,
    taken,
)
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.splits import fold_of, inner_splits, latest_tested, time_split
from earlywarn.modeling.threads import one_blas_thread
from earlywarn.pipeline.train import labeled_matrix
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace

PAGE = Path(__file__).with_suffix(".md")
SHARE = 0.12
"""Of the rows without the outcome, what `most_rows` leaves of five cohorts of a province."""

N_DRAWS = 200


@dataclass(frozen=True)
class Pair:
    """One candidate, sampled minus full."""

    name: str
    n_full: int
    n_sampled: int
    auc: float
    differences: dict[str, Figure]
    seconds: tuple[float, float]


def labeled_rows(folder: Path, spec: ModelSpec) -> LabeledRows:
    """Build the matrix as a training does, and keep the rows that teach or test."""
    contract = load_contract(NETWORK / "contract.toml")
    workspace = Workspace(folder / "workspace")
    matrix = in_frozen_order(labeled_matrix(NETWORK / spec.name, workspace, contract, spec, today=TODAY))
    enough = enough_data(matrix, spec.scoring.needs_any)
    kept, encode_by = taken(matrix, enough & is_known(matrix, spec.outcome, TODAY))
    return rows_of(
        kept,
        encode_by=encode_by,
        groups=(),
        capacity_per=spec.capacity.per,
        today=TODAY,
        sizes=period_sizes(matrix, enough),
        outcome=spec.outcome,
    )


def pairs(
    rows: LabeledRows, spec: ModelSpec, names: Sequence[str], share: float, fitting: Fitting
) -> Iterator[Pair]:
    """Fit each candidate twice, and compare."""
    everything = np.ones(rows.label.size, dtype=bool)
    split = time_split(rows, latest_tested(rows), overlap="strict", within=everything)
    past = teachable(rows, inner_splits(rows, split.train, overlap="strict"))
    inner = prepare_to_tune(rows, past, most_rows=fitting.tuning.most_rows)
    whole, test_rows = prepare(rows, split), rows.test_rows(split.test)
    _, draws = draws_for(test_rows, n_draws=N_DRAWS, generator=np.random.default_rng(fitting.seed))
    n_events = int(rows.truth(split.train).sum())
    most = round(n_events + share * (split.train.size - n_events))
    for tuned in tune_all(names, rows, to_tune(rows, inner), fitting):
        name = tuned.name
        calibrator = calibrator_of(tuned, rows, inner)
        margins, sizes, seconds = [], [], []
        for asked in (split.train.size, most):
            begun = time.process_time()
            taught = thin(rows, whole, most=asked)
            model = fit_candidate(name, rows, taught, tuned.settings, fitting)
            seconds.append(time.process_time() - begun)
            sizes.append(int(taught.split.train.size))
            margins.append(margins_of(model, whole, split.test, fitting))
        value, differences = _compared(margins, calibrator.risks, test_rows, draws, spec)
        yield Pair(name, sizes[0], sizes[1], value, differences, (seconds[0], seconds[1]))


def _compared(
    margins: list[Floats],
    risks: Callable[[Floats], Floats],
    test_rows: TestRows,
    draws: Draws,
    spec: ModelSpec,
) -> tuple[float, dict[str, Figure]]:
    full, sampled = (
        (one, moment_aucs(one, test_rows, draws))
        for margin in margins
        for one in [score_rows("", margin, risks(margin), test_rows, share=spec.capacity.share)]
    )
    paired = compare(sampled, full, test_rows, draws)
    plain = [Sigmoid(1.0, 0.0).risks(margin) for margin in margins]
    truth, half = test_rows.label, fold_of(test_rows.student, 2) == 0
    own = [_recalibrated(margin, truth, half) for margin in margins]
    return full[1].mean_value, {
        "AUC": paired.auc,
        "Brier": mean_difference((own[1] - truth) ** 2 - (own[0] - truth) ** 2, draws),
        "ECE": ece_difference(own[1], own[0], truth, draws),
        "Brier, past": paired.brier,
        "ECE, past": ece_difference(sampled[0].risk, full[0].risk, truth, draws),
        "Brier, plain": mean_difference((plain[1] - truth) ** 2 - (plain[0] - truth) ** 2, draws),
        "ECE, plain": ece_difference(plain[1], plain[0], truth, draws),
        "mean risk, plain": mean_difference(plain[1] - plain[0], draws),
    }


def _recalibrated(margin: Floats, truth: Flags, half: Flags) -> Floats:
    """Calibrate each half of the students by the other, as the model that is kept is on its latest cohort."""
    found = np.empty(margin.size)
    for one in (half, ~half):
        found[one] = fit_calibrator(margin[~one], truth[~one]).risks(margin[one])
    return found


def mean_difference(values: Floats, draws: Draws) -> Figure:
    """Return the mean of a difference of each row, with its interval."""
    return ratio_figure(values, np.ones(values.size), draws)


def ece_difference(one: Floats, other: Floats, truth: Flags, draws: Draws) -> Figure:
    """Return how much further one model's risks lie from the rates than another's, over tenths by risk."""
    (mine, my_drawn), (theirs, their_drawn) = (_ece(risk, truth, draws) for risk in (one, other))
    return interval(mine - theirs, my_drawn - their_drawn)


def _ece(risk: Floats, truth: Flags, draws: Draws) -> tuple[float, Floats]:
    edges = np.unique(np.quantile(risk, np.arange(1, 10) / 10))
    tenth = np.searchsorted(edges, risk, side="left")
    gaps = [(risk - truth) * (tenth == place) for place in range(edges.size + 1)]
    drawn = sum(np.abs(draws.totals(gap)) for gap in gaps) / draws.totals(np.ones(risk.size))
    return float(sum(abs(gap.sum()) for gap in gaps)) / risk.size, np.asarray(drawn)


def lines_of(found: list[Pair], n_students: int, n_tested: int) -> list[str]:
    """Return the page."""
    names = list(found[0].differences)
    lines = [
        "# Fits on a sample of the rows without the outcome, against fits on all rows",
        "",
        f"Written by `python -m benchmarks.sampling --students {n_students} --folder FOLDER --candidates "
        f"{' '.join(one.name for one in found)}`, "
        f"{os.cpu_count()} cores; {n_tested:,} held-out rows of the invented network, none of them sampled.",
        "Each figure is sampled minus full, with its 95% interval over schools, the same drawn for both.",
        "Brier and ECE: after calibration on the other half of the latest cohort's students, as the model "
        "that is kept is calibrated on the latest cohort.",
        "Past: by the calibrator that tuning fitted for both on an earlier cohort, as in the back-test.",
        "Plain: risks straight from the margins, without any calibrator.",
        "",
        f"| candidate | rows, full | rows, sampled | AUC, full | {' | '.join(names)} | processor s, full "
        "| sampled |",
        "|" + "---|" * (len(names) + 6),
    ]
    for one in found:
        told = " | ".join(
            f"{figure.value:+.5f} [{figure.low:+.5f}, {figure.high:+.5f}]"
            for figure in one.differences.values()
        )
        lines.append(
            f"| {one.name} | {one.n_full:,} | {one.n_sampled:,} | {one.auc:.4f} | {told} "
            f"| {one.seconds[0]:.0f} | {one.seconds[1]:.0f} |"
        )
    return lines


def main() -> None:
    """Compare, print the page and write it beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--students", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--share", type=float, default=SHARE)
    parser.add_argument("--candidates", nargs="+", help="by default those of model.toml")
    given = parser.parse_args()
    spec = load_spec(NETWORK / "dropout" / "model.toml")
    with one_blas_thread():
        rows = labeled_rows(given.folder / str(given.students), spec)
        found = []
        for pair in pairs(
            rows, spec, given.candidates or spec.publishable, given.share, Fitting(tuning=spec.tuning.tuning)
        ):
            found.append(pair)
            print(pair, flush=True)
    tested = int((rows.period == latest_tested(rows)[0]).sum())
    lines = lines_of(found, given.students, tested)
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
