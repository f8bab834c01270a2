"""Show what a reason rests on: the student's value beside their own past and beside comparable students."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.pages.views import Bar, ReasonView
from api.wording import translate
from earlywarn.domain import Language
from earlywarn.scoring import number_in_words

LABELS = {
    "value": "L’élève",
    "own_past": "Juste avant, sur la même durée",
    "peers_median": "Médiane du groupe (école et niveau)",
}


def shown_reason(stored: Mapping[str, Any], language: Language) -> ReasonView:
    """Return a stored reason as it stands on a page."""
    return ReasonView(
        text=as_sentence(stored["text"][language]),
        strength=stored["strength_words"][language],
        comparison=as_sentence(stored["comparison"][language]),
        bars=evidence_bars(stored["evidence"], language),
    )


def as_sentence(text: str) -> str:
    """Return declared words with a capital first letter, the rest as it is.

    >>> as_sentence("quitter l’école"), as_sentence("")
    ('Quitter l’école', '')
    """
    return text[:1].upper() + text[1:]


def evidence_bars(evidence: Mapping[str, Any], language: Language) -> tuple[Bar, ...]:
    """Draw what is compared on one scale from zero; nothing where there is nothing to compare."""
    measured = [
        (name, float(evidence[name])) for name in LABELS if isinstance(evidence.get(name), int | float)
    ]
    widest = max((value for _, value in measured), default=0.0)
    if len(measured) < 2 or widest <= 0 or min(value for _, value in measured) < 0:
        return ()
    percent = any(f"__{name}__" in str(evidence.get("feature", "")) for name in ("share", "rank"))
    return tuple(
        Bar(
            label=translate(LABELS[name], language),
            value=number_in_words(value, language, percent=percent),
            width=100 * value / widest,
            is_own=name == "value",
        )
        for name, value in measured
    )
