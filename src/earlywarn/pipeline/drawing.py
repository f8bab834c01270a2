"""Draw a training's pictures: its sheet, and what moves the margin of a sample of training rows."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from earlywarn.evaluation import GroupNames
from earlywarn.modeling import ModelSpec, Trained
from earlywarn.pictures import Moves, Picture, draw_pictures
from earlywarn.publication import unsigned_model

N_SAMPLE = 1000


def draw(
    trained: Trained, sheet: str, bundle: Path, names: GroupNames, spec: ModelSpec, seed: int
) -> tuple[Picture, ...]:
    """Return all pictures of a training, in both languages."""
    return draw_pictures(
        json.loads(sheet), names, spec.audit.tolerance, moves=sampled_moves(trained, bundle, seed=seed)
    )


def sampled_moves(trained: Trained, bundle: Path, *, seed: int) -> Moves:
    """Return the exact attributions of some training rows, the same ones for the same seed.

    They are read from the compiled tables: LightGBM's own take some ten seconds for a thousand rows.
    """
    model = unsigned_model(bundle)
    values = trained.encoded.values
    some = np.random.default_rng(seed).choice(len(values), min(N_SAMPLE, len(values)), replace=False)
    sample = np.ascontiguousarray(values[np.sort(some)])
    return Moves(
        entries=tuple(trained.encoded.catalog),
        values=sample,
        attributions=model.attributions(sample),
        school_years=model.has_school_years,
    )
