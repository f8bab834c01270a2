"""The one file that MLflow keeps with a model: a bundle as a plain pyfunc, from code and text only.

`mlflow.pyfunc.load_model("models:/<network>.<model>@champion").predict(frame)` takes encoded features by name
and returns one row per row: margin, risk, and the five features that moved the margin most.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class RiskModel(PythonModel):
    """A bundle behind MLflow's plain interface."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle's text files."""
        from earlywarn.modeling import read_bundle

        self.bundle = read_bundle(Path(context.artifacts["bundle"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return margin, risk and reasons; a missing column is an error, never a guess."""
        del context, params
        values = model_input[list(self.bundle.model.features)].to_numpy(dtype=np.float64)
        margins = self.bundle.model.margins(values)
        return pd.DataFrame(
            {
                "margin": margins,
                "risk": self.bundle.calibrator.risks(margins),
                "reasons": self.bundle.strongest(values),
            }
        )


mlflow.models.set_model(RiskModel())
