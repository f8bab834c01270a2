"""Build the demonstration: an invented network, from raw files to rosters in the store.

It runs the same use cases as a real network, in the same order; nothing here knows a shortcut.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from earlywarn import __version__
from earlywarn.domain import Progress
from earlywarn.pipeline.accounts import Demonstration, prepare_demonstration
from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.load import load
from earlywarn.pipeline.promote import promote
from earlywarn.pipeline.publish import publish
from earlywarn.pipeline.quality import quality, store_quality
from earlywarn.pipeline.score import score
from earlywarn.pipeline.serve import serve
from earlywarn.pipeline.train import train
from earlywarn.scoring.explanations import FORMAT
from earlywarn.store import open_database
from earlywarn.synthetic import synthesize
from earlywarn.workspace import Workspace, write_atomically

TODAY = date(2026, 11, 20)
NETWORK = "quebec"


@dataclass(frozen=True)
class Demo:
    """Where the demonstration stands, what each step said, and who may sign in."""

    network: Path
    workspace: Workspace
    keys: Path
    sentences: tuple[str, ...]
    demonstration: Demonstration

    def invitation(self, port: int) -> str:
        """Return the page's address and the three accounts, as printed to whoever ran the demonstration."""
        accounts = "\n".join(
            f"  {account.role:<10} {account.label}" for account in self.demonstration.accounts
        )
        return (
            f"\nOpen http://127.0.0.1:{port}/ and choose an account:\n{accounts}\n"
            f"The calling system's key, shown this once:\n  {self.demonstration.key}"
        )


def build_demo(
    application: Path, folder: Path, *, n_students: int, seed: int, progress: Progress, pictures: bool = True
) -> Demo:
    """Build the whole demonstration below `folder`, or find it there already built alike.

    A build that was cut short starts anew: its mark is written last.
    """
    network = application / "models" / NETWORK
    workspace, keys = Workspace(folder / "workspace"), folder / "keys"
    mark = folder / "built.json"
    wanted = {
        "version": __version__,
        "leaf_tables": FORMAT,
        "students": n_students,
        "seed": seed,
        "today": TODAY.isoformat(),
    }
    sentences = _already_built(mark, wanted)
    if sentences is None:
        shutil.rmtree(folder, ignore_errors=True)
        sentences = _build(network, folder, workspace, keys, n_students, seed, progress, pictures)
        content = json.dumps({**wanted, "sentences": sentences}, ensure_ascii=False, indent=1)
        write_atomically(mark, content.encode())
    demonstration = prepare_demonstration(open_database(workspace), today=TODAY)
    return Demo(network, workspace, keys, tuple(sentences), demonstration)


def serve_demo(application: Path, built: Demo, *, port: int) -> None:
    """Serve the demonstration on the machine's own address, on the day it was built for."""
    serve(
        application,
        network=built.network,
        workspace=built.workspace,
        keys=built.keys,
        port=port,
        demo=True,
        today=TODAY,
    )


def _already_built(mark: Path, wanted: dict[str, object]) -> list[str] | None:
    if not mark.is_file():
        return None
    built = json.loads(mark.read_text(encoding="utf-8"))
    return built["sentences"] if {key: built.get(key) for key in wanted} == wanted else None


def _build(
    network: Path,
    folder: Path,
    workspace: Workspace,
    keys: Path,
    n_students: int,
    seed: int,
    progress: Progress,
    pictures: bool,
) -> list[str]:
    extracts = folder / "extracts"
    invented = synthesize(extracts, n_students=n_students, until=TODAY, seed=seed, progress=progress)
    report = ingest(
        network, extracts, workspace, received_on=TODAY, backfill=True, keys=keys, progress=progress
    )
    sentences = [invented.summary(), report.as_text("en")]
    for model in sorted(path.parent for path in network.glob("*/model.toml")):
        result = train(model, workspace, today=TODAY, seed=seed, pictures=pictures, progress=progress)
        sentences += [result.summary(), promote(model, workspace).summary()]
        sentences.append(publish(model, workspace, keys=keys).summary())
    run = score(network, workspace, as_of=TODAY, today=TODAY, keys=keys, progress=progress)
    load(network, workspace, open_database(workspace), run.to_load(), keys=keys, progress=progress)
    looked_at = quality(network, workspace, as_of=TODAY, progress=progress)
    store_quality(network, workspace, open_database(workspace), looked_at.quality)
    return [*sentences, run.summary(), looked_at.summary()]
