"""The written rules of drift are written: the page shows each with its level and thresholds."""

from __future__ import annotations

import re
from pathlib import Path

from earlywarn.tables.drift import DriftRules

NO_RULES = {"min_rows", "past", "columns"}


def _page(project: Path) -> str:
    return (project / "docs" / "data-contract.md").read_text(encoding="utf-8")


def test_the_page_shows_every_rule_with_its_defaults(project: Path) -> None:
    """A threshold changed in the code is changed on the page."""
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \| ([^|]*) ?\|$", _page(project), flags=re.MULTILINE)
    shown = {name: (level, sorted(thresholds.strip().split(", "))) for name, level, thresholds in rows}
    defaults = DriftRules()
    expected: dict[str, tuple[str, list[str]]] = {}
    for name in DriftRules.model_fields.keys() - NO_RULES:
        values = getattr(defaults, name).model_dump()
        level = values.pop("level") or "stop for `complete`, else warn"
        thresholds = [f"`{key} = {value:g}`" for key, value in sorted(values.items())]
        expected[name] = (level, thresholds or [""])

    assert {name: found for name, found in shown.items() if name in expected} == expected


def test_the_page_shows_the_sizes_that_rules_share(project: Path) -> None:
    """The least number of cells and the number of usual intakes are those of the code."""
    defaults = DriftRules()

    assert f"fewer than `min_rows` cells ({defaults.min_rows})" in _page(project)
    assert defaults.past == 5
    assert "the last five intakes (`past`)" in _page(project)
