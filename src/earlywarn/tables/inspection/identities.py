"""Tell the columns that name or reach a person: by their header, or by what stands in them.

What is found here is never shown: not in the proposal, not on the screen.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import cache

from earlywarn.tables.inspection.words import known_words, plain

PERMANENT_CODE = "permanent_code"
# What an identity table can keep, for those entitled to names; everything else about a person is left unread.
KEPT = ("family_name", "given_name", "birth_date")
_ENOUGH, _FEW = 0.9, 30
_SHAPES = {
    PERMANENT_CODE: re.compile(r"[A-Za-z]{4} ?\d{8}"),
    "health_insurance": re.compile(r"[A-Za-z]{4} ?\d{4} ?\d{4}"),
    "email": re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+"),
    "phone": re.compile(r"(\+?1[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}"),
    "social_insurance": re.compile(r"\d{3}[ -]\d{3}[ -]\d{3}"),
    "postal_code": re.compile(r"[A-Za-z]\d[A-Za-z] ?\d[A-Za-z]\d"),
}
_WORDS = re.compile(r"[^\W\d_]+\.?([ ,'’.-]+[^\W\d_]+\.?)*")
_FEW_NAMES, _LONG = 1 / 3, 5
_NAME = re.compile(r"[^\W\d_]+")


def identity_of(header: str, texts: Collection[str]) -> str | None:
    """Return what a column says about a person, or None where it seems to say nothing.

    >>> identity_of("Nom", {"x"}), identity_of("Nom de l'école", {"x"}), identity_of("c1", {"TREA12345678"})
    ('family_name', None, 'permanent_code')
    """
    name = plain(header)
    for kind, headers in known_words().identities.items():
        if any(name == plain(known) for known in headers):
            return kind
    for kind, shape in _SHAPES.items():
        if texts and sum(bool(shape.fullmatch(text)) for text in texts) >= _ENOUGH * len(texts):
            return kind
    return _named(texts)


def bears_out(kind: str, texts: Collection[str]) -> bool:
    """Say whether cells look like what their header names: a "Nom" of schools is no name of a person.

    >>> bears_out("family_name", {"Tremblay", "Roy"}), bears_out("address", {"U", "R"})
    (True, False)
    """
    if kind in _SHAPES:
        return sum(bool(_SHAPES[kind].fullmatch(text)) for text in texts) >= _ENOUGH * len(texts)
    if kind in ("family_name", "given_name"):
        return _named(texts) is not None
    return kind == "birth_date" or len(texts) > _FEW


def showable(texts: Collection[str]) -> tuple[str, ...]:
    """Return the texts of a column of codes that cannot be somebody's name; none where many could be one.

    >>> showable({"M", "N", "Zaphod"}), showable({"Zaphod", "Tricia", "ROY"})
    (('M', 'N'), ())
    """
    shown = tuple(sorted(text for text in texts if not _could_name(text)))
    return shown if len(texts) - len(shown) <= _FEW_NAMES * len(texts) else ()


def _could_name(text: str) -> bool:
    """Say whether a text is written as names are, and is no word that is known to mean something else."""
    if not _WORDS.fullmatch(text) or plain(text) in _meaning():
        return False
    is_shouted = text.isupper() and (len(text) >= _LONG or " " in text)
    return is_shouted or (text[0].isupper() and not text.isupper())


@cache
def _meaning() -> frozenset[str]:
    words = known_words()
    values = {name for value, names in words.values.items() for name in (value, *names)}
    return frozenset(map(plain, (*values, *words.plain.tokens)))


def _named(texts: Collection[str]) -> str | None:
    """Know a column of names by the common ones among them, a lone code that is also a name left apart."""
    people = known_words().people
    family = given = 0
    for text in texts:
        words = (
            {plain(word) for word in _NAME.findall(text)} if not text.isupper() or len(text) > 4 else set()
        )
        family += bool(words & people.family_names)
        given += bool(words & people.given_names)
    found = max(family, given)
    if found < 2 or found < 0.04 * len(texts):
        return None
    return "family_name" if family >= given else "given_name"
