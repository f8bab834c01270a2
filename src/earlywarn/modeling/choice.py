"""Choose among candidates inside the past: a more complex one is chosen only where a paired interval says so.

Complexity has three steps: one column, a linear model, trees. A candidate of a later step pays by ranking
better or by losing less as a probability (log loss), at a chance of a false choice that holds for all
comparisons together (`benchmarks/false_choices.py` counts them); it must be worse in neither, nor by its
Brier score. Of those of one step that pay, the one that loses least is taken.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from earlywarn.evaluation import (
    STEPS,
    Comparison,
    Draws,
    Figure,
    Floats,
    TestRows,
    by_word,
    draws_for,
    interval,
    logit,
    moment_aucs,
    score_rows,
)
from earlywarn.modeling.calibrators import log_loss_rows
from earlywarn.modeling.candidates import N_DRAWS, Fitting, Inner
from earlywarn.modeling.halves import Halves, halves_of
from earlywarn.modeling.prepared import Prepared, tested_truth
from earlywarn.modeling.rows import LabeledRows

FALSE_CHOICE = 0.10
"""The chance that something more complex than needed is chosen where nothing tells anything."""


@dataclass(frozen=True, eq=False)
class Choice:
    """Which candidate, why, and what each scored inside the past."""

    name: str
    because: str
    inner_auc: dict[str, float]
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, eq=False)
class _Said:
    """One candidate's figures, over all inner rows and in every draw; more is better in each."""

    auc: Floats
    gain: Floats
    brier: Floats
    """The first place is the figure itself, the others are draws."""


def choose(
    inners: Sequence[Inner], rows: LabeledRows, splits: Sequence[Prepared], fitting: Fitting
) -> Choice:
    """Take the candidate that no more complex one beats on inner splits."""
    halves = halves_of(rows, splits)
    tests = np.concatenate([one.split.test for one in splits])
    # Folds rank apart: a fold whose training part held more outcomes tests fewer, and its model says more of
    # everybody. Ranked together, that counts against whoever says little else.
    fold = None if halves.by_time else halves.splits
    test_rows = rows.test_rows(tests, fold, label=tested_truth(splits))
    generator = np.random.default_rng(fitting.seed)
    _, draws = draws_for(test_rows, n_draws=N_DRAWS, generator=generator)
    said = {one.name: _said(one, halves, test_rows, draws) for one in inners}
    chosen, pairs = _least_loss(_simplest(list(said)), said), []
    while later := [name for name in said if STEPS[name] > STEPS[chosen]]:
        verdicts = _verdicts(said, chosen, later)
        pairs += [_pair(name, chosen, said, verdicts[name]) for name in later]
        beating = [name for name in later if verdicts[name] == "beats"]
        if not beating:
            break
        chosen = _least_loss(_simplest(beating), said)
    aucs = {name: float(one.auc[0]) for name, one in said.items()}
    return Choice(chosen, _because(chosen, pairs, said), aucs, tuple(pairs))


def _said(inner: Inner, halves: Halves, rows: TestRows, draws: Draws) -> _Said:
    risk, own_risk = np.concatenate(inner.risks), np.concatenate(halves.own_risks(inner.risks))
    aucs = moment_aucs(score_rows(inner.name, logit(risk), risk, rows, share=0.1), rows, draws)
    weights = halves.row_weights
    # Along time each split tests periods of its own, so a period's weight is its split's.
    counts = {name: float(weights[keep].sum()) for name, keep in by_word(rows.period).items()}
    shares = [counts[name.split("|", 1)[0]] if halves.by_time else 1.0 for name in aucs.values]
    return _Said(
        auc=_mean(aucs.values, aucs.drawn, shares),
        gain=_over_rows(-log_loss_rows(own_risk, rows.label), weights, draws),
        brier=_over_rows(-((risk - rows.label) ** 2), weights, draws),
    )


def _mean(values: Mapping[str, float], drawn: Mapping[str, Floats], shares: Sequence[float]) -> Floats:
    """Average over moments; one without both kinds of rows has no say, in a draw neither."""
    told = np.array([[values[name], *drawn[name]] for name in values])
    weights = np.where(np.isfinite(told), np.array(shares)[:, None], 0.0)
    return np.asarray((np.nan_to_num(told) * weights).sum(axis=0) / np.maximum(weights.sum(axis=0), 1e-12))


def _over_rows(figures: Floats, weights: Floats, draws: Draws) -> Floats:
    value = float(figures @ weights / weights.sum())
    return np.concatenate([[value], draws.totals(figures * weights) / draws.totals(weights)])


def _verdicts(said: Mapping[str, _Said], chosen: str, later: Sequence[str]) -> dict[str, str]:
    """Judge all later candidates together: the bound is what the largest of their gains would be by chance.

    The bound comes from the draws themselves (the max-t of Westfall and Young), so that candidates who are
    much alike cost little.
    """
    gains = {
        (name, figure): getattr(said[name], figure) - getattr(said[chosen], figure)
        for name in later
        for figure in ("auc", "gain", "brier")
    }
    counted = [key for key in gains if key[1] != "brier"]
    spread = {key: max(float(np.std(gain[1:])), 1e-12) for key, gain in gains.items()}
    largest = np.max([(gains[key][1:] - gains[key][0]) / spread[key] for key in counted], axis=0)
    bound = float(np.quantile(largest, 1 - FALSE_CHOICE))
    found = {}
    for name in later:
        pays = any(gains[key][0] > bound * spread[key] for key in counted if key[0] == name)
        behind = any(
            interval(float(gain[0]), gain[1:]).high < 0 for key, gain in gains.items() if key[0] == name
        )
        ranks_worse = interval(*_parts(gains[name, "auc"])).high < 0
        found[name] = "beats" if pays and not behind else "worse" if ranks_worse else "cannot tell"
    return found


def _simplest(names: Sequence[str]) -> list[str]:
    """Return the candidates of the lowest step among these."""
    lowest = min(STEPS[name] for name in names)
    return [name for name in names if STEPS[name] == lowest]


def _least_loss(names: Sequence[str], said: Mapping[str, _Said]) -> str:
    """Return the candidate that loses least; the first of two alike."""
    return max(names, key=lambda name: round(float(said[name].gain[0]), 9))


def _pair(name: str, chosen: str, said: Mapping[str, _Said], verdict: str) -> Comparison:
    auc = interval(*_parts(said[name].auc - said[chosen].auc))
    # A Brier score is better when smaller, as on the sheet.
    brier = interval(*_parts(said[chosen].brier - said[name].brier))
    return Comparison(name, chosen, auc, brier, verdict)


def _parts(told: Floats) -> tuple[float, Floats]:
    return float(told[0]), told[1:]


def _because(chosen: str, pairs: Sequence[Comparison], said: Mapping[str, _Said]) -> str:
    """Tell the comparisons that decided: those with the chosen one, and what it was not chosen against."""
    words = {"beats": "beats", "worse": "is worse than", "cannot tell": "cannot be told from"}
    told = [pair for pair in pairs if pair.model == chosen or pair.other == chosen]
    lines = [
        f"{pair.model} {words[pair.verdict]} {pair.other} (AUC {_signed(pair.auc)}, "
        f"log loss {-(said[pair.model].gain[0] - said[pair.other].gain[0]):+.4f})"
        for pair in told
    ]
    return "inside the past, " + "; ".join(lines) if lines else "the only candidate"


def _signed(figure: Figure) -> str:
    return f"{figure.value:+.3f}"
