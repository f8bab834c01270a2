"""The words of `words.toml`, and names taken apart so that they can be compared whatever their spelling."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from earlywarn.declarations import Declared

_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_POSSESSIVE = re.compile(r"['’]s\b")
_TOKEN = re.compile(r"[a-z0-9]+")


class Named(Declared):
    """What a contract may call something, and what files call it."""

    also: tuple[str, ...] = ()
    names: tuple[str, ...]


class Tokens(Declared):
    """A list of texts that stand for nothing."""

    tokens: tuple[str, ...]


class People(Declared):
    """Names that many people have."""

    family_names: frozenset[str]
    given_names: frozenset[str]


class Words(Declared):
    """Everything that `words.toml` says."""

    articles: frozenset[str]
    short: Mapping[str, str]
    tables: Mapping[str, Named]
    columns: Mapping[str, Named]
    values: Mapping[str, tuple[str, ...]]
    identities: Mapping[str, tuple[str, ...]]
    people: People
    missing: Tokens
    sensitive: Tokens
    plain: Tokens


@cache
def known_words() -> Words:
    """Return the words, read once."""
    text = files("earlywarn.tables.inspection").joinpath("words.toml").read_text(encoding="utf-8")
    return Words.model_validate(tomllib.loads(text))


@cache
def plain(name: str) -> str:
    """Return a name's words without accents, case, articles and punctuation, short forms written out.

    >>> plain("Date de début"), plain("No. de l'élève"), plain("userSourcedId"), plain("school_id")
    ('date debut', 'numero eleve', 'user sourced id', 'school id')
    """
    words = known_words()
    tokens = _tokens(name)
    kept = [words.short.get(token, token) for token in tokens if token not in words.articles] or tokens
    return " ".join(kept)


def identifier(name: str) -> str:
    """Return a name that a contract can use for a file or its column.

    >>> identifier("Motif de départ"), identifier("2e note"), identifier("userSourcedId")
    ('motif_de_depart', 'c_2e_note', 'user_sourced_id')
    """
    found = "_".join(_tokens(name)) or "column"
    return found if found[0].isalpha() else f"c_{found}"


def _tokens(name: str) -> list[str]:
    letters = unicodedata.normalize("NFKD", _CAMEL.sub(" ", _POSSESSIVE.sub("s", name.replace("œ", "oe"))))
    return _TOKEN.findall("".join(c for c in letters if not unicodedata.combining(c)).lower())
