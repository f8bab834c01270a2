"""Lay a sheet out as one HTML file that needs nothing else: no script, no outside address, its own style."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from earlywarn.domain import Language
from earlywarn.paper.sheets import Sheet

TEMPLATES = Path(__file__).parent / "templates"
STYLE = TEMPLATES / "sheet.css"
_OTHER = {"fr": "English", "en": "Français"}


def page(sheet: Sheet, language: Language, *, other: str = "", home: tuple[str, str] | None = None) -> str:
    """Return a sheet as an HTML file.

    Args:
        sheet: What the page says.
        language: The language it says it in.
        other: The file that says the same in the other language, beside this one.
        home: The file that leads to this one, and what it is called.
    """
    return (
        _environment()
        .get_template("page.html")
        .render(
            sheet=sheet,
            language=language,
            other=other,
            other_name=_OTHER[language],
            home=home,
            has_pictures=any(section.pictures for section in sheet.sections),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
