"""A quality sheet as a training writes it, of a model that deserves promotion."""

from __future__ import annotations

from typing import Any

from earlywarn.evaluation import DETECTORS


def figure(value: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    """Return a figure as JSON holds it."""
    return {"value": value, "low": low, "high": high}


def metrics() -> dict[str, Any]:
    """Return the figures of one candidate that ranks well and whose risks are rates."""
    capacity = {
        "precision": figure(0.4, 0.3, 0.5),
        "recall": figure(0.3, 0.2, 0.4),
        "precision_best": 0.4,
        "precision_worst": 0.4,
        "lift": 2.0,
        "n_lists": 3,
        "n_listed": 30,
    }
    return {
        "n": 300,
        "n_positive": 60,
        "base_rate": 0.2,
        "auc": figure(0.75, 0.7, 0.8),
        "average_precision": figure(0.5, 0.4, 0.6),
        "brier": figure(0.15, 0.1, 0.2),
        "calibration": {
            "slope": 1.0,
            "intercept": 0.0,
            "expected_error": 0.02,
            "bins": [{"n": 150, "mean_risk": r, "rate": r} for r in (0.1, 0.3)],
        },
        "capacity": capacity,
    }


def good_sheet(*, verdict: str = "beats", auc: float = 0.05, group: str = "within") -> dict[str, Any]:
    """Return a sheet whose model deserves promotion, with the leading comparison and one group as asked."""
    candidates = [
        {
            "name": name,
            "overall": metrics(),
            "by_moment": {"30": metrics()},
            "settings": {},
        }
        for name in ("rules", "logistic")
    ]
    audited = {
        "column": "sex",
        "group": "F",
        "n": 150,
        "n_positive": 30,
        "base_rate": 0.2,
        "auc": 0.75,
        "calibration_gap": figure(0.08, 0.06, 0.1),
        "recall": figure(0.3),
        "false_positive_rate": figure(0.1),
        "calibration_verdict": group,
        "rates_verdict": "within",
        "against_rules": "cannot tell",
    }
    pair = {
        "model": "logistic",
        "other": "rules",
        "auc": figure(auc, auc - 0.01, auc + 0.01),
        "brier": figure(-0.01, -0.02, -0.005),
        "verdict": verdict,
    }
    lead = {
        "protocol": "strict",
        "trained_on": ["2021-2022"],
        "tested_on": ["2022-2023"],
        "moments": ["30"],
        "n_train": 900,
        "n_positive": 180,
        "n_features": 7,
        "chosen": "logistic",
        "chosen_because": "the only candidate",
        "intervals_over": "schools",
        "candidates": candidates,
        "comparisons": [pair],
        "held_out": [],
        "groups": [audited],
        "audit": {
            "judged": [
                {
                    "column": "sex",
                    "n_judged": 1,
                    "n_groups": 1,
                    "n_gaps": 3,
                    "level": 0.983,
                    "false_alarms": 0.05,
                }
            ],
            "judged_crossings": [],
            "largest_gaps": [],
            "crossings": [],
            "n_small": 0,
            "with_and_without": None,
        },
        "lists": {
            "models": [
                {
                    "name": "logistic",
                    "lift": figure(2.0),
                    "ties": {"precision_best": figure(0.4), "precision_worst": figure(0.4)},
                    "lead_time": None,
                    "changes": [],
                }
            ],
            "overlaps": [],
            "by_size": [],
            "curves": [],
        },
    }
    return {
        "network": "net",
        "model": "leaving",
        "outcome": {"fr": "partir", "en": "leaving"},
        "capacity_share": 0.1,
        "capacity_per": ["school", "grade"],
        "tie_rule": "margin",
        "notes": [],
        "leaks": [
            {
                "name": name,
                "figure": 0.5,
                "limit": 0.9,
                "verdict": "passed",
                "words": {"fr": "rien.", "en": "nothing."},
                "columns": [],
            }
            for name in DETECTORS
        ],
        "backtests": [lead],
    }
