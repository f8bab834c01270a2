"""The two sides of a shadow report: who is listed by each on the latest as-of date, and by which shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from earlywarn.errors import AsOfError
from earlywarn.evaluation import (
    Flags,
    Floats,
    Indexes,
    Listing,
    Why,
    Words,
    mean_by_indicator,
    reasons_to_move,
)
from earlywarn.features import FeatureEntry, Matrix, Moment, build_matrix, moments_of
from earlywarn.modeling import ModelSpec, rules_roster
from earlywarn.pipeline.declared_inputs import DeclaredInputs, encoded_values, unit_keys
from earlywarn.pipeline.night import last_delivery
from earlywarn.pipeline.run_tables import ranks_of
from earlywarn.pipeline.start import write_roster
from earlywarn.publication import PublishedModel, unsigned_model
from earlywarn.scoring import can_compile, indicator_in_words, score_batch, window_in_words
from earlywarn.tables import open_tables
from earlywarn.workspace import Workspace

_BLOCK = 8192
Key = tuple[tuple[str, ...], str]


@dataclass(frozen=True, eq=False)
class Side:
    """One model on one matrix; `keys` names each row by unit and period."""

    model: PublishedModel
    matrix: Matrix
    keys: Sequence[Key]
    values: Floats
    listing: Listing

    def mean_shares(self, rows: npt.NDArray[np.generic]) -> dict[str, float]:
        """Return the mean exact attribution of each indicator over some rows."""
        known = self.model.catalog.by_name
        indicators = [known[name].indicator for name in self.model.features]
        return mean_by_indicator(self.model.attributions(self.values[rows]), indicators)

    def words(self) -> dict[str, Mapping[str, str]]:
        """Return what each indicator is called, with its days where they are always the same."""
        known = self.model.catalog.by_name
        entries = [known[name] for name in self.model.features]
        windows: dict[str, set[str]] = {}
        for entry in entries:
            windows.setdefault(entry.indicator, set()).add(entry.window)
        found: dict[str, Mapping[str, str]] = {}
        for entry in entries:
            only = entry.window if len(windows[entry.indicator]) == 1 else None
            found.setdefault(entry.indicator, self._words_of(entry, only))
        return found

    def _words_of(self, entry: FeatureEntry, window: str | None) -> dict[str, str]:
        years = self.model.has_school_years
        return {
            language: indicator_in_words(
                words, "" if window is None else window_in_words(window, language, school_years=years)
            )
            for language, words in entry.text.items()
        }


def latest_matrix(workspace: Workspace, declared: DeclaredInputs, spec: ModelSpec) -> Matrix:
    """Return the cohort of the latest as-of date that has one, as the tables tell of it now.

    Raises:
        AsOfError: No as-of date has anybody.
    """
    tables = open_tables(workspace, declared.contract)
    try:
        day = last_delivery(tables)
        known = [] if day is None else moments_of(declared.contract, spec.as_of, tables, before=day)
        by_day = [list(same) for _, same in groupby(reversed(known), key=lambda moment: moment.as_of)]
        for moments in by_day:
            matrix = matrix_at(tables, declared, moments)
            if len(matrix):
                return matrix
    finally:
        tables.close()
    raise AsOfError(
        "no as-of date has anybody to look at", where=spec.name, todo="take in tables that reach one"
    )


def matrix_at(tables: Any, declared: DeclaredInputs, moments: Sequence[Moment]) -> Matrix:
    """Build what a model is scored from at some moments."""
    return build_matrix(
        tables,
        declared.contract,
        declared.indicators,
        cohort=declared.cohort,
        moments=sorted(moments, key=lambda moment: (moment.as_of, moment.period, moment.name)),
        families=declared.families,
    )


def side_of(what: str, bundle: Path, version: str, matrix: Matrix, declared: DeclaredInputs) -> Side:
    """Score a matrix with a bundle exactly as the service would, and cut its lists."""
    model = unsigned_model(bundle, version=version)
    values = encoded_values(matrix, model.encoding, model.features, where=model.model)
    margins = margins_of(model, values)
    periods = words_of(matrix.rows["period"]).tolist()
    keys = list(zip(unit_keys(matrix, declared.contract), periods, strict=True))
    listed = ranks_of(model, matrix, declared.contract, margins) > 0
    risks = np.where(np.isnan(margins), np.nan, model.risks(margins))
    return Side(model, matrix, keys, values, Listing(what, model.kind, version, margins, risks, listed))


def margins_of(model: PublishedModel, values: Floats) -> Floats:
    """Return one margin per row, NaN where too little is known; in blocks, for a network of any size."""
    margins = np.full(len(values), np.nan)
    for start in range(0, len(values), _BLOCK):
        block = np.ascontiguousarray(values[start : start + _BLOCK])
        margins[start : start + _BLOCK] = score_batch(model, block, many=can_compile()).margins
    return margins


def rules_side(matrix: Matrix, spec: ModelSpec, declared: DeclaredInputs, bundle: Path, source: Path) -> Side:
    """Make the list that the declared rules give, as `earlywarn start` would."""
    texts = {
        path.name: path.read_text(encoding="utf-8") for path in sorted((source / "declarations").iterdir())
    }
    roster = rules_roster(matrix, spec, network=declared.contract.network.name)
    write_roster(bundle, roster, texts, backtest="{}", card="")
    return side_of("rules", bundle, "-", matrix, declared)


def aligned(other: Side | None, mine: Side) -> tuple[Listing | None, Indexes]:
    """Put another side's say in the order of mine; also return its row of each of mine, -1 where none."""
    if other is None:
        return None, np.zeros(0, dtype=np.intp)
    place = {key: row for row, key in enumerate(other.keys)}
    rows = np.array([place.get(key, -1) for key in mine.keys], dtype=np.intp)
    there = rows >= 0
    said = other.listing
    return (
        Listing(
            what=said.what,
            kind=said.kind,
            version=said.version,
            margins=np.where(there, said.margins[rows], np.nan),
            risks=np.where(there, said.risks[rows], np.nan),
            listed=there & said.listed[rows],
        ),
        rows,
    )


def why(mine: Side, other: Side | None, rows_of_other: Indexes, moving: Flags) -> tuple[Why, ...]:
    """Say which indicators' mean shares differ most between the sides, for those who move."""
    if other is None or not moving.any():
        return ()
    theirs = rows_of_other[moving]
    words = {**other.words(), **mine.words()}
    return reasons_to_move(
        mine.mean_shares(np.flatnonzero(moving)), other.mean_shares(theirs[theirs >= 0]), words
    )


def words_of(column: pa.ChunkedArray[Any]) -> Words:
    """Return a column as words, empty where nothing is known."""
    return np.array(["" if value is None else str(value) for value in column.to_pylist()], dtype=np.str_)
