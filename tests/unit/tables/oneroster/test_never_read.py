"""What must not be read is found nowhere after an intake: not in a table, not in a report, not encrypted."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from earlywarn.pipeline.ingest import ingest
from earlywarn.tables import read_identities
from earlywarn.tables.exports.opening import open_export
from earlywarn.tables.exports.reading import read_files
from earlywarn.tables.ledger import read_ledger
from earlywarn.tables.oneroster import standard
from earlywarn.tables.versions import connect
from tests.builders.oneroster import BULK, RECEIVED, manifest, small_network

CANARY = "Zzyzx-canary"


def _planted() -> dict[str, tuple[str, ...]]:
    """Return the bulk export with a canary in every cell that must not be read."""
    planted = {}
    for file, lines in BULK.items():
        header = lines[0].split(",")
        never = set(standard().files[file].never)
        rows = []
        for line in lines[1:]:
            cells = line.replace('"y27,t1"', "y27").split(",")
            rows.append(",".join(CANARY if n in never else c for n, c in zip(header, cells, strict=True)))
        planted[file] = (lines[0], *rows)
    return planted


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Return a zip with canaries, and files that are never opened."""
    files = {**_planted(), "userProfiles": (f"{CANARY},{CANARY}", CANARY)}
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("manifest.csv", manifest(dict.fromkeys(files, "bulk")))
        for name, lines in files.items():
            packed.writestr(f"{name}.csv", "\n".join(lines) + "\n")
    return path


def test_the_canaries_are_there(export: Path) -> None:
    """The zip holds a canary in every column that must not be read."""
    with zipfile.ZipFile(export) as packed:
        text = "".join(packed.read(name).decode() for name in packed.namelist())

    n_never = sum(len(standard().files[file].never) * (len(lines) - 1) for file, lines in BULK.items())
    assert text.count(CANARY) == n_never + 3


def test_no_canary_is_left_in_the_workspace(export: Path, tmp_path: Path) -> None:
    """Every byte that the intake wrote is looked at, and what it encrypted is decrypted first."""
    network = small_network(tmp_path / "small").network

    report = ingest(
        tmp_path / "small" / "network", export, network.workspace, received_on=RECEIVED, keys=network.keys
    )
    written = [path for path in network.workspace.home.rglob("*") if path.is_file()]
    names = list(read_ledger(network.workspace).identities)
    opened = [read_identities(name, network.workspace, keys=network.keys) for name in names]

    assert report.n_quarantined == 0
    assert [t.n_new for t in report.tables if t.table == "students"] == [2]
    assert len([path for path in written if path.suffix == ".encrypted"]) == len(names) == 12
    assert not [path for path in written if CANARY.encode() in path.read_bytes()]
    assert not [rows for rows in opened if rows is None or CANARY in str(rows.to_pydict())]
    assert CANARY not in report.as_text("fr")


def test_the_tokenizer_gives_only_what_is_wanted(export: Path) -> None:
    """The engine holds the columns that were asked for, and no relation with another."""
    connection = connect(threads=1)
    wanted = {"users": ("familyName",), "results": ("score",)}
    opened = open_export(export, wanted)

    read_files(connection, opened, wanted)
    columns = connection.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY ALL"
    ).fetchall()

    assert columns == [
        ("raw:results", "_line"),
        ("raw:results", "score"),
        ("raw:results", "sourcedId"),
        ("raw:results", "status"),
        ("raw:users", "_line"),
        ("raw:users", "familyName"),
        ("raw:users", "sourcedId"),
        ("raw:users", "status"),
    ]
    assert opened.contents.keys() == {"users", "results"}
