"""A thousand planted identities go through the whole program and are found nowhere but in the encrypted room.

What is looked at: every byte of the workspace (tables, identities, reports, MLflow's database and artifacts,
published models, scores, the database server's files with its log of changes), the keys, the temporary and
the current folder, all that was said and logged at the most talkative level, every answer of the service, and
all rows of the database as text; each also as UTF-16, hexadecimal, base64 and unpacked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import make_url

from earlywarn.store import open_database
from earlywarn.store.roles import connect
from earlywarn.synthetic import synthesize
from earlywarn.tables import read_identities
from earlywarn.tables.identity_files import CODES
from earlywarn.workspace import Workspace
from tests.builders.canaries import Planted, plant, plant_in_export, refused_files
from tests.builders.needles import Needles
from tests.builders.scanning import Scan

TODAY = date(2026, 11, 20)
PLACES = ("workspace", "exports", "keys", "proposed", "temporary", "current", "account", "answers")


@dataclass(frozen=True)
class Travelled:
    """Where a network has been, and who was planted in its files."""

    home: Path
    planted: Planted

    @property
    def workspace(self) -> Workspace:
        """Return its workspace."""
        return Workspace(self.home / "workspace")

    @property
    def keys(self) -> Path:
        """Return its keys."""
        return self.home / "keys"


@pytest.fixture(scope="module")
def travelled(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Travelled:
    """Take a network with planted identities all the way, once."""
    home = tmp_path_factory.mktemp("leaks")
    synthesize(home / "extracts", n_students=2_000, n_school_years=6, until=TODAY, seed=1)
    planted = plant(home / "extracts")
    _write_exports(home, planted)
    _write_refused(home, planted)
    for name in ("temporary", "current", "account"):
        (home / name).mkdir()
    person = planted.students[0]
    people = {
        "codes": [one.code for one in (*planted.students, *planted.strangers)],
        "one": [person.code, person.family_name, person.given_name, person.born_on.isoformat()],
    }
    environment = {
        **os.environ,
        "EARLYWARN_HOME": str(home / "workspace"),
        "EARLYWARN_KEYS": str(home / "keys"),
        "EARLYWARN_APP_DIR": str(project),
        "TMPDIR": str(home / "temporary"),
        "HOME": str(home / "account"),
        "PYTHONPATH": os.pathsep.join([str(project / "src"), str(project)]),
    }
    with (home / "said.txt").open("wb") as said, (home / "logged.txt").open("wb") as logged:
        ended = subprocess.run(
            [sys.executable, "-m", "tests.builders.journey", str(home), str(project)],
            input=json.dumps(people).encode(),
            stdout=said,
            stderr=logged,
            env=environment,
            cwd=home / "current",
            check=False,
        )
    assert ended.returncode == 0, (home / "logged.txt").read_text(errors="replace")[-3_000:]
    return Travelled(home, planted)


def _write_exports(home: Path, planted: Planted) -> None:
    """Take the OneRoster zip out of the files, plant names in it, and write one that is cut as well."""
    folder = home / "given exports"
    folder.mkdir()
    plant_in_export(home / "extracts" / "oneroster.zip", folder / "whole.zip", planted)
    (home / "extracts" / "oneroster.zip").unlink()
    content = (folder / "whole.zip").read_bytes()
    (folder / "cut.zip").write_bytes(content[: len(content) // 2])


def _write_refused(home: Path, planted: Planted) -> None:
    """Write one folder per refused file: the network's files, with that one in its place."""
    for number, (_, name, content) in enumerate(refused_files(planted)):
        folder = home / "refused" / f"{number:02d}"
        folder.mkdir(parents=True)
        for path in (home / "extracts").glob("*.csv"):
            (folder / path.name).symlink_to(path)
        (folder / name).unlink()
        (folder / name).write_bytes(content)


def _rows(workspace: Workspace) -> Iterator[tuple[str, bytes]]:
    """Yield every row of every table of the database as text, the catalog's statistics among them."""
    url = make_url(open_database(workspace).service).set(username="postgres")
    engine = connect(url.render_as_string(hide_password=False), pool_size=1)
    with engine.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'm') ORDER BY 1")
        names = [row[0] for row in cursor.fetchall()]
        for name in names:
            with cursor.copy(f"COPY (SELECT * FROM {name}) TO STDOUT") as copy:
                yield name, b"".join(copy)
    engine.dispose()


def test_planted_identities_are_in_the_encrypted_room_only(
    travelled: Travelled, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing that the program wrote, said, logged, stored or answered shows who anybody is."""
    scan = Scan(Needles(travelled.planted.words))
    for part in PLACES:
        scan.folder(travelled.home / part)
    for name in ("said.txt", "logged.txt"):
        content = (travelled.home / name).read_bytes()
        scan.n_bytes += len(content)
        scan.content(content, where=name)
    n_rows = 0
    for name, content in _rows(travelled.workspace):
        n_rows += content.count(b"\n")
        scan.n_bytes += len(content)
        scan.content(content, where=f"database table {name}")

    with capsys.disabled():
        n_people = len(travelled.planted.students) + len(travelled.planted.strangers)
        print(  # noqa: T201
            f"\nidentities: {n_people} planted, {scan.needles.n_patterns} patterns in "
            f"{len(scan.needles.forms)} forms, {scan.n_files} files, {scan.n_bytes:,} bytes as they are, "
            f"{scan.n_unpacked:,} more unpacked ({dict(scan.containers)}), {n_rows:,} rows of the database: "
            f"{len(scan.found)} found"
        )
    assert scan.found == []


def test_the_encrypted_room_holds_them_all(travelled: Travelled) -> None:
    """They did come in, and who holds the key reads each: codes of stored rows, names and births."""
    people = read_identities("students", travelled.workspace, keys=travelled.keys)
    codes = read_identities(CODES, travelled.workspace, keys=travelled.keys)
    assert people is not None
    assert codes is not None
    fields = ("_code", "family_name", "given_name", "birth_date")
    kept = {tuple(row[field] for field in fields) for row in people.to_pylist()}
    known = set(codes["code"].to_pylist())
    students, strangers = travelled.planted.students, travelled.planted.strangers

    assert {(p.code, p.family_name, p.given_name, p.born_on.isoformat()) for p in students} <= kept
    assert {person.code for person in (*students, *strangers[4:6])} <= known
    assert known.isdisjoint(person.code for person in (*strangers[:4], *strangers[6:]))


def test_the_files_that_were_given_are_found_out(travelled: Travelled) -> None:
    """The same scan finds every planted student in the files themselves."""
    scan = Scan(Needles(travelled.planted.words))
    scan.folder(travelled.home / "extracts")
    found, students = {one.word for _, one in scan.found}, travelled.planted.students

    assert {word for one in students for word in (one.code, one.family_name, one.given_name)} <= found
    assert {person.born_on.isoformat() for person in students} <= found
