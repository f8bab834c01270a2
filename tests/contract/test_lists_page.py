"""The figures of docs/lists.md are those of the committed sheet."""

from __future__ import annotations

from pathlib import Path

from docs.lists_page import PAGE, SHOWN, lists_block, sheet_of, with_block


def test_the_page_shows_the_lists_of_the_committed_sheet(project: Path) -> None:
    """Writing the block anew changes nothing."""
    sheet = sheet_of(project / "models", SHOWN)
    page = PAGE.read_text(encoding="utf-8")

    assert with_block(page, "lists", lists_block(sheet)) == page
