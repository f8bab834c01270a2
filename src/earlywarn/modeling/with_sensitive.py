"""Fit two copies of a candidate, one of which knows the audited columns, to say what leaving them out costs.

The copies live inside one back-test: they are told nothing but the held-out rows, and come back as figures of
the sheet. No bundle, registry or published folder ever holds one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from earlywarn.evaluation import Floats, Indexes, Words
from earlywarn.modeling.bounded import margins_of
from earlywarn.modeling.calibrators import fit_sigmoid
from earlywarn.modeling.candidates import Fitting, fit_candidate
from earlywarn.modeling.prepared import Prepared, few_rows
from earlywarn.modeling.rows import LabeledRows
from earlywarn.modeling.values import Values

MOST_ROWS = 50_000
"""Copies of a larger past learn from this many rows, both from the same: a difference needs no more."""

MOST_ROWS_TO_CALIBRATE = 30_000
"""Of the past's past: what calibrates the copies learns from fewer."""

FEWEST_OF_VALUE = 50
"""A value of fewer training rows than this has no column of its own."""


@dataclass(frozen=True, eq=False)
class Copies:
    """Margins and risks that the two copies give to tested rows; the first copy knows the audited columns."""

    test: Indexes
    margins: tuple[Floats, Floats]
    risks: tuple[Floats, Floats]
    n_train: int


def fit_copies(
    rows: LabeledRows,
    whole: Prepared,
    inner: Prepared,
    name: str,
    settings: Mapping[str, float],
    fitting: Fitting,
    *,
    asked: bool,
) -> list[Copies]:
    """Fit both copies on a past; none where no column is audited, or nobody asked.

    Args:
        rows: All rows.
        whole: The past, and the rows that are tested.
        inner: The split inside the past whose tested rows calibrate both copies.
        name: The candidate.
        settings: What tuning found for it; neither copy is tuned anew.
        fitting: What fitting may use; the copies take one seed.
        asked: Whether the spec asks for them.
    """
    if not rows.groups or not asked:
        return []
    one_seed = replace(fitting, n_seeds=1)
    told = [_fit(rows, whole, inner, name, settings, one_seed, knows=knows) for knows in (True, False)]
    n_train = few_rows(rows, whole.split.train, most=MOST_ROWS).size
    margins, risks = zip(*told, strict=True)
    return [Copies(whole.split.test, margins, risks, n_train)]


def _fit(
    rows: LabeledRows,
    whole: Prepared,
    inner: Prepared,
    name: str,
    settings: Mapping[str, float],
    fitting: Fitting,
    *,
    knows: bool,
) -> tuple[Floats, Floats]:
    """Fit one copy, calibrate it inside the past, and tell the tested rows."""
    said = []
    for prepared, most in ((inner, MOST_ROWS_TO_CALIBRATE), (whole, MOST_ROWS)):
        train = few_rows(rows, prepared.split.train, most=most)
        own = replace(prepared, split=replace(prepared.split, train=train))
        if knows:
            own = widened(own)
        model = fit_candidate(name, own.rows, own, settings, fitting)
        said.append(margins_of(model, own, own.split.test, fitting))
    line = fit_sigmoid(said[0], inner.truth(inner.split.test))
    return said[1], line.risks(said[1])


@dataclass(frozen=True, eq=False)
class WidenedValues:
    """Values with a column of 0 and 1 for each audited value, made for the rows that are asked for."""

    values: Values
    groups: Mapping[str, Words]
    known: Sequence[tuple[str, str]]

    def __getitem__(self, chosen: Indexes) -> Floats:
        columns = [self.groups[column][chosen] == value for column, value in self.known]
        return np.ascontiguousarray(np.column_stack([self.values[chosen], *columns]))


def widened(prepared: Prepared) -> Prepared:
    """Return a split whose values tell the audited columns, too."""
    rows = prepared.rows
    known = audited_values(rows, prepared.split.train)
    return replace(
        prepared,
        names=(*prepared.names, *(f"audited {column} = {value}" for column, value in known)),
        signs=np.concatenate([prepared.signs, np.zeros(len(known))]),
        values=cast("Values", WidenedValues(prepared.values, rows.groups, known)),
    )


def audited_values(rows: LabeledRows, train: Indexes) -> list[tuple[str, str]]:
    """Return the values of audited columns that enough training rows have, with their columns."""
    found = []
    for column, words in rows.groups.items():
        values, counts = np.unique(words[train], return_counts=True)
        found += [(column, str(value)) for value in values[(values != "") & (counts >= FEWEST_OF_VALUE)]]
    return found
