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


def write_number(value: float, language: Language) -> str:
    """Write a number with at most one decimal below 100, none above.

    >>> write_number(12.46, "fr"), write_number(3.0, "fr"), write_number(1234.5, "en")
    ('12,5', '3', '1,234')
    """
    places = 1 if abs(value) < 100 else 0
    text = f"{value:,.{places}f}"
    if places:
        text = text.removesuffix(".0")
    if text in ("-0", "-0.0"):
        text = "0"
    if language == "en":
        return text
    return text.replace(",", "\u202f").replace(".", ",")


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
