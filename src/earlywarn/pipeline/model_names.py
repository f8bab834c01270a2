"""Name a declared model as MLflow knows it."""

from __future__ import annotations

from pathlib import Path

from earlywarn.modeling import load_spec
from earlywarn.tables import load_contract


def registered_name(model_dir: Path) -> str:
    """Return the network and the outcome of the model declared in `model_dir`."""
    network = load_contract(model_dir.parent / "contract.toml").network.name
    return f"{network}.{load_spec(model_dir / 'model.toml').name}"
