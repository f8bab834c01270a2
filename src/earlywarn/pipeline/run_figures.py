"""Turn a quality sheet into metrics and nested runs, by names that MLflow's pages group well.

A slash begins a group: `strict/all/auc`, `strict/moment 11-20/auc`, `strict/grade sec4/auc`.
The run and its candidates use the same names, so that they stand in the same columns.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from earlywarn.modeling import Trial
from earlywarn.registry import ChildRun

Sheet = dict[str, Any]


def run_metrics(sheet: Sheet) -> dict[str, float]:
    """Return all figures of the chosen models: per protocol, moment, grade, group, and unseen schools."""
    found: dict[str, float] = {}
    for one in sheet["backtests"]:
        protocol = one["protocol"]
        chosen = next(own for own in one["candidates"] if own["name"] == one["chosen"])
        found |= _of_candidate(protocol, chosen)
        for grade, metrics in one["by_grade"].items():
            found |= _named(f"{protocol}/grade {grade}", metrics)
        for group in one["groups"]:
            found |= _of_group(f"{protocol}/group {group['column']} {group['group']}", group)
        for part in one["held_out"]:
            found |= _named(f"{protocol}/{part['how']}", part["metrics"])
        for pair in one["comparisons"]:
            versus = f"{protocol}/versus {pair['other']}"
            found |= dict(_with_ends(f"{versus}/auc_difference", pair["auc"]))
            found |= dict(_with_ends(f"{versus}/brier_difference", pair["brier"]))
    # MLflow's pages list figures as they were logged: those that are looked for stand before their intervals.
    return dict(sorted(found.items(), key=lambda one: " intervals/" in one[0]))


def candidate_runs(sheet: Sheet, trials: Sequence[Trial]) -> tuple[ChildRun, ...]:
    """Return one nested run per candidate, and below it one per trial of its tuning."""
    lead = sheet["backtests"][0]
    curves = {one["name"]: one for one in (lead.get("list_curves") or {}).get("candidates", ())}
    shares = (lead.get("list_curves") or {}).get("shares", ())
    return tuple(
        _candidate_run(sheet, one, curves.get(one["name"]), shares, trials) for one in lead["candidates"]
    )


def _candidate_run(
    sheet: Sheet, candidate: Sheet, curve: Sheet | None, shares: Sequence[float], trials: Sequence[Trial]
) -> ChildRun:
    name = candidate["name"]
    own = sorted((one for one in trials if one.candidate == name), key=lambda one: one.number)
    metrics: dict[str, float] = {}
    for one in sheet["backtests"]:
        told = next((other for other in one["candidates"] if other["name"] == name), None)
        metrics |= _of_candidate(one["protocol"], told) if told else {}
    if own:
        metrics["tuning/best_loss"] = min(one.loss for one in own)
    series: dict[str, list[tuple[int, float]]] = {}
    if own:
        series["tuning/loss"] = [(one.number, one.loss) for one in own]
    if curve is not None:
        # Steps are whole numbers: the share of each list in thousandths.
        steps = [round(1000 * share) for share in shares]
        series["lists/precision"] = list(zip(steps, curve["precision"], strict=True))
        series["lists/recall"] = list(zip(steps, curve["recall"], strict=True))
    is_chosen = str(name == sheet["backtests"][0]["chosen"]).lower()
    return ChildRun(
        name=name,
        params=settings_of(candidate["settings"]),
        metrics=metrics,
        series=series,
        tags={"level": "candidate", "candidate": name, "chosen": is_chosen},
        children=[_trial_run(one) for one in own],
    )


def _trial_run(trial: Trial) -> ChildRun:
    return ChildRun(
        name=f"{trial.candidate} trial {trial.number}",
        params=settings_of(trial.settings),
        metrics={"tuning/loss": trial.loss},
        tags={
            "level": "trial",
            "candidate": trial.candidate,
            "splits": trial.splits,
            "best": str(trial.is_best).lower(),
        },
    )


def settings_of(settings: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Write settings as MLflow's parameters; where folds tuned apart, each fold's stand by its name.

    >>> settings_of({"rate": 0.1, "fold 1": {"rate": 0.05}})
    {'rate': '0.1', 'fold 1/rate': '0.05'}
    """
    found: dict[str, str] = {}
    for name, value in settings.items():
        if isinstance(value, Mapping):
            found |= settings_of(value, f"{before}{name}/")
        else:
            found[f"{before}{name}"] = f"{value:.6g}" if isinstance(value, float) else str(value)
    return found


def _of_candidate(protocol: str, candidate: Sheet) -> dict[str, float]:
    found = _named(f"{protocol}/all", candidate["overall"])
    for moment, metrics in candidate["by_moment"].items():
        found |= _named(f"{protocol}/moment {moment}", metrics)
    return found


def _named(start: str, metrics: Sheet) -> dict[str, float]:
    found = {f"{start}/n": float(metrics["n"]), f"{start}/n_positive": float(metrics["n_positive"])}
    for name in ("auc", "average_precision", "brier"):
        found |= dict(_with_ends(f"{start}/{name}", metrics[name]))
    for name in ("precision", "recall"):
        found |= dict(_with_ends(f"{start}/{name}_at_capacity", metrics["capacity"][name]))
    plain = {
        "lift_at_capacity": metrics["capacity"]["lift"],
        "calibration_slope": metrics["calibration"]["slope"],
        "calibration_intercept": metrics["calibration"]["intercept"],
        "calibration_error": metrics["calibration"]["expected_error"],
    }
    return found | {f"{start}/{name}": value for name, value in plain.items() if value is not None}


def _of_group(start: str, group: Sheet) -> dict[str, float]:
    found = {f"{start}/n": float(group["n"]), f"{start}/n_positive": float(group["n_positive"])}
    for name in (
        "recall",
        "precision",
        "false_positive_rate",
        "recall_gap",
        "false_positive_gap",
        "calibration_gap",
    ):
        found |= dict(_with_ends(f"{start}/{name}", group[name]))
    return found


def _with_ends(name: str, told: Sheet) -> Iterator[tuple[str, float]]:
    """Yield a figure and, in a group of their own, the ends of its interval, as far as they can be told."""
    for key, ending in (("value", ""), ("low", "_low"), ("high", "_high")):
        if told.get(key) is not None:
            start, _, own = name.rpartition("/")
            yield (f"{start} intervals/{own}{ending}" if ending else name), float(told[key])
