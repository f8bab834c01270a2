"""Declare a real network once more with less tuning: what a test of the whole way does not look at."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

PLAIN = ("rules", "one_column", "logistic")
SIMPLE = (*PLAIN, "lightgbm")


def lean_network(network: Path, folder: Path) -> Path:
    """Copy a network's declarations below an empty folder, and let each model tune by one trial."""
    lean = folder / network.name
    shutil.copytree(network, lean, ignore=shutil.ignore_patterns("CARD.md", "backtest.json"))
    for model in lean.glob("*/model.toml"):
        with model.open("a", encoding="utf-8") as file:
            file.write("\n[tuning]\ntrials = 1\n")
    return lean


def lean_model(model_dir: Path, folder: Path, *, names: Sequence[str] | None = None) -> Path:
    """Return the folder of one model of a lean network.

    Args:
        model_dir: The committed model.
        folder: An empty folder.
        names: The candidates that compete; the declared ones by default.
    """
    lean = lean_network(model_dir.parent, folder) / model_dir.name
    if names is not None:
        path = lean / "model.toml"
        text, listed = path.read_text(encoding="utf-8"), f"names = {json.dumps(names)}"
        declared, n_found = re.subn(r"(?m)^names = \[.*\]$", listed, text)
        path.write_text(declared if n_found else f"{text}\n[candidates]\n{listed}\n", encoding="utf-8")
    return lean
