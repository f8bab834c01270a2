"""Suggest which of a contract's values each of a file's codes stands for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from earlywarn.tables.contract import Column, Scalar
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.names import value_names
from earlywarn.tables.inspection.profile import Profile
from earlywarn.tables.inspection.words import plain

_READ_AS_THEY_ARE = frozenset(("true", "True", "TRUE", "1", "false", "False", "FALSE", "0"))
_LEAST_START = 3


@dataclass(frozen=True)
class Code:
    """A file's code and the value suggested for it, None where none is likely."""

    code: str
    value: Scalar | None
    doubt: Doubt | None = None


def codes_of(profile: Profile, column: Column) -> tuple[Code, ...]:
    """Return the code list that a column needs, empty where its texts are the contract's own values."""
    if column.type == "boolean":
        truth = profile.truth or {}
        if set(truth) <= _READ_AS_THEY_ARE:
            return ()
        doubt = Doubt("one_of_two") if len(truth) < len(("true", "false")) else None
        return tuple(Code(text, value, doubt) for text, value in sorted(truth.items()))
    if column.allowed is None:
        return ()
    shown = profile.codes or tuple(text for text in profile.few if _named(text, column, column.allowed))
    if set(shown) <= set(column.allowed):
        return ()
    return tuple(_suggested(code, column, column.allowed) for code in shown)


def _suggested(code: str, column: Column, allowed: Sequence[str]) -> Code:
    if code in allowed:
        return Code(code, code)
    word = plain(code)
    named = _named(code, column, allowed)
    if len(named) == 1:
        # A single letter stands for many things: it is suggested, and marked.
        return Code(code, named[0], Doubt("likely_code") if len(code) == 1 else None)
    begun = named or [value for value in allowed if _begins(word, value_names(value, column))]
    if len(begun) == 1:
        return Code(code, begun[0], Doubt("likely_code"))
    return Code(code, None, Doubt("unknown_code"))


def _named(code: str, column: Column, allowed: Sequence[str]) -> list[str]:
    """Return the allowed values that a code is a known word for."""
    return [value for value in allowed if plain(code) in value_names(value, column)]


def _begins(word: str, names: frozenset[str]) -> bool:
    """Say whether a code is the beginning of a word of one of the names."""
    return len(word) >= _LEAST_START and any(part.startswith(word) for name in names for part in name.split())
