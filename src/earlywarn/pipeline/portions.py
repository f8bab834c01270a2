"""Score one portion of a night: from the workspace's tables to files of its own, in the staging folder.

A pure function of the workspace and a line of JSON. Its files are the same bytes wherever and however often
they are made, each appears whole or not at all, and a portion whose files are all there is finished.
"""

from __future__ import annotations

import io
from contextlib import closing
from functools import lru_cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import EngineError
from earlywarn.features import Wanted, build_matrices
from earlywarn.pipeline.declared_inputs import DeclaredInputs, read_declared
from earlywarn.pipeline.night import PortionOfNight, program_digest
from earlywarn.pipeline.run_tables import TABLES, score_model
from earlywarn.publication import MANIFEST, PublishedModel, load_published
from earlywarn.tables import Excerpt, open_tables
from earlywarn.workspace import Workspace, write_atomically

EXCERPTS = "excerpts"
"""The folder of a staging folder that says whom each portion reads, and where their rows stand."""


def score_portion(
    home: str, staging: str, line: str, threads: int = 1, progress: Progress = no_progress
) -> str:
    """Score a portion, write its files, and return its name; what is finished is not done again.

    Args:
        home: The workspace's folder.
        staging: The name of the night's staging folder in the workspace's `scores`.
        line: The portion, as JSON.
        threads: How many the database engine may use.
        progress: Told as the work goes on.

    Raises:
        EngineError: This process runs another program than the one that planned the night.
        DamagedModelError: A published folder is not what was signed.
    """
    portion = PortionOfNight.model_validate_json(line)
    if portion.program != program_digest():
        raise EngineError(
            "a worker runs another version of the program", todo="install the same earlywarn everywhere"
        )
    workspace = Workspace(Path(home))
    folder = workspace.scores / staging
    if not folder.is_dir():
        raise EngineError(
            "a worker does not see the workspace", where=home, todo="share the folder under the same path"
        )
    if is_finished(folder, portion):
        return portion.name
    folders = [workspace.published / name / number for name, number in portion.models]
    models, declared = zip(
        *(_loaded(one, (one / MANIFEST).read_bytes(), portion.key) for one in folders), strict=True
    )
    tables = open_tables(
        workspace,
        declared[0].contract,
        threads=threads,
        last_batch=portion.last_batch,
        some=read_excerpt(folder, portion),
    )
    with closing(tables) as shown:
        matrices = build_matrices(
            shown,
            declared[0].contract,
            declared[0].indicators,
            [Wanted(one.cohort, one.families) for one in declared],
            moments=portion.moments,
            schools=portion.schools,
            only_the_cohort=True,
            audited=False,
            progress=progress,
        )
        for model, inputs, matrix in zip(models, declared, matrices, strict=True):
            found = score_model(model, matrix, inputs, data_as_of=portion.data_as_of, progress=progress)
            for table, path in zip(TABLES, _files(folder, portion, model.model), strict=True):
                write_table(path, getattr(found, table))
    return portion.name


@lru_cache(maxsize=16)
def _loaded(folder: Path, manifest: bytes, key: str) -> tuple[PublishedModel, DeclaredInputs]:
    """Verify and load a model once for all of a process's portions; another manifest is another model."""
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key))
    return load_published(folder, public), read_declared(folder)


def is_finished(staging: Path, portion: PortionOfNight) -> bool:
    """Say whether all files of a portion are there."""
    return all(path.is_file() for model, _ in portion.models for path in _files(staging, portion, model))


def write_excerpt(staging: Path, portion: PortionOfNight, excerpt: Excerpt) -> None:
    """Say whom a portion reads: everybody who was enrolled at one of its schools."""
    write_table(_excerpt_file(staging, portion), excerpt.to_table())


def read_excerpt(staging: Path, portion: PortionOfNight) -> Excerpt | None:
    """Return whom a portion reads; None for everybody."""
    if portion.schools is None:
        return None
    return Excerpt.from_table(pq.ParquetFile(_excerpt_file(staging, portion)).read())


def write_table(path: Path, table: pa.Table) -> None:
    """Write a table as Parquet, whole or not at all."""
    content = io.BytesIO()
    # Most columns repeat little, and compression finds what repeats in the others: no dictionary is faster.
    pq.write_table(table, content, compression="zstd", use_dictionary=False)
    write_atomically(path, content.getvalue())


def _files(staging: Path, portion: PortionOfNight, model: str) -> list[Path]:
    return [staging / model / table / f"{portion.name}.parquet" for table in TABLES]


def _excerpt_file(staging: Path, portion: PortionOfNight) -> Path:
    return staging / EXCERPTS / f"{portion.name}.parquet"
