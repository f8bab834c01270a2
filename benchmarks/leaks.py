"""Plant leaks one at a time, train, and print which detector caught each; then look for false alarms.

`python -m benchmarks.leaks` runs on the small network of the tests: every leak goes through the real intake
and the real training, and so does every clean network, each of another seed. `--quebec N` adds N networks of
the invented Québec kind, with both of its models. What is printed is what docs/leaks-and-gates.md shows.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from unittest.mock import patch

from earlywarn.domain import no_progress
from earlywarn.errors import LeakError
from earlywarn.evaluation import Finding
from earlywarn.evaluation.leaks import TITLES
from earlywarn.features import asof
from earlywarn.modeling import Fitting, load_spec
from earlywarn.modeling import training as modeling_training
from earlywarn.modeling.leaks import columns, sampling
from earlywarn.pipeline.ingest import ingest
from earlywarn.pipeline.leaks import replay_finding
from earlywarn.pipeline.train import labeled_matrix
from earlywarn.synthetic import synthesize
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace
from tests.builders.leaky import TODAY, Leaky, deaf, seeing_the_future, training_on_the_test

QUEBEC = Path(__file__).resolve().parent.parent / "models" / "quebec"
QUEBEC_DAY = date(2026, 11, 20)
N_STUDENTS = 2_000


class _FindingsError(Exception):
    """Carry the findings out of a training, which is not needed any further."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        super().__init__()
        self.findings = tuple(findings)


def findings_of(folder: Path, workspace: Workspace, *, today: date, seed: int) -> tuple[Finding, ...]:
    """Run every detector of a training on a declared model, and stop there."""
    spec, contract = load_spec(folder / "model.toml"), load_contract(folder.parent / "contract.toml")
    matrix = labeled_matrix(folder, workspace, contract, spec, today=today)
    replayed = replay_finding(folder, workspace, contract, spec, matrix)

    def stop(findings: Iterable[Finding], **_where: str) -> None:
        raise _FindingsError(findings)

    with patch.object(modeling_training, "stop_at", stop):
        try:
            modeling_training.train_model(
                matrix,
                spec,
                network=contract.network.name,
                today=today,
                fitting=Fitting(seed=seed, n_threads=1),
                findings=(replayed,),
            )
        except _FindingsError as found:
            return found.findings
    raise AssertionError("a training without detectors")


def caught_by(train: Callable[[], object]) -> str:
    """Name the detectors that stopped a training."""
    try:
        train()
    except LeakError as error:
        return error.what.removeprefix("the training is stopped by: ")
    return "nothing"


def planted(home: Path) -> list[tuple[str, str]]:
    """Plant every leak, and say which detector caught it."""
    one = Leaky(home / "leaky").take_in()
    twins = Leaky(home / "twins", n_students=480, twins=True).take_in()
    table = [
        ("a table that forgets when it was known", caught_by(lambda: one.train("files"))),
        ("a column filled in afterwards, for past years only", caught_by(lambda: one.train("closings"))),
        ("a number given school by school", caught_by(lambda: one.train("numbers"))),
        ("every student under two numbers", caught_by(twins.train)),
    ]
    broken: list[tuple[str, object, str, Callable[..., object]]] = [
        ("an engine without `visible_from < as_of`", asof, "row_is_known", seeing_the_future),
        ("tested rows that also train", sampling, "time_split", training_on_the_test),
        ("an alarm that no longer hears", columns, "aucs_alone", deaf),
    ]
    for words, module, name, replacement in broken:
        with patch.object(module, name, replacement):
            table.append((words, caught_by(one.train)))
    return table


def small_networks(home: Path, n_seeds: int) -> Iterable[tuple[Finding, ...]]:
    """Look at clean small networks, each of another seed."""
    for seed in range(n_seeds):
        clean = Leaky(home / f"clean{seed}", seed=seed).take_in()
        yield findings_of(clean.declare(), clean.workspace, today=TODAY, seed=seed)


def quebec_networks(home: Path, n_seeds: int) -> Iterable[tuple[Finding, ...]]:
    """Look at both models of invented networks of the Québec kind, each of another seed."""
    for seed in range(1, n_seeds + 1):
        files, workspace = home / f"files{seed}", Workspace(home / f"workspace{seed}")
        synthesize(files, n_students=N_STUDENTS, until=QUEBEC_DAY, seed=seed, progress=no_progress)
        keys = home / f"keys{seed}"
        ingest(QUEBEC, files, workspace, received_on=QUEBEC_DAY, backfill=True, keys=keys)
        for model in ("dropout", "difficulty"):
            yield findings_of(QUEBEC / model, workspace, today=QUEBEC_DAY, seed=seed)


def alarms(told: Iterable[tuple[Finding, ...]]) -> tuple[int, Counter[str]]:
    """Count trainings, and the findings that did not pass."""
    n_trainings, counted = 0, Counter[str]()
    for findings in told:
        n_trainings += 1
        counted.update(
            f"{TITLES[one.name]['en']} {one.verdict}" for one in findings if one.verdict != "passed"
        )
    return n_trainings, counted


def main() -> None:
    """Print the table of planted leaks, then what clean networks set off."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--quebec", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        print("| planted leak | stopped by |\n|---|---|")
        for words, detectors in planted(home):
            print(f"| {words} | {detectors} |", flush=True)
        for name, told in (
            ("small", small_networks(home, asked.seeds)),
            ("Québec", quebec_networks(home, asked.quebec)),
        ):
            n_trainings, counted = alarms(told)
            listed = ", ".join(f"{words}: {n}" for words, n in sorted(counted.items())) or "none"
            if n_trainings:
                told_of = f"{n_trainings} clean trainings of the {name} kind"
                print(f"\n{told_of}; findings that did not pass: {listed}")


if __name__ == "__main__":
    main()
