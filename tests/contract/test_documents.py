"""What the documents show is what the program prints, and what they point to is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from earlywarn.evaluation import sheet_table

PROJECT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted((*PROJECT.glob("*.md"), *(PROJECT / "docs").rglob("*.md")))
MODELS = sorted(path.parent for path in (PROJECT / "models").glob("*/*/model.toml"))


def test_the_readme_shows_the_figures_of_the_committed_sheet() -> None:
    """Every line of figures in the README stands in the sheet that a training wrote."""
    sheet = json.loads((PROJECT / "models/oulad/fail_or_withdraw/backtest.json").read_text(encoding="utf-8"))
    printed = {line.rstrip() for line in sheet_table(sheet).splitlines()}
    readme = (PROJECT / "README.md").read_text(encoding="utf-8").splitlines()
    shown = [line for line in readme if re.match(r"(0|30|60|90) +\w+|strict: |chosen: |moment +model", line)]

    assert len(shown) >= 10
    assert [line for line in shown if line.rstrip() not in printed] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(PROJECT)))
def test_links_lead_somewhere(document: Path) -> None:
    """A link inside the project names a file that is there."""
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    inside = [link for link in links if "://" not in link]

    assert [link for link in inside if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("model", MODELS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_every_model_has_its_sheet_and_card(model: Path) -> None:
    """A declared model stands beside what its last training found."""
    sheet = json.loads((model / "backtest.json").read_text(encoding="utf-8"))
    card = (model / "CARD.md").read_text(encoding="utf-8")

    assert (sheet["network"], sheet["model"]) == (model.parent.name, model.name)
    assert sheet["backtests"]
    assert "##" in card
