"""The network's own names of its grades, as its contract declares them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from earlywarn.domain import Language

Labels = Mapping[Language, Mapping[str, str]]


def grade_labels(network: Path) -> Labels:
    """Return what the contract calls each grade, by language; empty where it names none."""
    contract: dict[str, Any] = tomllib.loads((network / "contract.toml").read_text(encoding="utf-8"))
    said = contract["network"]
    if "grade" not in said:
        return {"fr": {}, "en": {}}
    column = contract["tables"][said["membership"]]["columns"].get(said["grade"], {})
    labels = column.get("labels", {})
    return {"fr": labels.get("fr", {}), "en": labels.get("en", {})}
