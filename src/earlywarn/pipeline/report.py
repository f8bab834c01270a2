"""Show a model's quality sheet, baselines beside it, from the last training or the committed file."""

from __future__ import annotations

import json
from pathlib import Path

from earlywarn.errors import TrainingError
from earlywarn.evaluation import is_rules, rules_table, sheet_table
from earlywarn.modeling import load_spec
from earlywarn.workspace import Workspace


def report(model_dir: Path, workspace: Workspace) -> str:
    """Return the sheet as a text table; it says so where this workspace has none of its own.

    Raises:
        TrainingError: The model has never been trained here.
    """
    name = load_spec(model_dir / "model.toml").name
    for folder, origin in (
        (workspace.model_reports(name), ""),
        (model_dir, "From the committed sheet: this workspace has trained no such model.\n\n"),
    ):
        path = folder / "backtest.json"
        if path.is_file():
            sheet = json.loads(path.read_text(encoding="utf-8"))
            return origin + (rules_table(sheet) if is_rules(sheet) else sheet_table(sheet))
    raise TrainingError("there is no quality sheet", where=str(model_dir), todo="run `earlywarn train` first")
