"""Say what a column of a sample looks like: its kind, how it is written, which texts stand for nothing."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from earlywarn.tables.inspection.dates import NO_DATES, Dates, dates_of
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.identities import bears_out, identity_of, showable
from earlywarn.tables.inspection.numbers import NO_NUMBERS, Numbers, numbers_of
from earlywarn.tables.inspection.sample import Sample
from earlywarn.tables.inspection.words import known_words, plain

Kind = Literal["empty", "id", "integer", "number", "date", "boolean", "category", "text"]
_SPACES = " \t\u00a0\u202f\u2007"
_ENOUGH = 0.98
_MOST_CODES, _LONGEST_CODE, _REPEATS = 30, 40, 3
_MANY, _LEAST_ID = 200, 1_000
_ID_WORDS = frozenset(("id", "code", "numero", "matricule", "fiche", "identifiant", "sourced", "dossier"))
_OWN_DAY = re.compile(r"\d{4}-\d\d-\d\d( 00:00:00)?")
_POINT, _COMMA = re.compile(r"[+-]?\d+\.\d+"), re.compile(r"[+-]?\d+,\d+")
_TOKEN = re.compile(r"\S{1,64}")
_PAIRS = (
    ("o", "n"),
    ("oui", "non"),
    ("y", "n"),
    ("yes", "no"),
    ("vrai", "faux"),
    ("true", "false"),
    ("v", "f"),
)


@dataclass(frozen=True)
class Profile:
    """One column of a sample.

    `codes` are the few texts of a column that holds codes, empty where showing them could show a person;
    `few` are all texts where they are few, to be compared and never shown unless they are known words.
    `is_borne_out` says that the cells look like the identity too, not the header alone.
    `truth` says which of its texts may mean true and false.
    """

    header: str
    kind: Kind
    identity: str | None = None
    is_borne_out: bool = False
    n_filled: int = 0
    n_different: int = 0
    has_empty: bool = False
    numbers: Numbers = NO_NUMBERS
    dates: Dates = NO_DATES
    codes: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    truth: Mapping[str, bool] | None = None
    missing: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()

    @property
    def is_unique(self) -> bool:
        """Say whether no text stands twice in the rows looked at, and none is empty."""
        return self.n_filled == self.n_different > 0 and not self.has_empty


def profiles_of(sample: Sample) -> list[Profile]:
    """Return the profile of each column that has a header."""
    return [
        profile_of(header, sample.column(place), is_typed=sample.is_typed)
        for place, header in enumerate(sample.header)
        if header
    ]


def profile_of(header: str, given: list[str], *, is_typed: bool = False) -> Profile:
    """Return a column's profile.

    >>> profile_of("Note", ["72,5", "ABS", "80"] * 20).missing
    ('ABS',)
    >>> profile_of("Code", ["007", "012"]).kind
    'id'
    """
    counts: Counter[str] = Counter()
    for cell, n in Counter(given).items():
        if text := cell.strip(_SPACES):
            counts[text] += n
    n_filled = counts.total()
    if not n_filled:
        return Profile(header, "empty", identity=identity_of(header, ()), has_empty=True)
    tokens = tuple(text for text in counts if text in known_words().missing.tokens)
    values = {text: n for text, n in counts.items() if text not in tokens} or dict(counts)
    values = _as_written(values) if is_typed else values
    numbers, dates = numbers_of(values), dates_of(values, enough=_ENOUGH)
    identity = identity_of(header, counts)
    kind = _kind(header, counts, values, numbers, dates)
    is_measure = kind in ("integer", "number", "date")
    shows = kind in ("category", "boolean") and identity is None
    n_odd = round(_odd_share(kind, numbers, dates) * sum(values.values()))
    doubts = [*(numbers.doubts if kind == "number" else ()), *(dates.doubts if kind == "date" else ())]
    if n_odd:
        doubts.append(Doubt("odd_values", n=str(n_odd)))
    if any(text.endswith("%") for text in values) and is_typed:
        doubts.append(Doubt("percent_cells"))
    return Profile(
        header=header,
        kind=kind,
        identity=identity,
        is_borne_out=identity is not None and bears_out(identity, counts),
        n_filled=n_filled,
        n_different=len(counts),
        has_empty=n_filled < len(given),
        numbers=numbers,
        dates=dates,
        codes=_shown(counts) if shows else (),
        few=tuple(sorted(counts)) if len(counts) <= _MOST_CODES and identity is None else (),
        truth=_truth(counts),
        missing=tokens if is_measure else (),
        doubts=tuple(doubts),
    )


def _as_written(values: dict[str, int]) -> dict[str, int]:
    """Return only what people typed of a typed source's texts, where they typed days or decimals as text.

    The program's own numbers and days are written with whatever marks and formats the mapping declares.
    """
    typed = {text: n for text, n in values.items() if not _OWN_DAY.fullmatch(text)}
    if typed and len(typed) < len(values):
        return typed
    commas = {text: n for text, n in values.items() if _COMMA.fullmatch(text)}
    return {text: n for text, n in values.items() if not _POINT.fullmatch(text)} if commas else values


def _kind(
    header: str, counts: Counter[str], values: Mapping[str, int], numbers: Numbers, dates: Dates
) -> Kind:
    has_zeros = any(len(text) > 1 and text[0] == "0" and text.isdigit() for text in values)
    is_id = _names_an_id(header) and (numbers.high >= _LEAST_ID or numbers.share < _ENOUGH)
    if dates.share >= _ENOUGH and not (is_id and all(text.isdigit() for text in values)):
        return "date"
    if numbers.share >= _ENOUGH and not has_zeros:
        if numbers.places:
            return "number"
        return "id" if is_id and numbers.decimal is None else "integer"
    if has_zeros and all(text.isdigit() for text in values):
        return "id"
    truth = _truth(counts)
    if truth is not None and len(truth) == 2:
        return "boolean"
    if _holds_codes(counts):
        return "category"
    is_token = all(_TOKEN.fullmatch(text) for text in values)
    return "id" if is_token and (is_id or all(any(c.isdigit() for c in text) for text in values)) else "text"


def _names_an_id(header: str) -> bool:
    words = plain(header).split()
    return any(word in _ID_WORDS or (word.endswith("id") and len(word) > len("paid")) for word in words)


def _shown(counts: Counter[str]) -> tuple[str, ...]:
    """Return the codes that may be shown; in a long column, what stands there once or twice may be a slip."""
    least = _REPEATS if counts.total() >= _MANY else 1
    return showable([text for text, n in counts.items() if n >= least])


def _holds_codes(counts: Counter[str]) -> bool:
    is_few = len(counts) <= _MOST_CODES and counts.total() >= _REPEATS * len(counts)
    return is_few and max(map(len, counts)) <= _LONGEST_CODE


def _truth(counts: Counter[str]) -> Mapping[str, bool] | None:
    """Return what may mean true and false, where all texts are words of one such pair."""
    texts = {text: text.casefold() for text in counts}
    for yes, no in (*_PAIRS, ("1", "0")):
        if set(texts.values()) <= {yes, no}:
            return {text: word == yes for text, word in texts.items()}
    return None


def _odd_share(kind: Kind, numbers: Numbers, dates: Dates) -> float:
    """Return the share of cells that are not of the column's kind."""
    if kind in ("integer", "number"):
        return 1 - numbers.share
    return 1 - dates.share if kind == "date" else 0.0
