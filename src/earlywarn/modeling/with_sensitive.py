"""Fit two copies of a candidate, one of which knows the audited columns, to say what leaving them out costs.

The copies live inside one back-test: they are told nothing but the held-out rows, and come back as figures of
the sheet. No bundle, registry or published folder ever holds one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from earlywarn.evaluation import (
    Audit,
    Draws,
    Floats,
    Indexes,
    Scored,
    TestRows,
    Tolerance,
    WithAndWithout,
    audit_groups,
    score_rows,
    with_and_without,
)
from earlywarn.modeling.calibrators import fit_sigmoid
from earlywarn.modeling.candidates import MOST_ROWS_TO_TUNE, Fitting, Prepared, few_rows, fit_candidate
from earlywarn.modeling.rows import LabeledRows

MOST_ROWS = 50_000
"""Copies of a larger past learn from this many rows, both from the same: a difference needs no more."""

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
    n_train = int(few_rows(rows, whole.split.train, most=MOST_ROWS).size)
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
    for prepared, most in ((inner, MOST_ROWS_TO_TUNE), (whole, MOST_ROWS)):
        own = part_of(prepared, few_rows(rows, prepared.split.train, most=most))
        own = knowing(own) if knows else own
        model = fit_candidate(name, own.rows, own, settings, fitting)
        said.append(model.margins(own.test, n_threads=fitting.n_threads))
    line = fit_sigmoid(said[0], inner.truth(inner.split.test))
    return said[1], line.risks(said[1])


def part_of(prepared: Prepared, train: Indexes) -> Prepared:
    """Return a split of some training rows and all tested ones alone, so that widening it copies no more."""
    chosen, split, rows = np.concatenate([train, prepared.split.test]), prepared.split, prepared.rows
    places = np.arange(chosen.size, dtype=np.intp)
    part = replace(
        rows,
        label=rows.label[chosen],
        label_known_on=rows.label_known_on[chosen],
        as_of=rows.as_of[chosen],
        period=rows.period[chosen],
        moment=rows.moment[chosen],
        student=rows.student[chosen],
        school=rows.school[chosen],
        grade=rows.grade[chosen],
        groups={name: words[chosen] for name, words in rows.groups.items()},
        fold_by=None if rows.fold_by is None else rows.fold_by[chosen],
        # These labels are cut already.
        rule=None,
        cuts=None,
    )
    return replace(
        prepared,
        rows=part,
        split=replace(split, train=places[: train.size], test=places[train.size :]),
        values=prepared.values[chosen],
    )


def knowing(prepared: Prepared) -> Prepared:
    """Return a split whose values hold a column of 0 and 1 for each value of each audited column."""
    names, columns = [], []
    for column, words in prepared.rows.groups.items():
        values, counts = np.unique(words[prepared.split.train], return_counts=True)
        for value in values[(values != "") & (counts >= FEWEST_OF_VALUE)]:
            names.append(f"audited {column} = {value}")
            columns.append((words == value).astype(np.float64))
    if not columns:
        return prepared
    return replace(
        prepared,
        names=(*prepared.names, *names),
        signs=np.concatenate([prepared.signs, np.zeros(len(names))]),
        values=np.column_stack([prepared.values, *columns]),
    )


def audit_beside(
    name: str,
    scored: Sequence[Scored],
    copies: Sequence[Copies],
    rows: LabeledRows,
    test_rows: TestRows,
    draws: Draws,
    *,
    tolerance: Tolerance,
    share: float,
) -> Audit:
    """Audit one candidate beside the rules where they stand among the scored, and beside its copies."""
    model = next(one for one in scored if one.name == name)
    rules = next((one for one in scored if one.name == "rules"), None)
    audit = audit_groups(model, test_rows, draws, tolerance=tolerance, rules=rules)
    return audit.with_copies(_compared(copies, rows, test_rows, draws, share))


def _compared(
    copies: Sequence[Copies], rows: LabeledRows, test_rows: TestRows, draws: Draws, share: float
) -> WithAndWithout | None:
    """Compare the copies of all folds on the tested rows, which stand in frozen order."""
    if not copies:
        return None
    tested = np.sort(np.concatenate([one.test for one in copies]))
    scored = []
    for place, name in enumerate(("with the audited columns", "without them")):
        margin, risk = np.full(rows.label.size, np.nan), np.full(rows.label.size, np.nan)
        for one in copies:
            margin[one.test], risk[one.test] = one.margins[place], one.risks[place]
        scored.append(score_rows(name, margin[tested], risk[tested], test_rows, share=share))
    n_train = round(float(np.mean([one.n_train for one in copies])))
    return with_and_without(scored[0], scored[1], test_rows, draws, n_train=n_train)
