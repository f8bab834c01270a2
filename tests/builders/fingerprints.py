"""Train each kind of candidate on a small built matrix, and take the fingerprint of all that it leaves.

Run as a program, it prints the fingerprints of every kind as JSON.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import date
from hashlib import sha256
from typing import get_args

from earlywarn.evaluation import sheet_json
from earlywarn.modeling import Fitting, ModelSpec, train_model
from earlywarn.modeling.spec import CandidateName
from tests.builders.matrices import LEAVING, labeled_matrix, shuffled

KINDS = tuple(name for name in get_args(CandidateName) if name != "rules")
"""Every candidate that can be published; a new one is tested by being declared."""
SPEC = {
    **LEAVING,
    "as_of": {"dates": ["10-15"]},
    "rules": [{"name": "absent", "feature": "absence", "above": 2.0}],
    "audit": {"groups": ["sex"]},
}


def fingerprint(kind: str, *, n_threads: int = 1, order: int | None = None) -> str:
    """Return one digest of trees, linear terms, calibrator, quantiles, sheet and trials.

    Args:
        kind: The candidate that competes, alone beside the rules.
        n_threads: How many threads may fit.
        order: The seed of an order to bring the rows in; none leaves them as built.
    """
    matrix = labeled_matrix(n_students=200, moments=("10-15",))
    spec = ModelSpec.model_validate({**SPEC, "candidates": {"names": ["rules", kind]}})
    trained = train_model(
        matrix if order is None else shuffled(matrix, seed=order),
        spec,
        network="net",
        today=date(2026, 1, 1),
        fitting=Fitting(seed=5, n_threads=n_threads, n_seeds=2),
    )
    left = [
        json.dumps(asdict(trained.model), sort_keys=True),
        json.dumps(trained.calibrator.to_dict(), sort_keys=True),
        json.dumps(trained.quantiles, sort_keys=True),
        sheet_json(trained.sheet),
        repr(trained.trials),
    ]
    return sha256("\0".join(left).encode()).hexdigest()


if __name__ == "__main__":
    json.dump({kind: fingerprint(kind) for kind in KINDS}, sys.stdout)
