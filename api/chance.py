"""Show a probability as people count: words, and as many dots as the words say."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from earlywarn.domain import Language
from earlywarn.scoring import Score, range_in_words, share_in_words
from earlywarn.store import StudentRisk

COUNTED = re.compile(r"(?:environ|about) (\d+) (?:sur|in) (\d+)")


@dataclass(frozen=True)
class Chance:
    """So many of so many students with such records; `whole` is 0 where the words do not count."""

    text: str
    part: int
    whole: int
    within: str | None = None
    """Between what shares the risk may lie, in words; None where that is not known."""


def chance_in_words(risk: float, language: Language) -> Chance:
    """Return a risk in words, with the counts for its dots.

    >>> chance_in_words(0.243, "fr")
    Chance(text='environ 1 sur 4', part=1, whole=4)
    """
    text = share_in_words(risk, language)
    counted = COUNTED.fullmatch(text)
    return Chance(text, int(counted[1]), int(counted[2])) if counted else Chance(text, 0, 0)


def range_text(scored: StudentRisk | Score, language: Language) -> str | None:
    """Say within what a risk may lie; None where there is no risk or its model has no range."""
    if scored.risk_low is None or scored.risk_high is None:
        return None
    return range_in_words(scored.risk_low, scored.risk_high, language)


def chance_of(scored: StudentRisk, language: Language) -> Chance | None:
    """Return a stored risk in words with its range; None where the student was not scored."""
    if scored.risk is None:
        return None
    return replace(chance_in_words(scored.risk, language), within=range_text(scored, language))
