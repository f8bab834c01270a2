"""Write a bundle as an MLflow model whose code is a file of this package; nothing is pickled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

PYFUNC = Path(__file__).with_name("risk_pyfunc.py")
N_EXAMPLES = 5
MOST_REASONS = 5


def save_pyfunc(bundle: Path, target: Path) -> None:
    """Save a bundle with its signature, and an example of invented rows.

    Args:
        bundle: The folder that training left.
        target: The folder to write; it must not exist.
    """
    from mlflow import pyfunc

    features = json.loads((bundle / "model.json").read_text(encoding="utf-8"))["features"]
    pyfunc.save_model(
        path=str(target),
        python_model=str(PYFUNC),
        artifacts={"bundle": str(bundle)},
        signature=_signature(features),
        input_example=example_rows(bundle, features),
        pip_requirements=["earlywarn[train]"],
    )


def _signature(features: list[str]) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
    from mlflow.types.schema import Array

    asked: list[ColSpec | TensorSpec] = [ColSpec("double", name) for name in features]
    returned: list[ColSpec | TensorSpec] = [
        ColSpec("double", "margin"),
        ColSpec("double", "risk"),
        ColSpec(Array("string"), "reasons"),
        ColSpec(Array("string"), "codes"),
    ]
    params = ParamSchema([ParamSpec("top_k", "long", MOST_REASONS), ParamSpec("language", "string", "en")])
    return ModelSignature(Schema(asked), Schema(returned), params)


def example_rows(bundle: Path, features: list[str]) -> pd.DataFrame:
    """Return rows that no student has: each feature at one and the same quantile of the training rows."""
    import numpy as np
    import pandas as pd

    told = json.loads((bundle / "quantiles.json").read_text(encoding="utf-8"))
    columns = {}
    for name in features:
        quantiles = told[name]["q"]
        # The median first, so that whoever reads one line reads the most usual one.
        places = [len(quantiles) // 2, 1, 3, len(quantiles) - 4, len(quantiles) - 2]
        columns[name] = [quantiles[place] for place in places] if quantiles else [np.nan] * N_EXAMPLES
    return pd.DataFrame(columns, dtype=np.float64)
