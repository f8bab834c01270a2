"""A workspace with one batch, files for a second, and what readers see of it while it is being killed."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from earlywarn.tables import open_tables, read_identities
from earlywarn.tables.ledger import read_ledger
from earlywarn.workspace import Workspace
from tests.builders.intake import HEADER, Network
from tests.builders.nursery import Moment, Nursery, Run
from tests.builders.people import FILES, people_network

Tree = Mapping[str, bytes]
WORDS = (b"LAVM", b"TREJ", b"ROYX", b"Lavoie", b"Tremblay", b"Roy-Roy", b"2011-01-01")
TABLES = ("students", "enrollments", "absences")


@dataclass(frozen=True)
class Scene:
    """The network, its first state, and the files that make the second."""

    network: Network
    files: Path
    home: Path

    @property
    def workspace(self) -> Workspace:
        """Return the workspace that is taken in and killed."""
        return Workspace(self.home / "workspace")

    @property
    def keys(self) -> Path:
        """Return its keys."""
        return self.home / "keys"

    @property
    def settings(self) -> dict[str, str]:
        """Return what the command line needs to know of it."""
        return {"EARLYWARN_HOME": str(self.workspace.home), "EARLYWARN_KEYS": str(self.keys)}

    @property
    def ingest(self) -> list[str]:
        """Return the command that takes the second batch in."""
        return ["ingest", str(self.network.home / "network"), str(self.files), "--received", "2025-02-01"]

    @property
    def rotate(self) -> list[str]:
        """Return the command that changes the keys."""
        return ["rotate", str(self.network.home / "network"), "--today", "2025-02-02"]

    def begin(self) -> None:
        """Put the first state in place anew."""
        for folder in (self.workspace.home, self.keys):
            shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(self.network.workspace.home, self.workspace.home)
        shutil.copytree(self.network.keys, self.keys)

    def run(self, warm: Nursery, moment: Moment | None = None) -> Run:
        """Take the second batch in, from the first state."""
        self.begin()
        return warm.run(self.ingest, self.settings, moment=moment)

    def tree(self) -> Tree:
        """Return every file of the workspace and the keys; the locks hold the number of a process."""
        return {
            str(path.relative_to(self.home)): path.read_bytes()
            for path in sorted(self.home.rglob("*"))
            if path.is_file() and path.parent.name != "locks"
        }

    def seen(self) -> object:
        """Return all that readers see: rows of every table, people, and the batch's report."""
        workspace, contract = self.workspace, self.network.contract
        tables = open_tables(workspace, contract)
        try:
            rows = [
                tables.connection.execute(f"SELECT * FROM versions.{name} ORDER BY ALL").fetchall()
                for name in TABLES
            ]
        finally:
            tables.close()
        people = read_identities("students", workspace, keys=self.keys)
        batches = len(read_ledger(workspace).batches)
        report = (workspace.reports / f"intake-{batches:06d}.json").read_bytes()
        return rows, people, report

    def names_anybody(self) -> bool:
        """Say whether a code, a name or a birth date stands in clear in any file."""
        return any(word in content for content in self.tree().values() for word in WORDS)


@dataclass(frozen=True)
class Ends:
    """The two whole states of a scene, as bytes and as readers see them, and what lies between."""

    before: Tree
    after: Tree
    seen_before: object
    seen_after: object
    seconds: float
    n_steps: int


def both_ends(given: Scene, warm: Nursery) -> Ends:
    """Run undisturbed, and return both states."""
    given.begin()
    before, seen_before = given.tree(), given.seen()
    given.run(warm)
    run = given.run(warm)
    assert (run.code, run.was_killed) == (0, False), run.said
    return Ends(before, given.tree(), seen_before, given.seen(), run.seconds, run.n_steps)


def scene(home: Path) -> Scene:
    """Declare the network, take its first files in, and write the second: some of every kind of row."""
    network = people_network(home / "given")
    network.take_in(FILES)
    files = home / "second"
    files.mkdir()
    students = "Code;Sex;Name;Born\nlavm 0101;F;Lavoie-Roy;2010-01-01\nROYX0404;F;Roy-Roy;2011-01-01\n"
    (files / "students.csv").write_text(students, encoding="utf-8")
    corrected = ["LAVM0101;2024-09-03;;N;0,5;;;", "GAGP0303;2024-09-04;;N;0,5;;;"]
    wrong = ["ROYX0404;2024-09-05;;M;7;;;", "ROYX0404;31/31/2024;;M;1;;;", "a name;2024-09-06;;M;1;;;", "x;y"]
    many = [
        f"ROY{'XYZ'[row % 3]}{row // 3 % 400:04d};{row // 1200 + 1:02d}/11/2024;;{'MN'[row % 2]};0,25;3;1;ill"
        for row in range(6_000)
    ]
    (files / "absences.csv").write_text("\n".join([HEADER, *corrected, *wrong, *many, many[0]]) + "\n")
    return Scene(network, files, home / "trial")
