"""The programs that `docs/scale.md` shows run, and score to the same bits as the nightly run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earlywarn.features import build_matrix, moments_on
from earlywarn.pipeline.declared_inputs import read_declared, unit_keys
from earlywarn.pipeline.score import score
from earlywarn.scoring import reasons_json
from earlywarn.tables import open_tables
from tests.builders.scored_network import AS_OF, ScoredNetwork, published_network

COLUMNS = ["margin", "risk", "risk_low", "risk_high", "not_scored_because"]


def script_of(page: Path, name: str) -> str:
    """Return the program that a page shows under its file's name."""
    (found,) = re.findall(
        rf"```python\n# {name}\n(.*?)```", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return str(found)


def feature_rows(network: ScoredNetwork, model: str) -> pa.Table:
    """Return whose rows they are, and the features and codes that a model is scored from."""
    declared = read_declared(network.workspace.published / model / "1")
    tables = open_tables(network.workspace, declared.contract)
    matrix = build_matrix(
        tables,
        declared.contract,
        declared.indicators,
        cohort=declared.cohort,
        moments=moments_on(declared.contract, tables, AS_OF),
        families=declared.families,
    )
    tables.close()
    whose = pa.table({"student_id": ["|".join(unit) for unit in unit_keys(matrix, declared.contract)]})
    for part in (matrix.features, matrix.codes):
        for name in part.column_names:
            whose = whose.append_column(name, part[name])
    return whose


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> ScoredNetwork:
    """Return a network with published models."""
    return published_network(tmp_path_factory.mktemp("network"))


@pytest.fixture(scope="module")
def wanted(network: ScoredNetwork) -> pa.Table:
    """Return what the nightly run says, by unit."""
    run = score(network.folder, network.workspace, as_of=AS_OF, today=AS_OF, keys=network.keys).runs[0]
    return run.scores.sort_by("unit_id")


@dataclass(frozen=True)
class Shown:
    """A program of the page, ready to run on features in two files."""

    program: Path
    features: Path
    arguments: list[str]

    def run(self, *more: Path) -> str:
        """Run it, and return what it prints."""
        environ = {**os.environ, "PYSPARK_PYTHON": sys.executable, "SPARK_LOCAL_IP": "127.0.0.1"}
        asked = [sys.executable, str(self.program), *self.arguments, *map(str, more)]
        return subprocess.run(asked, env=environ, check=True, capture_output=True, text=True).stdout


def shown(name: str, network: ScoredNetwork, project: Path, folder: Path) -> Shown:
    """Write a program of the page beside the features of a model."""
    rows, features, program = feature_rows(network, "first"), folder / "features", folder / name
    features.mkdir()
    for place in range(2):
        pq.write_table(rows.slice(place * 60, 60), features / f"{place}.parquet")
    program.write_text(script_of(project / "docs" / "scale.md", name), encoding="utf-8")
    return Shown(program, features, [str(network.workspace.home), str(network.keys), "first"])


def test_the_page_s_plain_program_tells_risks_and_codes(
    network: ScoredNetwork, wanted: pa.Table, project: Path, tmp_path: Path
) -> None:
    """A line a row, with the night's risk and the codes of its reasons."""
    one = shown("score_with_arrow.py", network, project, tmp_path)

    lines = "".join(one.run(path) for path in sorted(one.features.iterdir())).splitlines()

    risks = dict(zip(wanted["unit_id"].to_pylist(), wanted["risk"].to_pylist(), strict=True))
    assert {line.split()[0]: line.split()[1] for line in lines} == {k: str(v) for k, v in risks.items()}
    assert any("'absent_days'" in line for line in lines)


def test_the_page_s_spark_program_gives_the_night_s_numbers(
    network: ScoredNetwork, wanted: pa.Table, project: Path, tmp_path: Path
) -> None:
    """On two local executors: margins, risks, ranges, reasons and abstentions, row by row."""
    if find_spec("pyspark") is None:
        pytest.skip("Spark is not installed: make test-spark")
    if shutil.which("java") is None:
        pytest.skip("no Java here, which Spark runs on: install a headless JRE, 17 or newer")
    one = shown("score_on_spark.py", network, project, tmp_path)

    one.run(one.features, tmp_path / "answer")

    found = pq.read_table(tmp_path / "answer").sort_by("student_id")
    assert found["student_id"].to_pylist() == wanted["unit_id"].to_pylist()
    assert found.select(COLUMNS).equals(wanted.select(COLUMNS))
    assert 0 < found["margin"].null_count < found.num_rows
    assert reasons_json(found["reasons"]).equals(reasons_json(wanted["reasons"]))
