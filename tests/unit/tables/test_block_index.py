"""An index only spares work: with it, without it, or with a wrong one there, the same rows are read."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from earlywarn.pipeline.rotate import rotate
from earlywarn.tables import excerpts_of, open_tables, pseudonym_of
from earlywarn.tables.excerpts import Stretches
from earlywarn.tables.ledger import read_ledger
from tests.builders.intake import HEADER, Network
from tests.builders.people import people_network

CODES = [f"ROYX{number:04d}" for number in range(4800)]
DAYS = [f"2024-{month}-{day:02d}" for month in ("09", "10") for day in range(1, 15)]
LARGE = {
    "absences.csv": "\n".join([HEADER, *(f"{code};{day};;M;1;;;" for code in CODES for day in DAYS), ""])
}
LAST_OF_FIRST, LAST = 122_879, 245_759
EXPECTED = [((0, LAST_OF_FIRST),), ((0, LAST),), ((LAST_OF_FIRST + 1, LAST),)]
"""Student 4388 stands on both sides of the border between the two blocks."""

INTAKE = """
import os, signal, sys
from datetime import date
from pathlib import Path
from earlywarn.pipeline.ingest import ingest
from earlywarn.workspace import Workspace

def die_once_it_is_kept(step, done, total):
    if (step, done) == ("ingest", total):
        os.kill(os.getpid(), signal.SIGKILL)

home = Path(sys.argv[1])
ingest(home / "network", home / "files", Workspace(home / "workspace"), keys=home / "keys",
       received_on=date(2025, 1, 10), backfill=True, progress=die_once_it_is_kept)
"""


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the home of a network with a file of two blocks, as its intake left it."""
    network = people_network(tmp_path_factory.mktemp("indexed"))
    network.take_in(LARGE)
    return network.home


@pytest.fixture
def network(taken_in: Path, tmp_path: Path) -> Network:
    """Return a copy of that network."""
    return Network(Path(shutil.copytree(taken_in, tmp_path / "copy")))


def index(network: Network) -> Path:
    """Return where the index of the large file stands."""
    return network.workspace.tables / "absences" / "000001.index"


def found(network: Network) -> list[Stretches]:
    """Return where three groups of students stand: the first two, those at the border, the last two."""
    groups = [
        pa.array([pseudonym_of(code, keys=network.keys) for code in some], pa.string())
        for some in (CODES[:2], CODES[4387:4390], CODES[-2:])
    ]
    excerpts = excerpts_of(network.workspace, network.contract, groups, tables=["absences", "students"])
    (file,) = {file for one in excerpts for file in one.rows}
    for one, group in zip(excerpts, groups, strict=True):
        tables = open_tables(network.workspace, network.contract, some=one)
        shown = tables.connection.execute("SELECT student_id FROM versions.absences").fetchall()
        tables.close()
        theirs = dict.fromkeys(group.to_pylist(), len(DAYS))
        assert Counter(row[0] for row in shown if row[0] in theirs) == theirs
    return [one.rows[file] for one in excerpts]


def with_mark(content: Path, old: bytes, new: bytes) -> bytes:
    """Return an index that holds nobody, and says of itself one thing else."""
    nobody = pq.ParquetFile(content).read()[:0]
    metadata = {key: value.replace(old, new) for key, value in nobody.schema.metadata.items()}
    assert (metadata == nobody.schema.metadata) is (old == new)
    written = pa.BufferOutputStream()
    pq.write_table(nobody.replace_schema_metadata(metadata), written)
    return bytes(written.getvalue().to_pybytes())


def with_another_byte(content: bytes) -> bytes:
    """Return an index one of whose hashes is another's."""
    return content[:1000] + bytes([content[1000] ^ 255]) + content[1001:]


def test_the_intake_that_writes_a_large_file_makes_its_index(network: Network) -> None:
    """One index, of the file of two blocks; whoever finds it reads it, and makes no other."""
    before = index(network).stat()

    assert [path.name for path in network.workspace.tables.rglob("*.index")] == ["000001.index"]
    assert found(network) == EXPECTED
    assert index(network).stat() == before


def test_an_index_that_is_there_is_believed(network: Network) -> None:
    """The test's own proof that indexes are looked at: one that holds nobody leaves everybody out."""
    index(network).write_bytes(with_mark(index(network), b"", b""))

    with pytest.raises(AssertionError):
        found(network)


def test_a_missing_index_is_made_when_it_is_needed(network: Network) -> None:
    """It finds the same, and is the same to the byte as the one that the intake made."""
    before = index(network).read_bytes()
    index(network).unlink()

    assert found(network) == EXPECTED
    assert index(network).read_bytes() == before


def test_the_next_intake_makes_a_missing_index(network: Network) -> None:
    """Even one that adds nothing."""
    before = index(network).read_bytes()
    index(network).unlink()
    network.take_in({"absences.csv": f"{HEADER}\n{CODES[0]};{DAYS[0]};;M;1;;;\n"})

    assert index(network).read_bytes() == before


def test_an_intake_killed_before_the_index_leaves_a_batch_that_is_read(tmp_path: Path) -> None:
    """The batch exists without its index, which the first reader makes."""
    network = people_network(tmp_path)
    files = tmp_path / "files"
    files.mkdir()
    (files / "absences.csv").write_text(LARGE["absences.csv"])
    killed = subprocess.run([sys.executable, "-c", INTAKE, str(tmp_path)], check=False)

    assert killed.returncode == -signal.SIGKILL
    assert len(read_ledger(network.workspace).batches) == 1
    assert not index(network).exists()
    assert found(network) == EXPECTED
    assert index(network).exists()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda path: b"",
        lambda path: path.read_bytes()[:-9],
        lambda path: with_another_byte(path.read_bytes()),
        lambda path: with_mark(path, b'"block": 122880', b'"block": 61440'),
        lambda path: with_mark(path, b'"digest": "', b'"digest": "0'),
        lambda path: with_mark(path, b'"format": 1', b'"format": 0'),
        lambda path: with_mark(path, b'"hash": ["v', b'"hash": ["v1'),
    ],
    ids=["empty", "cut", "a byte", "block", "digest", "format", "engine"],
)
def test_an_index_that_does_not_belong_is_made_again(
    network: Network, wrong: Callable[[Path], bytes]
) -> None:
    """Damaged, of another file, of another form, or made by another release of the engine."""
    before = index(network).read_bytes()
    content = wrong(index(network))
    assert content != before
    index(network).write_bytes(content)

    assert found(network) == EXPECTED
    assert index(network).read_bytes() == before


def test_many_rows_are_indexed_by_some_students_at_once(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What bounds the memory of a large file changes nothing of what is found."""
    index(network).unlink()
    monkeypatch.setattr("earlywarn.tables.block_index._ROWS_AT_ONCE", 20_000)

    assert found(network) == EXPECTED
    assert pq.read_metadata(index(network)).num_rows == len(CODES)


def test_a_rotation_takes_the_index_away(network: Network) -> None:
    """Hashes of former pseudonyms go with their file; the new file has an index of its own once needed."""
    rotate(network.home / "network", network.workspace, keys=network.keys, today=date(2025, 3, 1))

    assert not list(network.workspace.tables.rglob("*.index"))
    assert found(network) == EXPECTED
    assert [path.name for path in network.workspace.tables.rglob("*.index")] == ["000001-r1.index"]


def test_a_full_disk_is_no_matter(network: Network, full_disk: Callable[[int], None]) -> None:
    """What cannot be kept is used all the same, and nothing is left half."""
    index(network).unlink()
    full_disk(600)

    assert found(network) == EXPECTED
    assert [path.name for path in index(network).parent.iterdir()] == ["000001.parquet"]


def test_a_place_that_cannot_be_written_is_no_matter(network: Network) -> None:
    """The same where something else stands in the index's place."""
    index(network).unlink()
    index(network).mkdir()

    assert found(network) == EXPECTED
    assert sorted(path.name for path in index(network).parent.iterdir()) == ["000001.index", "000001.parquet"]
