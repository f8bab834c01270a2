"""Tell the columns that name or reach a person: by their header, or by what stands in them.

What is found here is never shown: not in the proposal, not on the screen.
"""

from __future__ import annotations

import re
from collections.abc import Collection

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
