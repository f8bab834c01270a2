"""Show a file's column titles in a refusal, without ever showing what stands in a row.

A file without a header begins with a student's row, and a file with a column per student has names for
titles. So a title is repeated only where it resembles one that somebody declared; any other is counted off.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import SequenceMatcher

UNSHOWN = "…"
_ALIKE = 0.75
_SHORTEST = 5
_LONGEST = 40


def shown_titles(header: Sequence[str], unknown: Collection[str], declared: Collection[str]) -> str:
    """Return where the unknown titles of a header stand, from 1, with those that are safe to repeat.

    >>> shown_titles(["Code", "Duree (jours)", "Tremblay"], ["Duree (jours)", "Tremblay"], ["Durée (jours)"])
    "2 'Duree (jours)', 3"
    """
    places = [(place, title) for place, title in enumerate(header, start=1) if title in unknown]
    shown = [(place, shown_title(title, declared)) for place, title in places]
    return ", ".join(str(place) if title == UNSHOWN else f"{place} '{title}'" for place, title in shown)


def shown_title(title: str, declared: Collection[str]) -> str:
    """Return a title where it is safe to repeat, and dots where it could be somebody's name or code.

    >>> shown_title("Date de saisi", ["Date de saisie"]), shown_title("Tremblay", ["Date de saisie"])
    ('Date de saisi', '…')
    """
    return title[:_LONGEST] if resembles(title, declared) else UNSHOWN


def resembles(title: str, declared: Collection[str]) -> bool:
    """Say whether a title is a declared one, slightly rewritten; short ones resemble too much.

    >>> resembles("Date de saisi", ["Date de saisie"]), resembles("Martin", ["Matière"])
    (True, False)
    """
    plain = title.casefold()
    return len(plain) >= _SHORTEST and any(
        SequenceMatcher(None, plain, one.casefold()).ratio() >= _ALIKE for one in declared
    )
