"""Write what a training says of its model: the sheet as JSON, the card as Markdown and as pages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from earlywarn.domain import Language
from earlywarn.evaluation import CardProse, GroupNames, Pictures, card_markdown, card_page, not_for_page
from earlywarn.workspace import write_atomically

SHEET, CARD = "backtest.json", "CARD.md"
_OTHER: Mapping[Language, Language] = {"fr": "en", "en": "fr"}


def card_files(
    sheet: str, prose: CardProse, names: GroupNames, *, pictures: Mapping[Language, Pictures] | None = None
) -> dict[str, str]:
    """Return the files by name: sheet, card, and in each language the card as a page and its limits."""
    content, drawn = json.loads(sheet), pictures or {}
    files = {SHEET: sheet, CARD: card_markdown(content, prose, names)}
    for language, other in _OTHER.items():
        files[f"card.{language}.html"] = card_page(
            content,
            prose,
            names,
            language,
            pictures=drawn.get(language),
            other=f"card.{other}.html",
            never=f"not-for.{language}.html",
        )
        files[f"not-for.{language}.html"] = not_for_page(
            content, prose, language, other=f"not-for.{other}.html", home=f"card.{language}.html"
        )
    return files


def write_cards(files: Mapping[str, str], folder: Path, *, committed: bool = False) -> None:
    """Write the files; beside `model.toml` only those that are read in a repository."""
    for name, text in files.items():
        if not committed or name in (SHEET, CARD):
            write_atomically(folder / name, text.encode("utf-8"))
