"""The figures of docs/lists.md are those of the committed sheet."""

from __future__ import annotations

from pathlib import Path

import pytest

from docs.lists_page import PAGE, SHOWN, lists_block, sheet_of, with_block


def test_the_page_shows_the_lists_of_the_committed_sheet(project: Path) -> None:
    """Writing the block anew changes nothing."""
    sheet = sheet_of(project / "models", SHOWN)
    if "lists" not in sheet["backtests"][0]:
        pytest.skip(f"the committed sheet of {SHOWN} is older than lists: train it again with --write-sheets")
    page = PAGE.read_text(encoding="utf-8")

    assert with_block(page, "lists", lists_block(sheet)) == page
