"""What is kept of an intake's files: figures by hand, the same bytes each time, whatever the engine does."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest

from earlywarn.errors import TableError
from earlywarn.tables import load_contract, load_extracts
from earlywarn.tables.drift import (
    FileSet,
    GivenHeader,
    KeptProfiles,
    Measurement,
    Profile,
    extracts_of,
    profile_of,
)
from tests.builders.drift import Visits, named, visits

SIX = """Code permanent;Nom;École;Date;Date de saisie;Départ;Motif;Local;Durée (jours);Résultat (%);Visites;\
Retard;Remarque
A1;Roy;001;02/09/2024;03/09/2024;;M;L1;0,5;72,25;1;0;vu
A2;Roy;001;03/09/2024;;;M;L1;1;60;2;1;
A3;Roy;002;04/09/2024;;;N;L2;2;80,5;3;0;
A4;Roy;002;05/09/2024;;;X;L2;0,25;x;4;0;
A5;Roy;002;06/09/2024;;05/09/2024;R;;;90;5;0;
A6;Roy;002;07/09/2024;too;many;cells;M;;;;;;;
"""


def _profiles(network: Visits) -> tuple[Profile, ...]:
    return KeptProfiles(network.network.workspace).last("visits", ["visites_*.csv"], range(1, 100))


def test_figures_of_a_small_file(tmp_path: Path) -> None:
    """Counts, ends, codes and reasons are those of the file, by hand."""
    network = visits(tmp_path, n_months=0)

    network.take_in_text(SIX)

    (profile,) = _profiles(network)
    assert (profile.n_files, profile.n_read, profile.n_broken, profile.n_clean) == (1, 6, 1, 3)
    days, mark = profile.columns["days"], profile.columns["mark"]
    assert (days.n_values, days.n_clean_values, days.reasons) == (4, 2, {"too_large": 1})
    assert days.numbers is not None
    assert (days.numbers.minimum, days.numbers.maximum) == (Decimal("0.25"), Decimal(2))
    assert (days.numbers.n_to_one, days.numbers.decimals, days.numbers.mean) == (3, 2, 0.9375)
    assert mark.numbers is not None
    assert (mark.numbers.median, mark.numbers.decimals) == (Decimal("72.25"), 2)
    # The fourth row breaks two rules, and counts for the first of them.
    assert (mark.n_values, mark.reasons) == (4, {})
    category = profile.columns["category"]
    assert category.codes is not None
    assert (dict(category.codes.counts), category.reasons) == ({"excused": 2, "late": 1}, {"unknown_code": 1})
    assert profile.columns["recorded_on"].n_values == 1
    assert profile.columns["school_id"].varies
    assert not profile.columns["name"].varies


def test_the_same_files_give_the_same_bytes(tmp_path: Path) -> None:
    """Two workspaces fed alike keep alike."""
    kept = []
    for name in ("one", "two"):
        network = visits(tmp_path / name, n_months=2)
        kept.append((network.network.workspace.tables / "profiles" / "000002.json").read_bytes())

    assert kept[0] == kept[1]


def test_nothing_new_keeps_no_profile(tmp_path: Path) -> None:
    """The same file twice is no batch, and so no past."""
    network = visits(tmp_path, n_months=0)
    network.take_in_text(SIX)

    network.take_in_text(SIX)

    assert len(_profiles(network)) == 1


def test_a_profile_without_its_batch_does_not_exist(tmp_path: Path) -> None:
    """An intake killed before its ledger was written leaves nothing to compare with."""
    network = visits(tmp_path, n_months=1)
    folder = network.network.workspace.tables / "profiles"
    orphan = json.loads((folder / "000001.json").read_text())
    orphan["number"], orphan["profiles"][0]["n_read"] = 2, 400_000
    (folder / "000002.json").write_text(json.dumps(orphan))

    report = network.take_in()

    assert (report.batch, named(report)) == (2, {})
    assert json.loads((folder / "000002.json").read_text())["profiles"][0]["n_read"] == 400


def test_a_damaged_profile_is_said_with_what_to_do(tmp_path: Path) -> None:
    """Nothing is compared with what cannot be read."""
    network = visits(tmp_path, n_months=1)
    (network.network.workspace.tables / "profiles" / "000001.json").write_text("{")

    with pytest.raises(TableError, match=r"damaged.*remove the file: only comparisons with it are lost"):
        network.take_in()


def test_the_last_profile_of_a_rare_file_is_found_behind_many_others(tmp_path: Path) -> None:
    """A supplier who sends once a year is compared with last year, whoever sent since."""
    network = visits(tmp_path, n_months=1)
    kept = KeptProfiles(network.network.workspace)
    (rare,) = _profiles(network)
    for number in range(2, 60):
        kept.keep(number, [rare.model_copy(update={"extract": "autres_*.csv", "n_read": number})])

    found = kept.last("visits", ["visites_*.csv"], range(1, 60))
    others = kept.last("visits", ["autres_*.csv"], range(1, 60))

    assert found == (rare,)
    assert [one.n_read for one in others] == list(range(59, 39, -1))


def _measured(project: Path, threads: int, n_rows: int) -> Profile:
    """Measure drawn absences, as converted, with an engine of some threads."""
    network = project / "models" / "quebec"
    contract = load_contract(network / "contract.toml")
    ((extract, key),) = extracts_of(load_extracts(network / "extracts.toml", contract), "absences")
    rng = np.random.default_rng(3)
    given = {
        "line": np.arange(n_rows) + 2,
        "student_id": rng.integers(0, 50_000, n_rows),
        "days": rng.integers(0, 101, n_rows),
        "period": rng.choice(["day", "am", "pm"], n_rows, p=[0.7, 0.2, 0.1]),
    }
    connection = duckdb.connect(":memory:", config={"threads": threads})
    connection.register("given", given)
    connection.execute(
        "CREATE TABLE converted AS SELECT CAST(student_id AS VARCHAR) AS student_id, DATE '2024-09-01' + "
        "CAST(days AS INTEGER) AS happened_on, period, CAST(days / 100 AS DECIMAL(18,4)) AS days, "
        "CAST(NULL AS DATE) AS recorded_on, 'late' AS category, 1 AS _file, line AS _line, "
        "CASE WHEN line % 1000 = 0 THEN 'days:not_a_number' END AS _reason FROM given"
    )
    measured = Measurement(connection, contract, "absences", extract, key)
    for start in range(0, n_rows, n_rows // 3):
        measured.add(f"(SELECT * FROM converted LIMIT {n_rows // 3} OFFSET {start})")
    files = FileSet(extract, key, 1, (GivenHeader("a.csv", extract.needed),), n_rows, 0, measured)
    return profile_of(contract, "absences", files, received_on=date(2025, 1, 1), backfill=False)


def test_a_large_file_is_sampled_alike_by_any_number_of_threads(project: Path) -> None:
    """Counts and ends are of every row; the quantiles of a sample stand where those of all rows do."""
    one, two = _measured(project, 1, 1_500_000), _measured(project, 2, 1_500_000)

    assert one == two
    days, period = one.columns["days"], one.columns["period"]
    assert (one.n_read, one.n_clean, days.reasons) == (1_500_000, 1_498_500, {"not_a_number": 1_500})
    assert days.numbers is not None
    assert (days.numbers.minimum, days.numbers.maximum) == (Decimal(0), Decimal(1))
    assert days.numbers.n_to_one == 1_500_000
    assert [float(q) for q in days.numbers.quantiles] == pytest.approx([0.05, 0.5, 0.95], abs=0.01)
    assert period.codes is not None
    assert 200_000 < period.codes.n_counted < 550_000
    shares = {code: n / period.codes.n_counted for code, n in period.codes.counts.items()}
    assert shares == pytest.approx({"day": 0.7, "am": 0.2, "pm": 0.1}, abs=0.003)
