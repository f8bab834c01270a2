"""Say how old something is, in the words of the pages."""

from __future__ import annotations

from api.wording import translate
from earlywarn.domain import Language


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
