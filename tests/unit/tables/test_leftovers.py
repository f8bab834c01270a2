"""What a cut intake leaves is no state of anybody's, and goes with the next intake."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import ExtractError, TableError
from earlywarn.tables.versions import connect
from tests.builders.intake import Network
from tests.builders.people import FILES, people_network


@pytest.fixture
def network(tmp_path: Path) -> Network:
    """Return the small network with names, taken in."""
    network = people_network(tmp_path)
    network.take_in(FILES)
    return network


def _state(network: Network) -> set[str]:
    home = network.workspace.home
    return {str(path.relative_to(home)) for path in home.rglob("*") if "locks" not in path.parts}


@pytest.mark.parametrize(
    "name",
    [
        "tables/absences/000002.parquet",
        "tables/absences/000002.index",
        "tables/absences/.000002.parquet.part",
        "tables/absences/.000001.index.77.part",
        "tables/marks/.000002.parquet.part",
        "tables/.ledger.json.77.part",
        "tables/.spill/duckdb_temp_storage_DEFAULT-0.tmp",
        "identities/students-0123456789abcdef.encrypted",
        "identities/.students-0123456789abcdef.encrypted.77.part",
        "tables/profiles/000002.json",
        "reports/intake-000002.json",
        "reports/intake-000002.fr.html",
        "reports/.intake-000002.json.77.part",
    ],
)
def test_leftovers_go(network: Network, name: str) -> None:
    """Whatever no ledger names is removed by the next intake, even one that adds nothing."""
    before = _state(network)
    left = network.workspace.home / name
    left.parent.mkdir(parents=True, exist_ok=True)
    left.write_bytes(b"left")
    network.take_in(FILES)

    assert _state(network) == before


def test_a_refused_intake_leaves_its_report_only(network: Network) -> None:
    """A file refused after others were read leaves neither rows nor identities of them."""
    before = _state(network)
    students = "Code;Sex;Name;Born\nROYX0404;F;Roy;2010-01-01\n"
    with pytest.raises(ExtractError, match="line 1 holds"):
        network.take_in({"students.csv": students, "absences.csv": b"\0\n"})
    left = sorted(_state(network) - before)

    assert [name.partition(".")[2] for name in left] == ["en.html", "fr.html", "json"]
    assert all(name.startswith("reports/nothing-stored-") for name in left)


def test_batches_without_a_ledger_are_no_leftovers(network: Network) -> None:
    """Where the ledger is gone, nothing is removed: it is to be restored first."""
    network.absences("LAVM0101;2024-10-01;;M;1;;;")
    (network.workspace.tables / "ledger.json").unlink()
    before = _state(network)

    with pytest.raises(TableError, match="there are batches and no ledger; restore it"):
        network.take_in(FILES)
    assert _state(network) - {"locks"} == before


def test_what_is_spilled_to_disk_names_nobody(tmp_path: Path) -> None:
    """Rows that do not fit into memory are written out encrypted: a kill leaves them behind."""
    connection = connect(threads=1, spill=tmp_path / "spill")
    connection.execute("SET memory_limit = '40MB'")
    connection.execute(
        "CREATE TEMP TABLE named AS SELECT 'LAVM0101' AS code, 'Lavoie' || range AS name, "
        "md5(range::VARCHAR) || md5((range + 1)::VARCHAR) AS filling FROM range(1_000_000)"
    )
    spilled = b"".join(path.read_bytes() for path in (tmp_path / "spill").rglob("*") if path.is_file())
    connection.close()

    assert len(spilled) > 1_000_000
    assert b"Lavoie" not in spilled
    assert b"LAVM0101" not in spilled
