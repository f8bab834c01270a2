"""The page on connecting a network shows what is declared, and what the committed sheets say."""

from __future__ import annotations

import json
import re
from pathlib import Path

from earlywarn.evaluation import sheet_table

FIGURES = re.compile(r"(05-31 |folds by school: |moment  model|note: |left out of )")


def _page(project: Path) -> str:
    return (project / "docs" / "connecting.md").read_text(encoding="utf-8")


def test_declared_lines_on_the_page_are_declared(project: Path) -> None:
    """Every line of TOML on the page stands in a file of the network, comments aside."""
    files = [
        *(project / "models" / "star").glob("*.toml"),
        *(project / "models" / "star").glob("*/model.toml"),
    ]
    declared = {
        line.partition("   #")[0].strip()
        for path in files
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    blocks = re.findall(r"```toml\n(.*?)```", _page(project), flags=re.DOTALL)

    shown = [line.strip() for block in blocks for line in block.splitlines() if line.strip()]

    assert len(shown) > 60
    assert [line for line in shown if line not in declared] == []


def test_figures_on_the_page_are_the_committed_ones(project: Path) -> None:
    """Every line of figures stands in the report of a committed sheet."""
    sheets = (project / "models" / "star").glob("*/backtest.json")
    printed = {
        line.rstrip()
        for path in sheets
        for line in sheet_table(json.loads(path.read_text(encoding="utf-8"))).splitlines()
    }

    shown = [line for line in _page(project).splitlines() if FIGURES.match(line)]

    assert len(shown) == 22
    assert [line for line in shown if line.rstrip() not in printed] == []
