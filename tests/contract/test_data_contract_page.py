"""The data contract's page is what the contract says."""

from __future__ import annotations

from pathlib import Path

from earlywarn.tables import contract_page, load_contract


def test_page_equals_the_contract(project: Path) -> None:
    """A table changed in contract.toml is changed on the page: run `python docs/data_contract.py`."""
    contract = load_contract(project / "models" / "quebec" / "contract.toml")
    page = (project / "docs" / "data-contract.md").read_text(encoding="utf-8")

    assert page.endswith(contract_page(contract))
