"""Say how alike a file's word and a contract's are: known words count fully, letters alone never do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import SequenceMatcher
from functools import cache

from earlywarn.tables.contract import Column, Contract
from earlywarn.tables.inspection.words import Named, known_words, plain

SAME = 1.0
_WITHIN, _ALIKE, _LEAST_ALIKE = 0.75, 0.8, 0.82


def column_names(contract: Contract, table: str, name: str) -> frozenset[str]:
    """Return what files may call a contract's column: its own words, its labels, and those of its idea."""
    column = contract.tables[table].columns[name]
    names = {plain(name), *(plain(label) for label in column.label.values())}
    for idea in {name, *_roles(contract, table, name)}:
        names |= _known(idea, "columns")
    return frozenset(names)


def table_names(name: str) -> frozenset[str]:
    """Return what files may be called that give rows to a contract's table."""
    return frozenset({plain(name), *_known(name, "tables")})


def value_names(value: str, column: Column) -> frozenset[str]:
    """Return how files may write a value that a contract allows."""
    labels = [words[value] for words in column.labels.values() if value in words]
    return frozenset(map(plain, (value, *labels, *known_words().values.get(value, ()))))


def likeness(word: str, names: Iterable[str]) -> float:
    """Return how alike a plain word is to the most alike of the plain names: 1 where it is one of them.

    >>> likeness("date debut", ["date debut"]), likeness("date debut cours", ["date debut"])
    (1.0, 0.75)
    """
    return max((_alike(word, name) for name in names), default=0.0)


@cache
def _alike(word: str, name: str) -> float:
    if word == name:
        return SAME
    given, known = set(word.split()), set(name.split())
    if given and known and (given == known or (known < given and len(known) > 1)):
        return _WITHIN
    ratio = SequenceMatcher(None, word, name, autojunk=False).ratio()
    return _ALIKE * ratio if ratio >= _LEAST_ALIKE and len(word) > 3 else 0.0


@cache
def _known(idea: str, kind: str) -> frozenset[str]:
    named: Mapping[str, Named] = getattr(known_words(), kind)
    found: set[str] = set()
    for name, words in named.items():
        if idea == name or idea in words.also:
            found |= set(map(plain, words.names))
    return frozenset(found)


def _roles(contract: Contract, table: str, name: str) -> list[str]:
    """Return the ideas that a column stands for because the network says so, whatever its name."""
    network = contract.network
    roles = {"student_id": network.student}
    if table == network.membership:
        roles |= {"school_id": network.school, "starts_on": network.starts_on, "left_on": network.left_on}
        roles |= {"grade": network.grade or ""}
    return [role for role, column in roles.items() if column == name]
