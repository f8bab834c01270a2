"""The OneRoster page is what the mapping says."""

from __future__ import annotations

from pathlib import Path

from earlywarn.tables import load_contract, load_extracts, oneroster_page


def test_page_equals_the_mapping(project: Path) -> None:
    """A column mapped otherwise is otherwise on the page: run `python docs/oneroster_page.py`."""
    folder = project / "models" / "quebec"
    contract = load_contract(folder / "contract.toml")
    declared = load_extracts(folder / "extracts.toml", contract).oneroster
    page = (project / "docs" / "oneroster.md").read_text(encoding="utf-8")

    assert page.endswith(oneroster_page(contract, declared))
