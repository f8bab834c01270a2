"""A night as a plan of portions: what each portion is scored from, said in a line of JSON.

A portion is some schools and everybody who is enrolled there, or the whole of a small network. Whoever
scores one needs the workspace and its line, and nothing else: a process beside this one, or another machine
that sees the same folder. The plan's digest names all that decides a score (batches, models, day, portions,
program), so that what was finished under it before is what would come out again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import cast

from pydantic import BaseModel, ConfigDict

import earlywarn
from earlywarn.features import Moment, Portion, moments_on, portions_of
from earlywarn.pipeline.declared_inputs import DeclaredInputs, read_declared
from earlywarn.publication import MANIFEST, PublishedModel
from earlywarn.tables import Excerpt, Tables, excerpts_of, open_tables, quote
from earlywarn.workspace import Workspace

MOST_MEMBERSHIPS = 70_000
"""Rows of the membership table, open on the night's day, that one portion takes in."""
_LIBRARIES = ("duckdb", "numpy", "pyarrow")


class PortionOfNight(BaseModel):
    """Some models and some schools of a night; all that scoring them needs beside the workspace."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    """Its files' name; names sort as the portions' schools do."""
    models: tuple[tuple[str, str], ...]
    """Name and version of each model that one pass over the tables serves."""
    moments: tuple[Moment, ...]
    data_as_of: date
    last_batch: int
    """What came in later is for the next run: all portions see the same batches."""
    schools: tuple[str, ...] | None
    """None where the network is looked at whole."""
    key: str
    """The public key by which published folders are verified, in hex."""
    program: str
    """The digest of the program that planned it."""


@dataclass(frozen=True)
class Night:
    """All portions of one run, and who is in each."""

    as_of: date
    models: tuple[PublishedModel, ...]
    portions: tuple[PortionOfNight, ...]
    students: tuple[Portion | None, ...]
    """Whom each portion reads; None for everybody."""
    batches: str
    """The digest of all batches that the night sees."""
    digest: str

    def facts_of(self, model: PublishedModel) -> dict[str, object]:
        """Return which batches a model's scores were made from, and how fresh they were."""
        portion = next(one for one in self.portions if (model.model, model.version) in one.models)
        return {
            "data_as_of": portion.data_as_of,
            "last_batch": portion.last_batch,
            "batches": self.batches,
        }


def plan_night(
    workspace: Workspace,
    models: Sequence[PublishedModel],
    *,
    as_of: date,
    stage: str | None,
    key: str,
    most_memberships: int = MOST_MEMBERSHIPS,
) -> Night:
    """Cut a night into portions; the same night is cut alike, and has the same digest.

    Raises:
        AsOfError: The day lies in no period.
        TableError: Nothing was taken in yet.
    """
    portions: list[PortionOfNight] = []
    students: list[Portion | None] = []
    batches = ""
    last_batch: int | None = None
    for number, alike in enumerate(_by_tables(workspace, models)):
        contract = alike[0][1].contract
        # What comes in meanwhile is for the next night.
        with closing(open_tables(workspace, contract, last_batch=last_batch)) as tables:
            apart = all("school" in model.capacity_per for model, _ in alike)
            cohorts = [declared.cohort for _, declared in alike]
            moments = moments_on(contract, tables, as_of, stage=stage)
            days = [moment.as_of for moment in moments] if contract.network.has_dates else []
            cut = portions_of(tables, contract, cohorts, on=days, most=most_memberships) if apart else []
            whole = PortionOfNight(
                name="",
                models=tuple((model.model, model.version) for model, _ in alike),
                moments=tuple(moments),
                data_as_of=min(last_delivery(tables) or as_of, as_of),
                # The ledger only grows: its length and digest say which batches the scores are made from.
                last_batch=(last_batch := len(tables.batches)),
                schools=None,
                key=key,
                program=program_digest(),
            )
            batches = tables.digest
        for place, one in enumerate(cut or [None]):
            schools = None if one is None else one.schools
            named = {"name": f"{number}-{place:05d}", "schools": schools}
            portions.append(whole.model_copy(update=named))
            students.append(one)
    digest = _digest(workspace, portions, batches, as_of)
    return Night(as_of, tuple(models), tuple(portions), tuple(students), batches, digest)


def excerpts_for(
    workspace: Workspace, night: Night, waiting: Sequence[PortionOfNight]
) -> Iterator[tuple[PortionOfNight, Excerpt]]:
    """Find whom portions read and where their rows stand, in one pass for all that read equal tables."""
    students = dict(zip(night.portions, night.students, strict=True))
    for models in dict.fromkeys(portion.models for portion in waiting):
        alike = [one for one in waiting if one.models == models]
        read = [(one, some.students) for one in alike if (some := students[one]) is not None]
        if not read:
            continue
        declared = read_declared(workspace.published / models[0][0] / models[0][1])
        found = excerpts_of(
            workspace,
            declared.contract,
            [whom for _, whom in read],
            tables={*declared.indicators.tables, declared.contract.network.membership},
            last_batch=read[0][0].last_batch,
        )
        yield from zip((one for one, _ in read), found, strict=True)


def _by_tables(
    workspace: Workspace, models: Sequence[PublishedModel]
) -> list[list[tuple[PublishedModel, DeclaredInputs]]]:
    """Put models of equal tables and indicators together: one pass over the tables serves them."""
    groups: list[list[tuple[PublishedModel, DeclaredInputs]]] = []
    for model in models:
        inputs = read_declared(workspace.published / model.model / model.version)
        for alike in groups:
            first = alike[0][1]
            if (first.contract, first.indicators) == (inputs.contract, inputs.indicators):
                alike.append((model, inputs))
                break
        else:
            groups.append([(model, inputs)])
    return groups


def last_delivery(tables: Tables) -> date | None:
    """Return the day on which the newest rows came in."""
    read = [name for name, table in tables.contract.tables.items() if table.is_read]
    union = " UNION ALL ".join(f"SELECT max(received_on) AS day FROM versions.{quote(name)}" for name in read)  # noqa: S608
    found = tables.connection.execute(f"SELECT max(day) FROM ({union})").fetchall()  # noqa: S608
    return cast("date | None", found[0][0])


@cache
def program_digest() -> str:
    """Return a digest of the program's own files and of the libraries that its numbers come from."""
    package = Path(earlywarn.__file__).parent
    content = sha256(json.dumps({name: version(name) for name in _LIBRARIES}).encode())
    for path in sorted(package.rglob("*.py")):
        content.update(str(path.relative_to(package)).encode() + b"\0" + path.read_bytes())
    return content.hexdigest()


def _digest(workspace: Workspace, portions: Sequence[PortionOfNight], batches: str, as_of: date) -> str:
    manifests = {
        f"{name}/{number}": sha256((workspace.published / name / number / MANIFEST).read_bytes())
        for portion in portions
        for name, number in portion.models
    }
    said = {
        "as_of": as_of.isoformat(),
        "batches": batches,
        "models": {name: one.hexdigest() for name, one in manifests.items()},
        "portions": [portion.model_dump(mode="json") for portion in portions],
    }
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
