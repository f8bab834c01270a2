"""Write what a training says of its model: the sheet as JSON, the card as Markdown and as pages."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from earlywarn.domain import LANGUAGES, OTHER_LANGUAGE, Language
from earlywarn.evaluation import (
    FEATURES,
    CardProse,
    GroupNames,
    Pictures,
    card_markdown,
    card_page,
    not_for_page,
)
from earlywarn.paper import Picture
from earlywarn.pictures import Picture as Drawn
from earlywarn.workspace import write_atomically

SHEET, CARD = "backtest.json", "CARD.md"
_MEDIA = {"svg": "image/svg+xml", "png": "image/png"}
_SECTIONS = {
    "candidates": "moments",
    "reliability": "calibration",
    "shap_summary": FEATURES,
    "shap_dependence": FEATURES,
}
"""Where a picture stands that is not named like its section."""


def card_files(
    sheet: str, prose: CardProse, names: GroupNames, *, pictures: Mapping[Language, Pictures] | None = None
) -> dict[str, str]:
    """Return the files by name: sheet, card, and in each language the card as a page and its limits."""
    content, drawn = json.loads(sheet), pictures or {}
    files = {SHEET: sheet, CARD: card_markdown(content, prose, names)}
    for language, other in OTHER_LANGUAGE.items():
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


def pictures_by_section(drawn: Sequence[Drawn]) -> dict[Language, Pictures]:
    """Return a training's pictures as the card's pages take them, by language and section."""
    found: dict[Language, dict[str, tuple[Picture, ...]]] = {language: {} for language in LANGUAGES}
    for one in drawn:
        section = _SECTIONS.get(one.name, one.name)
        picture = Picture(one.content, _MEDIA[one.kind], alt=one.says)
        found[one.language][section] = (*found[one.language].get(section, ()), picture)
    return dict(found)


def write_cards(files: Mapping[str, str], folder: Path, *, committed: bool = False) -> None:
    """Write the files; beside `model.toml` only those that are read in a repository."""
    for name, text in files.items():
        if not committed or name in (SHEET, CARD):
            write_atomically(folder / name, text.encode("utf-8"))
