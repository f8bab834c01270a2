"""Declare a real model once more with less tuning: what a test of the whole way does not look at."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

SIMPLE = ("rules", "one_column", "logistic", "lightgbm")


def lean_model(model_dir: Path, folder: Path, *, names: tuple[str, ...] | None = None) -> Path:
    """Copy a network's declarations, and let a model tune by one trial; return the model's folder.

    Args:
        model_dir: The committed model.
        folder: An empty folder.
        names: The candidates that compete; the declared ones by default.
    """
    network = folder / model_dir.parent.name
    shutil.copytree(model_dir.parent, network, ignore=shutil.ignore_patterns("CARD.md", "backtest.json"))
    path = network / model_dir.name / "model.toml"
    text = path.read_text(encoding="utf-8")
    if names is not None:
        listed = ", ".join(f'"{name}"' for name in names)
        text = re.sub(r"(?m)^names = \[.*\]$", f"names = [{listed}]", text)
    path.write_text(f"{text}\n[tuning]\ntrials = 1\n", encoding="utf-8")
    return path.parent
