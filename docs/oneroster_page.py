"""Write the generated part of docs/oneroster.md from the mapping: `python docs/oneroster_page.py`."""

from pathlib import Path

from earlywarn.tables import load_contract, load_extracts, oneroster_page

PROJECT = Path(__file__).resolve().parent.parent
PAGE = PROJECT / "docs" / "oneroster.md"
MARK = "<!-- what follows is written by docs/oneroster_page.py -->\n"

contract = load_contract(PROJECT / "models" / "quebec" / "contract.toml")
extracts = load_extracts(PROJECT / "models" / "quebec" / "extracts.toml", contract)
by_hand = PAGE.read_text(encoding="utf-8").partition(MARK)[0]
PAGE.write_text(by_hand + MARK + "\n" + oneroster_page(contract, extracts.oneroster), encoding="utf-8")
