"""What a training hands to MLflow, as plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class ModelVersion:
    """One registered version of a model."""

    name: str
    version: str
    run_id: str
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DataInput:
    """One set of rows that a run used: what it is called, its digest, and what it holds, without a row."""

    name: str
    digest: str
    source: str
    """Where it stands, relative to the workspace, so that no path of a machine is kept."""
    columns: Mapping[str, str]
    """MLflow's type of each column: string, double, long, boolean or datetime."""
    profile: Mapping[str, object]
    context: str = "training"


@dataclass(frozen=True)
class ChildRun:
    """A run inside another: one candidate, or one trial of its tuning."""

    name: str
    params: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)
    series: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    """Metrics along steps, such as the loss of each trial."""
    tags: Mapping[str, str] = field(default_factory=dict)
    children: Sequence[ChildRun] = ()


@dataclass(frozen=True)
class RunRecord:
    """What a training leaves: settings, figures, the bundle, and files to read."""

    experiment: str
    model: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    bundle: Path
    texts: Mapping[str, str]
    """Files shown with the run, by name."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Pictures, by name."""
    series: Mapping[str, Sequence[tuple[int, float]]] = field(default_factory=dict)
    children: Sequence[ChildRun] = ()
    inputs: Sequence[DataInput] = ()
    description: str = ""
    """Markdown that stands at the head of the run and of the version."""
    name: str = ""
    """What the run is called; the model's name where there is none."""
    seconds: float = 0.0
    """How long it has taken before it is recorded."""
