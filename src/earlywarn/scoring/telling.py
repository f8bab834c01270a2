"""Put reasons into words: each is a few numbers, and all that words need beside them goes with a run.

So a night's scores are small, and are told years later in the words of the model that made them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from typing import Any, Literal, cast, get_args

import numpy as np
import orjson
import pyarrow as pa

from earlywarn.domain import LANGUAGES, Language
from earlywarn.scoring.trees import Floats
from earlywarn.scoring.wording import (
    STRENGTH_WORDS,
    Strength,
    comparison_in_words,
    number_in_words,
    sentence,
    window_in_words,
)

Direction = Literal["raises", "lowers"]
Told = Floats
"""Reasons of rows, (rows, places, 5): number of what is spoken of, share, value, own past, peers; or NaN."""
N_NUMBERS = 5
REASON: pa.StructType = pa.struct(
    [
        ("number", pa.int32()),
        ("attribution", pa.float64()),
        ("value", pa.float64()),
        ("own_past", pa.float64()),
        ("peers", pa.float64()),
    ]
)
REASONS: pa.DataType = pa.list_(REASON)
"""Reasons as a run keeps them; the number is that of what is spoken of."""

POINT_WORDS: Mapping[Language, str] = {"fr": "règle atteinte", "en": "rule met"}
_STRONG, _MODERATE = 0.7, 0.25
"""In log-odds: doubles the odds; changes them by more than a quarter."""
_MOST_REMEMBERED = 200_000
_Texts = tuple[Mapping[Language, str], Mapping[Language, str]]
_STRENGTHS: Mapping[Strength, Mapping[Language, str]] = {
    strength: {language: STRENGTH_WORDS[language][strength] for language in LANGUAGES}
    for strength in get_args(Strength)
}


@dataclass(frozen=True)
class Evidence:
    """What the records show: the value, over which days, beside the student's own past and the peers'."""

    feature: str
    value: float
    window: str
    own_past: float | None
    peers_median: float | None


@dataclass(frozen=True)
class Reason:
    """One indicator's part in one score."""

    code: str
    family: str
    direction: Direction
    strength: Strength
    strength_words: Mapping[Language, str]
    attribution: float
    actionable: bool
    evidence: Evidence
    text: Mapping[Language, str]
    comparison: Mapping[Language, str]

    def as_dict(self) -> dict[str, object]:
        """Return the reason as plain values, as answered."""
        return {**vars(self), "evidence": dict(vars(self.evidence))}


@dataclass(frozen=True)
class Spoken:
    """A feature that a reason may name, and its indicator's text; or a rule and its sentence."""

    code: str
    family: str
    feature: str
    window: str
    function: str
    actionable: bool
    text: Mapping[Language, str]


@dataclass(frozen=True, eq=False)
class Phrases:
    """What a model's reasons are told by."""

    spoken: tuple[Spoken, ...]
    school_years: bool
    by_rules: bool
    _said: dict[tuple[int, float, float | None, float | None], _Texts] = field(default_factory=dict)
    """Sentences already made; the same few values come back thousands of times."""

    def reasons(self, told: Iterable[Sequence[float | None]]) -> list[Reason]:
        """Return reasons in words, from their numbers."""
        return [
            self._reason(int(number), share, value, past, peers)
            for number, share, value, past, peers in told
            if number is not None and share is not None and value is not None
        ]

    def _reason(
        self, number: int, share: float, value: float, past: float | None, peers: float | None
    ) -> Reason:
        spoken = self.spoken[number]
        strength: Strength = "moderate" if self.by_rules else _strength(share)
        texts = self._texts(number, value, past, peers)
        return Reason(
            code=spoken.code,
            family=spoken.family,
            direction="raises" if share > 0 or self.by_rules else "lowers",
            strength=strength,
            strength_words=POINT_WORDS if self.by_rules else _STRENGTHS[strength],
            attribution=share,
            actionable=spoken.actionable,
            evidence=Evidence(spoken.feature, value, spoken.window, past, peers),
            text=texts[0],
            comparison=texts[1],
        )

    def _texts(self, number: int, value: float, past: float | None, peers: float | None) -> _Texts:
        key = (number, value, past, peers)
        texts = self._said.get(key)
        if texts is None:
            if len(self._said) >= _MOST_REMEMBERED:
                self._said.clear()
            texts = self._said[key] = self._new_texts(self.spoken[number], value, past, peers)
        return texts

    def _new_texts(self, spoken: Spoken, value: float, past: float | None, peers: float | None) -> _Texts:
        """Return the sentence and the comparison, in both languages."""
        said: dict[Language, str] = {}
        compared: dict[Language, str] = {}
        percent = spoken.function in ("share", "rank")
        for language in LANGUAGES:
            words = {
                "value": number_in_words(value, language, percent=percent),
                "window": window_in_words(spoken.window, language, school_years=self.school_years),
                "own_past": "" if past is None else number_in_words(past, language, percent=percent),
                "peers": "" if peers is None else number_in_words(peers, language, percent=percent),
            }
            text = spoken.text[language]
            # A rule is a whole sentence already.
            said[language] = text if self.by_rules else sentence(text, words, value, language)
            compared[language] = comparison_in_words(words["own_past"], words["peers"], language)
        return said, compared

    def to_json(self) -> dict[str, object]:
        """Return all of this as plain values, to be kept with a run."""
        spoken = [asdict(one) for one in self.spoken]
        return {"spoken": spoken, "school_years": self.school_years, "by_rules": self.by_rules}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Phrases:
        """Take back what `to_json` gave."""
        spoken = tuple(Spoken(**one) for one in content["spoken"])
        return cls(spoken, bool(content["school_years"]), bool(content["by_rules"]))


def told_lists(told: Told) -> list[list[list[float | None]]]:
    """Return each row's reasons as lists of numbers; missing numbers are None.

    >>> told_lists(np.array([[[3, 0.5, 12.0, np.nan, 10.0], [np.nan] * 5]]))
    [[[3.0, 0.5, 12.0, None, 10.0]]]
    """
    return [
        [[None if x != x else x for x in one] for one in row if one[0] == one[0]] for row in told.tolist()
    ]


def arrow_reasons(told: Told) -> pa.ListArray[Any]:
    """Return each row's reasons as Arrow holds them; missing numbers are null.

    >>> arrow_reasons(np.array([[[3, 0.5, 12.0, np.nan, 10.0], [np.nan] * 5]])).to_pylist()
    [[{'number': 3, 'attribution': 0.5, 'value': 12.0, 'own_past': None, 'peers': 10.0}]]
    """
    is_there = ~np.isnan(told[:, :, 0])
    ends = np.zeros(len(told) + 1, dtype=np.int32)
    np.cumsum(is_there.sum(axis=1), out=ends[1:])
    flat = told[is_there]
    numbers = pa.array(flat[:, 0].astype(np.int32))
    columns = (np.ascontiguousarray(column) for column in flat.T[1:])
    arrays = [numbers, *(pa.array(column, mask=np.isnan(column)) for column in columns)]
    starts: Any = pa.array(ends)
    each = pa.StructArray.from_arrays(arrays, fields=list(REASON))
    found: Any = pa.ListArray.from_arrays(starts, each, type=REASONS)
    return cast("pa.ListArray[Any]", found)


def reasons_json(reasons: pa.ChunkedArray[Any]) -> pa.Array[Any]:
    """Return reasons as the JSON text that the service keeps: a list of five numbers for each.

    >>> reasons_json(pa.chunked_array([[[], [(3, 0.5, 12.0, None, 10.0)]]], REASONS)).to_pylist()
    ['[]', '[[3.0,0.5,12.0,null,10.0]]']
    """
    texts: list[str] = []
    dumps, option = orjson.dumps, orjson.OPT_SERIALIZE_NUMPY
    for chunk in cast("list[Any]", reasons.chunks):
        ends: list[int] = chunk.offsets.to_pylist()
        fields = (one.to_numpy(zero_copy_only=False).astype(np.float64) for one in chunk.values.flatten())
        # Written straight from the array: NaN becomes null.
        flat = np.column_stack(list(fields))
        texts += [
            dumps(flat[start:end], option=option).decode() if end > start else "[]"
            for start, end in pairwise(ends)
        ]
    return pa.array(texts, pa.string())


def _strength(share: float) -> Strength:
    size = abs(share)
    return "strong" if size >= _STRONG else "moderate" if size >= _MODERATE else "slight"
