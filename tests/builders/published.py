"""A small bundle as training leaves it: two LightGBM seeds and linear terms over eight declared features."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import lightgbm
import numpy as np

from earlywarn.features import Catalog, Encoding, FeatureEntry
from earlywarn.scoring import Abstention, Calibrator, PublishedModel, compile_trees, linear_terms

ABSENCE_TEXT = {
    "fr": "{value} {jour|jours} d’absence non motivée {window}",
    "en": "{value} {day|days} of unexcused absence {window}",
}
MARK_TEXT = {"fr": "moyenne de {value} {window}", "en": "average mark of {value} {window}"}
SHARE_TEXT = {"fr": "{value} de retards {window}", "en": "late {value} of the time {window}"}
PLAN_TEXT = {"fr": "plan d’intervention en place", "en": "support plan in place"}
DAY_TEXT = {"fr": "{value} jours depuis le début", "en": "{value} days since the start"}


def entry(name: str, sign: int, text: dict[str, str], **changes: object) -> FeatureEntry:
    """A catalog entry; its indicator, function, window and comparison are read from the name."""
    indicator, function, window, *comparison = name.split("__")
    values: dict[str, object] = {
        "name": name,
        "indicator": indicator,
        "family": "attendance",
        "function": function,
        "window": window,
        "comparison": comparison[0] if comparison and function != "one_of" else "",
        "sign": sign,
        "actionable": True,
        "text": text,
        **changes,
    }
    return FeatureEntry(**values)  # type: ignore[arg-type]


CATALOG = Catalog(
    (
        replace(entry("period_day__x__period", 0, DAY_TEXT, is_context=True), name="period_day"),
        entry("absences__sum__30d", 1, ABSENCE_TEXT),
        entry("absences__sum__30d__own_past", 0, ABSENCE_TEXT),
        entry("absences__sum__30d__peers", 1, ABSENCE_TEXT),
        entry("absences__days_since__all", -1, ABSENCE_TEXT),
        entry("marks__mean__period", -1, MARK_TEXT, family="marks"),
        entry("late__share__period", 1, SHARE_TEXT),
        entry("plan__one_of__all__yes", 0, PLAN_TEXT, family="plan", actionable=False, code="yes"),
    )
)
FEATURES = CATALOG.names


def example_rows(n_rows: int, seed: int = 5) -> np.ndarray:
    """Invented feature values, some missing, in the order of FEATURES."""
    chance = np.random.default_rng(seed)
    absences = chance.poisson(2.0, n_rows).astype(float)
    before, peers = chance.poisson(2.0, n_rows), 2.0
    marks = chance.normal(70, 10, n_rows).round(1)
    rows = np.column_stack(
        [
            chance.integers(30, 250, n_rows).astype(float),
            absences,
            absences - before,
            absences - peers,
            chance.integers(1, 90, n_rows).astype(float),
            marks,
            chance.beta(1, 9, n_rows).round(4),
            (chance.random(n_rows) < 0.15).astype(float),
        ]
    )
    rows[chance.random(n_rows) < 0.2, 5] = np.nan
    rows[absences == 0, 4] = np.nan
    rows[chance.random(n_rows) < 0.1, 2] = np.nan
    return rows


@dataclass(frozen=True)
class Bundle:
    """A bundle's folder, and what it was made of."""

    folder: Path
    boosters: tuple[lightgbm.Booster, ...]
    linear: tuple[dict[str, float | str], ...]
    intercept: float

    def margins(self, rows: np.ndarray) -> np.ndarray:
        """What LightGBM and plain arithmetic say, without any of our scoring."""
        total = np.full(len(rows), self.intercept)
        for term in self.linear:
            column = rows[:, FEATURES.index(str(term["feature"]))]
            z = (column - float(term["mean"])) / float(term["scale"])
            absent = float(term["missing_coefficient"])
            total += np.where(np.isnan(column), absent, float(term["coefficient"]) * z)
        raw = [np.asarray(b.predict(rows, raw_score=True, num_threads=1)) for b in self.boosters]
        return np.asarray(total + np.mean(raw, axis=0)) if raw else total


def write_bundle(
    folder: Path, *, n_seeds: int = 2, model: str = "dropout", scoring: str = "", n_rounds: int = 20
) -> Bundle:
    """Write a bundle of a model that has learned that absences raise and marks lower."""
    rows = example_rows(600)
    chance = np.random.default_rng(9)
    pull = 0.5 * rows[:, 1] - 0.08 * (np.nan_to_num(rows[:, 5], nan=70) - 70) + 8 * rows[:, 6] - 2
    label = (chance.random(len(rows)) < 1 / (1 + np.exp(-pull))).astype(float)
    boosters = tuple(_booster(rows, label, seed, n_rounds) for seed in range(n_seeds))
    linear: tuple[dict[str, float | str], ...] = (
        _term("absences__sum__30d", rows[:, 1], 0.4, 0.0),
        _term("marks__mean__period", rows[:, 5], -0.3, 0.2),
    )
    files: dict[str, object] = {
        "model.json": {
            "format": 1,
            "network": "quebec",
            "model": model,
            "kind": "lightgbm" if boosters else "logistic",
            "features": list(FEATURES),
            "intercept": -0.25,
            "linear": list(linear),
            "trees": [f"trees_{i}.txt" for i in range(n_seeds)],
            "outcome": {"fr": "quitter l’école sans diplôme", "en": "leaving school without a diploma"},
            "capacity": {"share": 0.1, "per": ["school", "grade"]},
            "moments": ["10-15", "11-20", "03-15"],
            "trained_on": ["2023-2024", "2024-2025"],
            "base_rate": float(label.mean()),
            "expected_precision": 0.26,
        },
        "calibrator.json": {"method": "sigmoid", "slope": 0.8, "intercept": -0.2},
        "risk_range.json": {
            "method": "venn_abers",
            "low": {"x": [-1.0, 0.0], "y": [0.0, 0.1, 0.4]},
            "high": {"x": [-1.0, 0.0], "y": [0.3, 0.6, 1.0]},
        },
        "encoding.json": {},
        "quantiles.json": _quantiles(rows),
        "backtest.json": {},
    }
    for name, content in files.items():
        _write(folder / name, json.dumps(content))
    _write(folder / "catalog.json", CATALOG.to_json())
    for number, booster in enumerate(boosters):
        _write(folder / f"trees_{number}.txt", booster.model_to_string())
    _write(folder / "CARD.md", "# Card\n")
    _write(folder / "declarations" / "contract.toml", '[network.periods]\nstarts = "07-01"\n')
    _write(folder / "declarations" / "model.toml", f'name = "{model}"\n{scoring}')
    _write(folder / "declarations" / "indicators.toml", "")
    return Bundle(folder, boosters, linear, -0.25)


def _booster(rows: np.ndarray, label: np.ndarray, seed: int, n_rounds: int) -> lightgbm.Booster:
    settings = {
        "objective": "binary",
        "num_leaves": 15,
        "max_depth": 6,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "monotone_constraints": [item.sign for item in CATALOG],
        "deterministic": True,
        "force_row_wise": True,
        "seed": seed,
        "num_threads": 1,
        "verbose": -1,
    }
    data = lightgbm.Dataset(rows, label, feature_name=list(FEATURES))
    return lightgbm.train(settings, data, num_boost_round=n_rounds)


def _term(feature: str, column: np.ndarray, coefficient: float, missing: float) -> dict[str, float | str]:
    return {
        "feature": feature,
        "mean": float(np.nanmean(column)),
        "scale": float(np.nanstd(column)),
        "coefficient": coefficient,
        "missing_coefficient": missing,
        "missing_share": float(np.isnan(column).mean()),
    }


def _quantiles(rows: np.ndarray) -> dict[str, object]:
    return {
        name: {
            "q": np.nanquantile(rows[:, i], np.linspace(0, 1, 11)).tolist(),
            "missing_share": float(np.isnan(rows[:, i]).mean()),
        }
        for i, name in enumerate(FEATURES)
    }


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def plain_model(**changes: object) -> PublishedModel:
    """A model without trees or lines over FEATURES: reasons and rosters are tested on given attributions."""
    deciles = {name: tuple(float(value) for value in range(11)) for name in FEATURES}
    values: dict[str, object] = {
        "network": "quebec",
        "model": "dropout",
        "version": "1",
        "kind": "lightgbm",
        "features": FEATURES,
        "intercept": -1.0,
        "linear": linear_terms([], FEATURES),
        "tables": compile_trees([], len(FEATURES)),
        "calibrator": Calibrator("sigmoid", slope=1.0, intercept=0.0),
        "catalog": CATALOG,
        "encoding": Encoding({}),
        "deciles": deciles,
        "outcome": {"fr": "quitter l’école sans diplôme", "en": "leaving school without a diploma"},
        "capacity_share": 0.1,
        "capacity_per": ("school", "grade"),
        "base_rate": 0.1,
        "expected_precision": 0.26,
        "has_school_years": True,
        "abstention": Abstention(),
        "details": {},
        **changes,
    }
    return PublishedModel(**values)  # type: ignore[arg-type]
