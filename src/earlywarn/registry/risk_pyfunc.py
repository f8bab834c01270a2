"""The one file that MLflow keeps with a model: a bundle as a plain pyfunc, from code and text only.

`mlflow.pyfunc.load_model("models:/<network>.<model>@champion").predict(frame)` takes encoded features by name
and returns, for each row, the margin, the risk, and the reasons that the service would show: in words, and as
codes. `params={"top_k": 3, "language": "fr"}` asks for fewer of them, or for French.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
from mlflow.pyfunc.model import PythonModel, PythonModelContext


class RiskModel(PythonModel):
    """A bundle behind MLflow's plain interface, compiled as the service compiles it."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle's text files and compile its trees."""
        from earlywarn.publication import unsigned_model

        self.model = unsigned_model(Path(context.artifacts["bundle"]))

    def predict(
        self, context: PythonModelContext, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Return margins, risks and reasons; a missing column is an error, never a guess."""
        from earlywarn.registry.answers import answer

        del context
        asked = params or {}
        values = model_input[list(self.model.features)].to_numpy(dtype=np.float64)
        told = answer(
            self.model, values, top_k=int(asked.get("top_k", 5)), language=str(asked.get("language", "en"))
        )
        return pd.DataFrame(told)


mlflow.models.set_model(RiskModel())
