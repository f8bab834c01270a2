"""Tell a training what staff answered to earlier flags: one word per row, for audits only.

A row is of one unit on one as-of date of a period. Help that answers a flag changes what comes true from then
on, whichever as-of date of the period the row is of; so a row takes the answers of its unit and period.
"""

from __future__ import annotations

import numpy as np

from earlywarn.evaluation import ACTED_ON, NOT_ACTED_ON, NOT_LISTED, Words
from earlywarn.features import Matrix
from earlywarn.pipeline.accounts import owner_url
from earlywarn.pipeline.declared_inputs import unit_keys
from earlywarn.store import DatabaseUrls, Flags, owner_engine, read_flags
from earlywarn.tables import Contract

PLAN = "plan_made"
"""The answer that says that staff acted: the other two say that there was nothing to add, or no need."""


def answered_words(
    matrix: Matrix, contract: Contract, model: str, database: DatabaseUrls | None
) -> Words | None:
    """Return what became of each row's flags; None where there is no store, or nobody has answered.

    Raises:
        StoreError: The database refuses, or its owner is not known here.
    """
    if database is None:
        return None
    engine = owner_engine(owner_url(database))
    try:
        flags = read_flags(engine, model)
    finally:
        engine.dispose()
    return None if flags is None else words_of(matrix, contract, flags)


def words_of(matrix: Matrix, contract: Contract, flags: Flags) -> Words:
    """Say of each row whether its unit was listed in its period, and whether a plan answered that."""
    periods = [str(name) for name in matrix.rows["period"].to_pylist()]
    keys = zip(unit_keys(matrix, contract), periods, strict=True)
    return np.array(
        [
            ACTED_ON
            if PLAN in flags.answers.get(key, ())
            else NOT_ACTED_ON
            if key in flags.listed
            else NOT_LISTED
            for key in keys
        ],
        dtype=np.str_,
    )
