"""Show a probability as people count: words, and as many dots as the words say."""

from __future__ import annotations

import re
from dataclasses import dataclass

from earlywarn.domain import Language
from earlywarn.scoring import share_in_words

COUNTED = re.compile(r"(?:environ|about) (\d+) (?:sur|in) (\d+)")


@dataclass(frozen=True)
class Chance:
    """So many of so many students with such records; `whole` is 0 where the words do not count."""

    text: str
    part: int
    whole: int


def chance_in_words(risk: float, language: Language) -> Chance:
    """Return a risk in words, with the counts for its dots.

    >>> chance_in_words(0.243, "fr")
    Chance(text='environ 1 sur 4', part=1, whole=4)
    """
    text = share_in_words(risk, language)
    counted = COUNTED.fullmatch(text)
    return Chance(text, int(counted[1]), int(counted[2])) if counted else Chance(text, 0, 0)
