"""The card's leaks: what every training looks for, and what this one found."""

from __future__ import annotations

from typing import Literal

from earlywarn.domain import Language
from earlywarn.evaluation.leaks import TITLE, finding_line
from earlywarn.evaluation.text import Sheet
from earlywarn.paper import Point, Section

_MARKS: dict[str, Literal["warn", "unknown"]] = {
    "warned": "warn",
    "stopped": "warn",
    "cannot tell": "unknown",
}


def leaks_section(sheet: Sheet, language: Language) -> Section | None:
    """Say what each detector found; sheets from before the detectors do not."""
    findings = sheet.get("leaks", ())
    if not findings:
        return None
    points = tuple(
        Point(finding_line(one, language), "", mark=_MARKS.get(one["verdict"], "")) for one in findings
    )
    return Section("leaks", TITLE[language], points=points)
