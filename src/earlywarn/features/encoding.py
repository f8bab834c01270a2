"""Turn codes without declared levels into 0/1 columns, by levels that only training rows may fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.domain import Language
from earlywarn.errors import DeclarationError
from earlywarn.features.catalog import Catalog, slug

if TYPE_CHECKING:
    from earlywarn.features.matrix import Matrix

OTHER = "other"
OTHER_WORDS: dict[Language, str] = {"fr": "autre", "en": "other"}


@dataclass(frozen=True)
class Encoding:
    """For each column of codes, the levels that are told apart; every other code is `other`."""

    levels: Mapping[str, tuple[str, ...]]

    def to_json(self) -> str:
        """Return the encoding as JSON text, the same bytes for the same encoding."""
        return json.dumps({name: list(levels) for name, levels in self.levels.items()}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Encoding:
        """Read what `to_json` wrote."""
        return cls({name: tuple(levels) for name, levels in json.loads(text).items()})

    @property
    def names(self) -> tuple[str, ...]:
        """Return the 0/1 columns in order: the levels of each code by name, then `other`."""
        return tuple(
            f"{column}__{ending}"
            for column, levels in self.levels.items()
            for ending in (*_endings(levels), OTHER)
        )


def _endings(levels: tuple[str, ...]) -> list[str]:
    """Return a name for each level; levels whose names would be alike are numbered."""
    endings: list[str] = []
    for level in levels:
        name = slug(level)
        taken = [other for other in endings if other == name or other.startswith(f"{name}_level")]
        endings.append(f"{name}_level{len(taken) + 1}" if taken or name == OTHER else name)
    return endings


def fit_encoding(codes: pa.Table, min_count: int | Mapping[str, int] = 20) -> Encoding:
    """Fit the levels of each column of codes on training rows.

    Args:
        codes: A matrix's `codes`, training rows only.
        min_count: How many rows a level needs to stand alone; by column, or one for all.

    >>> fit_encoding(pa.table({"path": ["a", "a", "b", None]}), 2).names
    ('path__a', 'path__other')
    """
    levels = {}
    for name in codes.column_names:
        needed = min_count if isinstance(min_count, int) else min_count.get(name, 20)
        counted = pc.value_counts(codes[name])
        by_code = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_numpy(), strict=True))
        levels[name] = tuple(sorted(code for code, n in by_code.items() if code is not None and n >= needed))
    return Encoding(levels)


def encode(matrix: Matrix, encoding: Encoding) -> tuple[tuple[str, ...], np.ndarray]:
    """Return every encoded feature as one float64 array, with its column names in order.

    A missing code is missing in each of its columns, and a code that training did not keep is `other`.
    """
    missing = sorted(set(encoding.levels) ^ set(matrix.codes.column_names))
    if missing:
        raise DeclarationError(
            f"the encoding and the matrix do not hold the same codes: '{missing[0]}'",
            todo="fit the encoding on a matrix of the same indicators",
        )
    columns = [matrix.features[name].to_numpy() for name in matrix.features.column_names]
    for name, levels in encoding.levels.items():
        columns += code_columns(matrix.codes[name], levels)
    shape = (len(columns), matrix.features.num_rows)
    stacked = np.stack(columns) if columns else np.empty(shape, dtype=np.float64)
    names = (*matrix.features.column_names, *encoding.names)
    return names, np.ascontiguousarray(stacked.T.astype(np.float64, copy=False))


def code_columns(codes: pa.ChunkedArray[pa.StringScalar], levels: tuple[str, ...]) -> list[np.ndarray]:
    """Return a column per level and one for every other code: 1, 0, or NaN where there is no code."""
    places = {level: place for place, level in enumerate(levels)}
    encoded = codes.combine_chunks().dictionary_encode()
    known = [places.get(str(code), len(levels)) for code in encoded.dictionary.to_pylist()]
    is_missing = np.asarray(codes.is_null().to_numpy(zero_copy_only=False), dtype=bool)
    if not known:
        return [np.full(len(codes), np.nan) for _ in range(len(levels) + 1)]
    indexes = encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)
    place = np.array(known)[indexes]
    return [np.where(is_missing, np.nan, (place == one).astype(np.float64)) for one in range(len(levels) + 1)]


def encoded_catalog(matrix: Matrix, encoding: Encoding) -> Catalog:
    """Return the catalog of the columns that `encode` gives: the features, then the levels of each code."""
    entries = list(matrix.catalog.entries)
    for column, levels in encoding.levels.items():
        template, labels = matrix.code_entries[column], matrix.code_labels.get(column, {})
        for level, ending in zip((*levels, OTHER), (*_endings(levels), OTHER), strict=True):
            told = {language: labels.get(language, {}).get(level, level) for language in template.text}
            if level == OTHER and ending == OTHER:
                told |= OTHER_WORDS
            text = {
                language: words.replace("{code}", told[language]) for language, words in template.text.items()
            }
            entries.append(replace(template, name=f"{column}__{ending}", code=level, text=text))
    return Catalog(tuple(entries))
