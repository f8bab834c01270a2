"""What an inspection is not sure of, in words that a clerk can act on. Never holds a value of a row."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from earlywarn.declarations import Declared
from earlywarn.domain import Language


class Sentence(Declared):
    """A doubt in words; `key` is the key of an extract whose line it stands beside."""

    fr: str
    en: str
    key: str = ""
    note: bool = False


@dataclass(frozen=True, init=False)
class Doubt:
    """One thing to check by hand, or to know: its code, and the words that fill its sentence."""

    code: str
    fields: tuple[tuple[str, str], ...]

    def __init__(self, code: str, **fields: str) -> None:
        object.__setattr__(self, "code", code)
        object.__setattr__(self, "fields", tuple(sorted(fields.items())))

    @property
    def key(self) -> str:
        """Return the key of an extract that the doubt is about, or nothing."""
        return _sentences()[self.code].key

    @property
    def is_note(self) -> bool:
        """Say whether this is only to be known: nothing in it is unsure."""
        return _sentences()[self.code].note

    def sentence(self, language: Language) -> str:
        """Say the doubt, and what to do about it."""
        return _said(self.code, language).format(
            **{key: _named(value, language) for key, value in self.fields}
        )


def _said(code: str, language: Language) -> str:
    words = _sentences()[code]
    return words.fr if language == "fr" else words.en


def _named(value: str, language: Language) -> str:
    """Return a kind of identity in words, anything else as it is."""
    code = f"kind_{value}"
    return _said(code, language) if code in _sentences() else value


@cache
def _sentences() -> dict[str, Sentence]:
    text = files("earlywarn.tables.inspection").joinpath("doubts.toml").read_text(encoding="utf-8")
    return {code: Sentence.model_validate(given) for code, given in tomllib.loads(text).items()}
