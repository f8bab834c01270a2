"""Write dates and numbers as Québec does, without a locale database.

Babel keeps its locale data as pickles, and the service unpickles nothing.
"""

from __future__ import annotations

from datetime import date

from api.wording import translate
from earlywarn.domain import Language

NO_BREAK = "\u00a0"
MONTHS: dict[Language, tuple[str, ...]] = {
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
}  # fmt: skip


def write_date(day: date, language: Language) -> str:
    """Write a day in full, its parts kept on one line.

    >>> write_date(date(2026, 3, 1), "fr").replace(NO_BREAK, " ")
    '1er mars 2026'
    >>> write_date(date(2026, 11, 20), "en").replace(NO_BREAK, " ")
    'November 20, 2026'
    """
    month = MONTHS[language][day.month - 1]
    if language == "en":
        return f"{month}{NO_BREAK}{day.day}, {day.year}"
    number = "1er" if day.day == 1 else str(day.day)
    return NO_BREAK.join((number, month, str(day.year)))


def write_age(days: int, language: Language) -> str:
    """Say how old something is.

    >>> write_age(0, "fr"), write_age(1, "fr"), write_age(12, "en")
    ('aujourd’hui', 'il y a 1 jour', '12 days ago')
    """
    if days <= 0:
        return translate("aujourd’hui", language)
    if days == 1:
        return translate("il y a 1 jour", language)
    return translate("il y a {n} jours", language, n=days)
