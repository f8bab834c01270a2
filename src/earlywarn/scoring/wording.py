"""Numbers, windows and chances as a teacher reads them, in French and in English.

No locale library: Babel keeps its data as pickles, and the serving process unpickles nothing.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

from earlywarn.domain import Language

Strength = Literal["strong", "moderate", "slight"]
STRENGTH_WORDS: Mapping[Language, Mapping[Strength, str]] = {
    "fr": {"strong": "pèse beaucoup", "moderate": "pèse", "slight": "pèse un peu"},
    "en": {"strong": "weighs much", "moderate": "weighs", "slight": "weighs a little"},
}
_PLURAL_FROM_IN_FRENCH = 2
_ONE_DECIMAL_FROM = 10
_SHARES = {
    (1, 10): 1 / 10,
    (1, 8): 1 / 8,
    (1, 6): 1 / 6,
    (1, 5): 1 / 5,
    (1, 4): 1 / 4,
    (1, 3): 1 / 3,
    (2, 5): 2 / 5,
    (1, 2): 1 / 2,
    (3, 5): 3 / 5,
    (2, 3): 2 / 3,
    (3, 4): 3 / 4,
    (4, 5): 4 / 5,
    (9, 10): 9 / 10,
}
_PAIRS = sorted(_SHARES, key=_SHARES.__getitem__)
_VALUES = [_SHARES[pair] for pair in _PAIRS]
_LEAST, _MOST = 0.08, 0.95
_RANGES: Mapping[Language, Mapping[str, str]] = {
    "fr": {
        "between": "entre {} sur {} et {} sur {}",
        "at_most": "au plus {} sur {}",
        "at_least": "au moins {} sur {}",
        "unknown": "très incertain",
    },
    "en": {
        "between": "between {} in {} and {} in {}",
        "at_most": "at most {} in {}",
        "at_least": "at least {} in {}",
        "unknown": "very uncertain",
    },
}
_WINDOWS = {
    "fr": {
        "period": "depuis le début de l’année",
        "previous_period": "l’année précédente",
        "all": "à ce jour",
    },
    "en": {
        "period": "since the start of the year",
        "previous_period": "in the year before",
        "all": "to date",
    },
}
_WINDOWS_OF_OTHER_PERIODS = {
    "fr": {"period": "depuis le début", "previous_period": "à la période précédente", "all": "à ce jour"},
    "en": {"period": "since the start", "previous_period": "in the period before", "all": "to date"},
}


@lru_cache(maxsize=100_000)
def number_in_words(value: float, language: Language, *, percent: bool = False) -> str:
    r"""Write a number with no more decimals than its size bears, as the language does.

    >>> number_in_words(1234.5, "fr"), number_in_words(59.04, "fr"), number_in_words(0.125, "en")
    ('1\xa0234,5', '59', '0.12')
    """
    shown = round(value, 6) * 100 if percent else round(value, 6)
    text = f"{shown:,.{1 if percent or abs(shown) >= _ONE_DECIMAL_FROM else 2}f}".rstrip("0").rstrip(".")
    if text == "-0":
        text = "0"
    if language == "en":
        return f"{text}%" if percent else text
    text = text.replace(",", "\u00a0").replace(".", ",")
    return f"{text}\u00a0%" if percent else text


def window_in_words(window: str, language: Language, *, school_years: bool = True) -> str:
    """Say over which days a value was taken.

    >>> window_in_words("30d", "fr"), window_in_words("period", "en")
    ('dans les 30 derniers jours', 'since the start of the year')
    """
    days = re.fullmatch(r"(\d+)d", window)
    if days and language == "fr":
        return f"dans les {days[1]} derniers jours"
    if days:
        return f"in the last {days[1]} days"
    words = _WINDOWS if school_years else _WINDOWS_OF_OTHER_PERIODS
    return words[language].get(window, window)


def share_in_words(share: float, language: Language) -> str:
    """Say a share as a small fraction, the way people count.

    >>> share_in_words(0.26, "fr"), share_in_words(0.26, "en"), share_in_words(0.02, "fr")
    ('environ 1 sur 4', 'about 1 in 4', 'moins de 1 sur 10')
    """
    at = bisect_left(_VALUES, share)
    near = _PAIRS[max(0, at - 1) : at + 1]
    few, out_of = min(near, key=lambda pair: (abs(_SHARES[pair] - share), pair[1]))
    if share < _LEAST:
        return "moins de 1 sur 10" if language == "fr" else "fewer than 1 in 10"
    if share > _MOST:
        return "plus de 9 sur 10" if language == "fr" else "more than 9 in 10"
    return f"environ {few} sur {out_of}" if language == "fr" else f"about {few} in {out_of}"


def range_in_words(low: float, high: float, language: Language) -> str:
    """Say a range of shares as small fractions that hold it, the way people count.

    Bounds that are not known (NaN) are as uncertain as any.

    >>> range_in_words(0.21, 0.31, "fr"), range_in_words(0.02, 0.15, "en"), range_in_words(0.7, 0.97, "fr")
    ('entre 1 sur 5 et 1 sur 3', 'at most 1 in 6', 'au moins 2 sur 3')
    >>> range_in_words(float("nan"), 0.3, "en")
    'very uncertain'
    """
    under, over = bisect_right(_VALUES, low), bisect_left(_VALUES, high)
    below = _PAIRS[under - 1] if under else None
    above = _PAIRS[over] if over < len(_PAIRS) else None
    words = _RANGES[language]
    if (below is None and above is None) or not low <= high:
        return words["unknown"]
    if below is None or above is None:
        few, out_of = above or below or (0, 0)
        return words["at_most" if below is None else "at_least"].format(few, out_of)
    if below == above:
        return share_in_words(low, language)
    return words["between"].format(*below, *above)


def sentence(template: str, words: Mapping[str, str], value: float, language: Language) -> str:
    """Fill an indicator's text; `{day|days}` takes the form that the value asks for.

    >>> sentence("{value} {jour|jours} d’absence", {"value": "1,5"}, 1.5, "fr")
    '1,5 jour d’absence'
    """
    one = abs(value) < _PLURAL_FROM_IN_FRENCH if language == "fr" else value == 1
    chosen = re.sub(r"\{([^{}|]*)\|([^{}|]*)\}", lambda found: found[1 if one else 2], template)
    for name, word in words.items():
        chosen = chosen.replace("{" + name + "}", word)
    return chosen


def indicator_in_words(template: str, window: str = "") -> str:
    """Name an indicator without a value: its text with what a value would fill left open.

    Args:
        template: The indicator's text.
        window: The days it counts, in words, where it always counts the same.

    >>> indicator_in_words("{value} {jour|jours} d’absence non motivée {window}")
    '… jours d’absence non motivée'
    """
    plural = re.sub(r"\{([^{}|]*)\|([^{}|]*)\}", r"\2", template)
    left = re.sub(r"\{[^{}]*\}", "", plural.replace("{value}", "…").replace("{window}", window))
    return " ".join(left.split(" ")).strip(" ,:")


def comparison_in_words(own_past: str, peers: str, language: Language) -> str:
    """Say beside what a value stands; empty where there is nothing to compare with.

    >>> comparison_in_words("2", "", "en")
    'just before, over as long: 2'
    """
    before = "juste avant, sur la même durée\u00a0: " if language == "fr" else "just before, over as long: "
    group = "médiane du groupe\u00a0: " if language == "fr" else "median of the group: "
    parts = [label + number for label, number in ((before, own_past), (group, peers)) if number]
    return "\u00a0; ".join(parts) if language == "fr" else "; ".join(parts)
