"""A night that is killed goes on where it was; processes and a Dask cluster end with the same bytes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections import Counter
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import psutil
import pytest

from earlywarn.errors import EngineError, SettingsError
from earlywarn.pipeline import on_dask
from earlywarn.pipeline.demo import TODAY
from earlywarn.pipeline.engines import Engine, engine_named, here, in_processes
from earlywarn.pipeline.night import PortionOfNight
from earlywarn.pipeline.run_files import ScoreRun
from earlywarn.pipeline.run_tables import TABLES
from earlywarn.pipeline.score import current_run, score
from earlywarn.workspace import Workspace
from tests.builders.nights import PORTION, command, environment, lent, tree, wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from distributed import LocalCluster

    from earlywarn.domain import Progress
    from earlywarn.pipeline.demo import Demo


class DiskIsFullError(Exception):
    """What a night dies of here."""


@pytest.fixture(scope="module")
def whole(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a run that nothing interrupted."""
    return scored(demo, lent(demo, tmp_path_factory.mktemp("whole"))).folder


def scored(
    demo: Demo, workspace: Workspace, *, portion: int = PORTION, days_ago: int = 0, engine: Engine = here
) -> ScoreRun:
    """Score the demonstration's network in several portions."""
    return score(
        demo.network,
        workspace,
        as_of=TODAY - timedelta(days=days_ago),
        today=TODAY,
        keys=demo.keys,
        most_memberships=portion,
        engine=engine,
    )


def staged(workspace: Workspace, *, n_models: int = 2) -> list[Path]:
    """Return the files of scores, each model's, of the portions that a night has finished so far."""
    files = sorted(workspace.scores.glob(".night-*/*/*/[!.]*.parquet"))
    # A portion is finished when its last file is there: scores, rosters and peers of each model.
    whole = {name for name, n in Counter(path.name for path in files).items() if n == n_models * len(TABLES)}
    return [path for path in files if path.parent.name == "scores" and path.name in whole]


def test_a_killed_night_goes_on_where_it_was(demo: Demo, whole: Path, tmp_path: Path) -> None:
    """After kill -9 the rerun keeps what was finished, does the rest, and publishes the same bytes."""
    workspace = lent(demo, tmp_path / "home")
    environ = environment(demo, workspace)
    with subprocess.Popen(command(demo), env=environ, stderr=subprocess.PIPE) as process:
        wait_until(lambda: len(staged(workspace)) >= 2 or process.poll() is not None)
        children = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
    _, alive = psutil.wait_procs(children, timeout=20)
    kept = {str(path.relative_to(path.parents[2])): path.stat().st_mtime_ns for path in staged(workspace)}

    again = subprocess.run(command(demo), env=environ, capture_output=True, text=True, check=True)

    run = current_run(workspace)
    assert run is not None
    assert alive == []
    assert 2 <= len(kept) < len(list(whole.glob("*/scores/*.parquet")))
    assert {name: (run / name).stat().st_mtime_ns for name in kept} == kept
    assert "finished before)" in again.stderr
    assert tree(run) == tree(whole)
    assert sorted(path.name for path in workspace.scores.iterdir()) == [whole.name, "current"]


def dying(home: str, staging: str, portions: Sequence[PortionOfNight], progress: Progress) -> Iterator[str]:
    """Finish one portion, and die."""
    yield from here(home, staging, portions[:1], progress)
    raise DiskIsFullError


def test_nothing_finished_for_another_night_is_used(demo: Demo, tmp_path: Path) -> None:
    """Another day, another cut, other models: each night has its own folder, and sweeps the last one's."""
    workspace = lent(demo, tmp_path / "home")
    folders = []
    for days_ago, portion, gone in (
        (0, PORTION, ""),
        (1, PORTION, ""),
        (1, 3 * PORTION, ""),
        (1, 3 * PORTION, "dropout"),
    ):
        if gone:
            shutil.rmtree(workspace.published / gone)
        with pytest.raises(DiskIsFullError):
            scored(demo, workspace, portion=portion, days_ago=days_ago, engine=dying)
        (folder,) = workspace.scores.glob(".night-*")
        folders.append(folder.name)

    assert len(set(folders)) == 4
    assert staged(workspace, n_models=1)
    assert current_run(workspace) is None


def test_what_a_worker_refuses_is_said(demo: Demo, tmp_path: Path) -> None:
    """A refusal comes back from the process as it was raised, and what was finished stays."""
    workspace = lent(demo, tmp_path / "home")

    def planned_by_another_program(
        home: str, staging: str, portions: Sequence[PortionOfNight], progress: Progress
    ) -> Iterator[str]:
        changed = [portion.model_copy(update={"program": "other"}) for portion in portions]
        yield from in_processes(home, staging, changed, n_processes=1)

    with pytest.raises(EngineError, match="another version of the program"):
        scored(demo, workspace, engine=planned_by_another_program)


def test_the_command_scores_on_a_cluster(
    demo: Demo, cluster: LocalCluster, whole: Path, tmp_path: Path
) -> None:
    """`earlywarn score --engine dask` publishes the same bytes, file by file."""
    workspace = lent(demo, tmp_path / "home")
    asked = [*command(demo), "--engine", "dask", "--scheduler", cluster.scheduler_address]

    subprocess.run(asked, env=environment(demo, workspace), check=True, capture_output=True)

    run = current_run(workspace)
    assert run is not None
    assert len(list(run.glob("*/scores/*.parquet"))) >= 4
    assert tree(run) == tree(whole)


def test_a_killed_worker_loses_nothing(
    demo: Demo, cluster: LocalCluster, whole: Path, tmp_path: Path
) -> None:
    """With kill -9 in the middle of the night, the run is the same."""
    workspace = lent(demo, tmp_path / "home")
    killed: list[int] = []

    def kill() -> None:
        wait_until(lambda: any(workspace.scores.glob(".night-*/*/scores/[!.]*.parquet")))
        victim = next(iter(cluster.workers.values()))
        killed.append(victim.pid)
        os.kill(victim.pid, signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    run = scored(demo, workspace, engine=engine_named("dask", cluster.scheduler_address))
    killer.join()

    assert len(killed) == 1
    assert not Path(f"/proc/{killed[0]}/cmdline").exists()
    assert tree(run.folder) == tree(whole)


def test_nobody_at_the_address_is_said(demo: Demo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong address, or half an answer, ends in one sentence that says what to do."""
    pytest.importorskip("distributed", reason="Dask is not installed")
    monkeypatch.setattr(on_dask, "SECONDS_TO_CONNECT", 0.5)
    workspace = lent(demo, tmp_path / "home")

    for address in ("tcp://127.0.0.1:9", "nonsense"):
        with pytest.raises(EngineError, match="no Dask scheduler answers") as caught:
            scored(demo, workspace, engine=engine_named("dask", address))
        assert caught.value.where == address
    with pytest.raises(SettingsError, match="an engine and an address"):
        engine_named("dask", None)
    with pytest.raises(SettingsError, match="an engine and an address"):
        engine_named("here", "tcp://127.0.0.1:9")
