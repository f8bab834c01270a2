"""Write what a training leaves as a folder of text files, and read it back; nothing is pickled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from earlywarn.errors import TrainingError
from earlywarn.evaluation import Floats
from earlywarn.modeling.calibrators import Calibrator, calibrator_from
from earlywarn.modeling.fitted import CurveTerm, FittedModel, LinearTerm, curve_of, line_of
from earlywarn.modeling.risk_ranges import RiskRange
from earlywarn.modeling.threads import load_lightgbm
from earlywarn.workspace import write_atomically

FORMAT = 2
"""Since 2, a model may have curves, and trees a weight."""

READ = (1, FORMAT)
DECILES = (0.01, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99)
"""The ends are kept a hundredth away from the extremes, which would be single students."""

N_STRONGEST = 5


@dataclass(frozen=True, eq=False)
class Bundle:
    """A fitted model with its calibrator and what it says of itself."""

    model: FittedModel
    calibrator: Calibrator
    details: Mapping[str, Any]

    def strongest(self, values: Floats) -> list[list[str]]:
        """Name the features that moved each row's margin most, strongest first."""
        shares = self.attributions(values)
        order = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, :N_STRONGEST]
        return [
            [self.model.features[place] for place in places if shares[row, place] != 0]
            for row, places in enumerate(order)
        ]

    def attributions(self, values: Floats) -> Floats:
        """Return each feature's exact share of each margin: LightGBM's own TreeSHAP, lines and curves."""
        lightgbm = load_lightgbm()

        shares = np.zeros((len(values), len(self.model.features)))
        for text in self.model.trees:
            booster = lightgbm.Booster(model_str=text)
            told = np.asarray(booster.predict(values, pred_contrib=True), dtype=np.float64)
            shares += told[:, :-1] * (self.model.tree_weight / len(self.model.trees))
        for term in self.model.linear:
            place = self.model.features.index(term.feature)
            centered = line_of(term, values[:, place]) - term.missing_coefficient * term.missing_share
            shares[:, place] += centered
        for curve in self.model.curves:
            place = self.model.features.index(curve.feature)
            average = curve.missing_coefficient * curve.missing_share
            shares[:, place] += curve_of(curve, values[:, place]) - average
        return shares


@dataclass(frozen=True, eq=False)
class BundleParts:
    """Everything a bundle is written from."""

    model: FittedModel
    calibrator: Calibrator
    details: Mapping[str, Any]
    catalog: str
    encoding: str
    quantiles: Mapping[str, Any]
    backtest: str
    card: str
    declarations: Mapping[str, str]
    risk_range: RiskRange | None = None
    """How far risks may be off; None where no past rows could say."""


def write_bundle(folder: Path, parts: BundleParts) -> Path:
    """Write a bundle's files into `folder`."""
    trees = {f"trees_{place}.txt": text for place, text in enumerate(parts.model.trees)}
    model = {
        "format": FORMAT,
        "kind": parts.model.kind,
        "features": list(parts.model.features),
        "intercept": parts.model.intercept,
        "linear": [asdict(term) for term in parts.model.linear],
        "curves": [asdict(curve) for curve in parts.model.curves],
        "tree_weight": parts.model.tree_weight,
        "trees": list(trees),
        **parts.details,
    }
    files = {
        "model.json": _json(model),
        "calibrator.json": _json(parts.calibrator.to_dict()),
        "catalog.json": parts.catalog,
        "encoding.json": parts.encoding,
        "quantiles.json": _json(parts.quantiles),
        "backtest.json": parts.backtest,
        "CARD.md": parts.card,
        **({} if parts.risk_range is None else {"risk_range.json": _json(parts.risk_range.to_dict())}),
        **trees,
        **{f"declarations/{name}": text for name, text in parts.declarations.items()},
    }
    for name, text in files.items():
        write_atomically(folder / name, text.encode("utf-8"))
    return folder


def read_bundle(folder: Path) -> Bundle:
    """Read a bundle for research use; the service reads published folders instead, and verifies them.

    Raises:
        TrainingError: The folder is no bundle of this format.
    """
    try:
        details = json.loads((folder / "model.json").read_text(encoding="utf-8"))
        if details["format"] not in READ:
            raise ValueError("format")  # noqa: TRY301 - one refusal for whatever is wrong
        model = FittedModel(
            kind=details["kind"],
            features=tuple(details["features"]),
            intercept=float(details["intercept"]),
            linear=tuple(LinearTerm(**term) for term in details["linear"]),
            trees=tuple((folder / name).read_text(encoding="utf-8") for name in details["trees"]),
            curves=tuple(_curve(curve) for curve in details.get("curves", ())),
            tree_weight=float(details.get("tree_weight", 1.0)),
        )
        calibrator = json.loads((folder / "calibrator.json").read_text(encoding="utf-8"))
        return Bundle(model, calibrator_from(calibrator), details)
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise TrainingError(
            "the folder holds no bundle that this version reads", where=str(folder), todo="train again"
        ) from error


def _curve(content: Mapping[str, Any]) -> CurveTerm:
    points = {name: tuple(content[name]) for name in ("knots", "heights")}
    return CurveTerm(**{**content, **points})


def quantiles_by_column(features: tuple[str, ...], columns: Iterable[Floats]) -> dict[str, Any]:
    """Describe each feature over training rows, a column at a time: deciles, and how often it is missing."""
    found = {}
    for name, column in zip(features, columns, strict=True):
        known = column[~np.isnan(column)]
        deciles = np.quantile(known, DECILES).tolist() if known.size else []
        found[name] = {"q": deciles, "missing_share": float(1 - known.size / max(column.size, 1))}
    return found


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
