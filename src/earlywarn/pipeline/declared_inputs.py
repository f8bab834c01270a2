"""What a published model is scored from: its own declarations, as they were when it was trained."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from earlywarn.errors import PublicationError
from earlywarn.features import CohortSpec, Encoding, Indicators, Matrix, encode, load_indicators
from earlywarn.tables import Contract, load_contract


@dataclass(frozen=True)
class DeclaredInputs:
    """The tables, indicators, cohort and families of one model."""

    contract: Contract
    indicators: Indicators
    cohort: CohortSpec
    families: tuple[str, ...]


def read_declared(folder: Path) -> DeclaredInputs:
    """Read the declarations inside a published folder.

    Raises:
        DeclarationError: This program's version no longer reads them.
    """
    declared = folder / "declarations"
    contract = load_contract(declared / "contract.toml")
    spec = tomllib.loads((declared / "model.toml").read_text(encoding="utf-8"))
    return DeclaredInputs(
        contract=contract,
        indicators=load_indicators(declared / "indicators.toml", contract),
        cohort=CohortSpec.model_validate(spec.get("cohort", {})),
        families=tuple(spec["features"]["families"]),
    )


def encoded_values(
    matrix: Matrix, encoding: Encoding, features: Sequence[str], *, where: str
) -> npt.NDArray[np.float64]:
    """Return a matrix's values in a model's frozen order of features.

    Raises:
        PublicationError: The tables no longer give a feature that the model was trained on.
    """
    codes = [name for name in encoding.levels if name in matrix.codes.column_names]
    names, values = encode(replace(matrix, codes=matrix.codes.select(codes)), encoding)
    if names == tuple(features):
        return values
    place = {name: position for position, name in enumerate(names)}
    missing = [name for name in features if name not in place]
    if missing:
        raise PublicationError(
            f"the tables give no feature '{missing[0]}'",
            where=where,
            todo="train and publish the model again",
        )
    return np.ascontiguousarray(values[:, [place[name] for name in features]])


def unit_keys(matrix: Matrix, contract: Contract) -> list[tuple[str, ...]]:
    """Return the key of each row's unit, as text."""
    columns = [[str(value) for value in matrix.rows[name].to_pylist()] for name in contract.network.unit]
    return list(zip(*columns, strict=True))
