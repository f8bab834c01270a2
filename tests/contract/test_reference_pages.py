"""The pages of model.toml and indicators.toml say what the grammars say, and say it of every key."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.reference_pages import reference
from earlywarn.declarations import Declared
from earlywarn.features import Indicators
from earlywarn.modeling import ModelSpec

PAGES: tuple[tuple[str, type[Declared]], ...] = (
    ("model-toml.md", ModelSpec),
    ("indicators-toml.md", Indicators),
)


@pytest.mark.parametrize(("name", "root"), PAGES, ids=lambda one: str(one))
def test_a_page_is_what_its_grammar_says(name: str, root: type[Declared], project: Path) -> None:
    """A key that was added stands on the page with its meaning: run `python docs/reference_pages.py`."""
    written = (project / "docs" / name).read_text(encoding="utf-8")

    assert written == reference(root, name)
    assert [line for line in written.splitlines() if line.endswith("|  |")] == []
