"""Numbers, days and counts as French and English write them; parts that belong together stay on one line.

No locale library: Babel keeps its data as pickles, and the serving process unpickles nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from earlywarn.domain import Language

NO_BREAK = "\u00a0"
_MONTHS: Mapping[Language, tuple[str, ...]] = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip
_WEEKDAYS: Mapping[Language, tuple[str, ...]] = {
    "fr": ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"),
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
}
_PLURAL_FROM_IN_FRENCH = 2
_ELIDED = "aàâeéèêiîoôuùûyhœ"


def write_number(value: float, language: Language, *, decimals: int = 0) -> str:
    r"""Write a number with its thousands apart, and no decimals that say nothing.

    >>> write_number(120431, "fr"), write_number(0.5, "fr", decimals=2), write_number(120431, "en")
    ('120\xa0431', '0,5', '120,431')
    """
    text = f"{value:,.{decimals}f}"
    if decimals:
        text = text.rstrip("0").rstrip(".")
    if text.lstrip("-") == "0":
        text = "0"
    return text.replace(",", NO_BREAK).replace(".", ",") if language == "fr" else text


def write_share(share: float, language: Language, *, decimals: int = 0) -> str:
    r"""Write a share of one as a percentage.

    >>> write_share(0.167, "fr"), write_share(0.005, "en", decimals=1)
    ('17\xa0%', '0.5%')
    """
    text = write_number(100 * share, language, decimals=decimals)
    return f"{text}{NO_BREAK}%" if language == "fr" else f"{text}%"


def write_day(day: date, language: Language) -> str:
    """Write a day in full.

    >>> write_day(date(2026, 3, 1), "fr").replace(NO_BREAK, " ")
    '1er mars 2026'
    >>> write_day(date(2026, 11, 20), "en").replace(NO_BREAK, " ")
    'November 20, 2026'
    """
    month = _MONTHS[language][day.month - 1]
    if language == "en":
        return f"{month}{NO_BREAK}{day.day}, {day.year}"
    return NO_BREAK.join(("1er" if day.day == 1 else str(day.day), month, str(day.year)))


def write_month(month: date, language: Language, *, with_year: bool = False) -> str:
    """Name a month by one of its days.

    >>> write_month(date(2026, 11, 1), "fr"), write_month(date(2026, 8, 1), "en")
    ('novembre', 'August')
    """
    name = _MONTHS[language][month.month - 1]
    return f"{name}{NO_BREAK}{month.year}" if with_year else name


def write_weekday(weekday: int, language: Language) -> str:
    """Name a day of the week; 1 is Monday.

    >>> write_weekday(5, "fr"), write_weekday(1, "en")
    ('vendredi', 'Monday')
    """
    return _WEEKDAYS[language][weekday - 1]


def counted(n: int, one: str, many: str, language: Language) -> str:
    r"""Count things; in French the plural starts at two.

    >>> counted(0, "jour", "jours", "fr"), counted(2, "jour", "jours", "fr"), counted(0, "row", "rows", "en")
    ('0\xa0jour', '2\xa0jours', '0 rows')
    """
    is_one = abs(n) < _PLURAL_FROM_IN_FRENCH if language == "fr" else n == 1
    gap = NO_BREAK if language == "fr" else " "
    return f"{write_number(n, language)}{gap}{one if is_one else many}"


def listed(parts: Sequence[str], language: Language) -> str:
    """Join words as a sentence does.

    >>> listed(["septembre", "octobre", "novembre"], "fr"), listed(["May"], "en")
    ('septembre, octobre et novembre', 'May')
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {'et' if language == 'fr' else 'and'} {parts[-1]}"


def of(word: str, language: Language) -> str:
    """Put « de » before a French word, and « of » before an English one.

    >>> of("absences", "fr"), of("plans", "fr"), of("marks", "en")
    ('d’absences', 'de plans', 'of marks')
    """
    if language == "en":
        return f"of {word}"
    return f"d’{word}" if word[:1].lower() in _ELIDED else f"de {word}"
