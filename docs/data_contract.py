"""Write the tables' part of docs/data-contract.md from the contract: `python docs/data_contract.py`."""

from pathlib import Path

from earlywarn.tables import contract_page, load_contract

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "data-contract.md"
MARK = "<!-- what follows is written by docs/data_contract.py -->\n"

contract = load_contract(PROJECT / "models" / "quebec" / "contract.toml")
by_hand = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
PAGE.write_text(by_hand + MARK + "\n" + contract_page(contract), encoding="utf-8")
