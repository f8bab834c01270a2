"""Fit trees on a Dask cluster: each worker bins and sums its own share of the rows, by `lightgbm.dask`.

Rows go through files in the workspace's folder, which every worker sees, and are gone when the fit ends. The
same rows, seed and cluster may still give other bytes: sums of shares depend on how many there are, and on
which worker holds which.
"""

from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from earlywarn.errors import EngineError
from earlywarn.modeling import Boosting, FittedModel, FitTrees, Taught, fit_boosting, parameters, tree_text
from earlywarn.pipeline.on_dask import connected
from earlywarn.workspace import Workspace, storage_errors

if TYPE_CHECKING:
    from distributed import Client

SHARES_PER_WORKER = 2
_PART = ".trees-"


def trees_fitted(scheduler: str | None, workspace: Workspace) -> FitTrees:
    """Return what fits trees: this machine, or the cluster of a scheduler."""
    return fit_boosting if scheduler is None else trees_on_dask(scheduler, workspace)


def trees_on_dask(scheduler: str, workspace: Workspace) -> FitTrees:
    """Return what fits trees on the cluster of a scheduler, in place of `fit_boosting`.

    The fitted model says in its settings how many workers fitted it.
    """

    def fit(
        rows: Taught,
        features: Sequence[str],
        signs: np.ndarray,
        *,
        boosting: Boosting,
        seeds: Sequence[int],
        n_threads: int,
    ) -> FittedModel:
        with connected(scheduler) as client, _shared(workspace) as folder:
            n_workers = len(client.nthreads())
            shares = _shares(rows, folder, n_workers * SHARES_PER_WORKER)
            trees = []
            for seed in seeds:
                asked = parameters(boosting, signs, seed=seed, n_threads=n_threads)
                text = tree_text(_fitted(client, shares, asked, boosting.n_rounds))
                trees.append(_with_names(text, features))
        found = FittedModel("lightgbm", tuple(features), trees=tuple(trees), settings=boosting.settings())
        return replace(found, settings=(*found.settings, ("dask_workers", n_workers)))

    return fit


@dataclass(frozen=True)
class _Share:
    """Some rows in files: values, labels, and the margins that trees add to, where there are any."""

    values: Path
    label: Path
    start: Path | None
    shape: tuple[int, int]


@contextmanager
def _shared(workspace: Workspace) -> Iterator[Path]:
    """Yield a folder that every worker sees, for as long as a fit takes."""
    home = workspace.home.resolve()
    # Trainings of a workspace wait for each other, so what is there was left by one that was killed.
    for leftover in home.glob(f"{_PART}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with storage_errors(home), tempfile.TemporaryDirectory(prefix=_PART, dir=home) as name:
        yield Path(name)


def _shares(rows: Taught, folder: Path, n_shares: int) -> list[_Share]:
    """Write neighboring rows to files, each share about as large as the others."""
    found, (n_rows, n_columns) = [], rows.values.shape
    label = rows.label.astype(np.float64)
    for first, last in pairwise(np.linspace(0, n_rows, n_shares + 1).astype(int).tolist()):
        if first < last:
            share = _Share(
                _saved(folder / f"values-{first}.npy", rows.values[first:last]),
                _saved(folder / f"label-{first}.npy", label[first:last]),
                None if rows.start is None else _saved(folder / f"start-{first}.npy", rows.start[first:last]),
                (last - first, n_columns),
            )
            found.append(share)
    return found


def _saved(path: Path, column: np.ndarray) -> Path:
    np.save(path, column, allow_pickle=False)
    return path


def _fitted(client: Client, shares: list[_Share], asked: dict[str, object], n_rounds: int) -> Any:
    from lightgbm.basic import LightGBMError
    from lightgbm.dask import DaskLGBMClassifier

    # A worker's threads are the cluster's affair.
    settings: dict[str, Any] = {name: value for name, value in asked.items() if name != "num_threads"}
    model = DaskLGBMClassifier(client=client, n_estimators=n_rounds, **settings)
    values = _lazy([(share.values, share.shape) for share in shares])
    label = _lazy([(share.label, share.shape[:1]) for share in shares])
    start = _lazy([(share.start, share.shape[:1]) for share in shares if share.start is not None])
    with client.as_current(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Parameter n_jobs will be ignored")
        try:
            model.fit(values, label, init_score=start)
        except LightGBMError as error:
            # LightGBM's workers wait for each other: with one gone, none can go on.
            raise EngineError(
                f"LightGBM could not fit on the cluster ({error})", todo="see to the workers, and train again"
            ) from error
    return model.booster_


def _lazy(files: list[tuple[Path, tuple[int, ...]]]) -> Any:
    """Return arrays in files as one that workers read, each its own part."""
    if not files:
        return None
    import dask.array
    from dask import delayed

    read = delayed(np.load)
    parts = [dask.array.from_delayed(read(str(path)), shape, dtype=np.float64) for path, shape in files]
    return dask.array.concatenate(parts)


def _with_names(text: str, features: Sequence[str]) -> str:
    """Give trees the features' names: arrays have none, and LightGBM numbers their columns."""
    numbered = " ".join(f"Column_{place}" for place in range(len(features)))
    # As LightGBM itself writes names: a blank would end one.
    named = " ".join(name.replace(" ", "_") for name in features)
    return text.replace(f"feature_names={numbered}\n", f"feature_names={named}\n", 1)
