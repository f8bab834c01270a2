"""Build a model from a folder's bytes: JSON, and arrays without objects."""

from __future__ import annotations

import io
import json
import tomllib
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from earlywarn.errors import DamagedModelError
from earlywarn.features import Catalog, Encoding
from earlywarn.scoring import (
    Abstention,
    LeafTables,
    PublishedModel,
    calibrator_from,
    curve_terms,
    linear_terms,
)

MODEL, CALIBRATOR, CATALOG, ENCODING, QUANTILES = (
    "model.json",
    "calibrator.json",
    "catalog.json",
    "encoding.json",
    "quantiles.json",
)
CONTRACT, SPEC = "declarations/contract.toml", "declarations/model.toml"
NEEDED = frozenset(
    {MODEL, CALIBRATOR, CATALOG, ENCODING, QUANTILES, CONTRACT, SPEC, "CARD.md", "backtest.json"}
)
LEAF_TABLES = "leaf_tables.npz"
FORMATS = (1, 2)
"""Of model.json; since 2 a model may have curves, and trees a weight."""


def model_from(files: Mapping[str, bytes], tables: LeafTables, *, version: str, where: str) -> PublishedModel:
    """Build the model that the files describe.

    Raises:
        DamagedModelError: Something is missing or contradicts another part.
    """
    try:
        return _model_from(files, tables, version)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedModelError(
            "its files do not describe one model", where=where, todo="train and publish it again"
        ) from error


def _model_from(files: Mapping[str, bytes], tables: LeafTables, version: str) -> PublishedModel:
    content: dict[str, Any] = json.loads(files[MODEL])
    spec = tomllib.loads(files[SPEC].decode())
    contract = tomllib.loads(files[CONTRACT].decode())
    features = tuple(str(name) for name in content["features"])
    if content["format"] not in FORMATS or not features or len(set(features)) != len(features):
        raise ValueError("features")
    if tables.n_features != len(features):
        raise ValueError("leaf tables")
    precision = content.get("expected_precision")
    return PublishedModel(
        network=str(content["network"]),
        model=str(content["model"]),
        version=version,
        kind=str(content["kind"]),
        features=features,
        intercept=float(content["intercept"]),
        linear=linear_terms(content["linear"], features),
        tables=tables,
        calibrator=calibrator_from(json.loads(files[CALIBRATOR])),
        catalog=Catalog.from_json(files[CATALOG].decode()),
        encoding=Encoding.from_json(files[ENCODING].decode()),
        deciles=_deciles(json.loads(files[QUANTILES])),
        outcome={"fr": str(content["outcome"]["fr"]), "en": str(content["outcome"]["en"])},
        capacity_share=float(content["capacity"]["share"]),
        capacity_per=tuple(content["capacity"]["per"]),
        base_rate=float(content["base_rate"]),
        expected_precision=None if precision is None else float(precision),
        has_school_years="starts" in contract["network"].get("periods", {}),
        abstention=_abstention(spec.get("scoring", {})),
        details=content,
        curves=curve_terms(content.get("curves", []), features),
    )


def _deciles(content: Mapping[str, Any]) -> dict[str, tuple[float, ...]]:
    known = {}
    for name, entry in content.items():
        deciles = [value for value in entry["q"] or () if value is not None]
        known[name] = tuple(float(value) for value in deciles)
    return known


def tree_weight(files: Mapping[str, bytes]) -> float:
    """Return how much the mean of the trees counts in the margin."""
    return float(json.loads(files[MODEL]).get("tree_weight", 1.0))


def missing_shares(files: Mapping[str, bytes]) -> dict[str, float]:
    """Return how often each feature was missing in training."""
    return {name: float(entry["missing_share"]) for name, entry in json.loads(files[QUANTILES]).items()}


def _abstention(content: Mapping[str, Any]) -> Abstention:
    plain = Abstention()
    return Abstention(
        needs_any=tuple(content.get("needs_any", ())),
        words={"fr": content.get("fr", plain.words["fr"]), "en": content.get("en", plain.words["en"])},
    )


def tables_file(tables: LeafTables) -> bytes:
    """Return leaf tables as the bytes of an archive of plain arrays."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **tables.to_arrays())
    return buffer.getvalue()


def tables_from(content: bytes, *, where: str) -> LeafTables:
    """Read leaf tables back; anything but plain arrays is refused.

    Raises:
        DamagedModelError: The archive is broken, holds objects, or its arrays do not fit.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            return LeafTables.from_arrays({name: archive[name] for name in archive.files})
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as error:
        raise DamagedModelError(
            "the leaf tables cannot be read", where=where, todo="publish the model again"
        ) from error
