"""Whatever happens to a file on its way, every row read is accepted, held back or a duplicate.

`EARLYWARN_CASES` multiplies the number of mutated files (16 files an example) for a long run by hand.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from earlywarn.errors import ExtractError
from earlywarn.tables import IntakeReport, load_extracts
from earlywarn.tables.reading import open_text
from tests.builders.intake import HEADER, Network, declare

N_EXAMPLES = 25 * int(os.environ.get("EARLYWARN_CASES", "1"))
N_FILES = 16

Mutation = Callable[[bytes], bytes]
PIECES = [
    b";",
    b'"',
    b"\n",
    b"\r\n",
    b"\r",
    b"\x00",
    b"\xff",
    b" ",
    b",",
    b"NA",
    b"\xc3\xa9",
    b'""',
    b"\t",
    b"-",
]


def _file(number: int, n_rows: int) -> bytes:
    lines = [
        f"S{number:02d}{row};{row % 28 + 1:02d}/09/2024;;{'MN'[row % 2]};0,{row % 10};{row % 9};0;note"
        for row in range(n_rows)
    ]
    return ("\n".join([HEADER, *lines]) + "\n").encode()


@st.composite
def mutations(draw: st.DrawFn) -> Mutation:
    """Draw one accident: bytes put in, taken out, or a line doubled, cut, swapped or lost."""
    kind = draw(st.sampled_from(["insert", "delete", "double", "cut", "swap", "header", "lose"]))
    place, length = draw(st.floats(0, 1, exclude_max=True)), draw(st.integers(1, 12))
    piece = draw(st.sampled_from(PIECES))

    def mutate(content: bytes) -> bytes:
        at = int(place * len(content))
        lines = content.split(b"\n")
        line = int(place * len(lines))
        if kind == "insert":
            return content[:at] + piece + content[at:]
        if kind == "delete":
            return content[:at] + content[at + length :]
        if kind == "cut":
            return content[:at]
        if kind == "double":
            return b"\n".join([*lines[: line + 1], *lines[line:]])
        if kind == "swap":
            return b"\n".join([*lines[:line], *reversed(lines[line:])])
        if kind == "header":
            return b"\n".join([*lines[:line], HEADER.encode(), *lines[line:]])
        return b"\n".join([*lines[:line], *lines[line + 1 :]])

    return mutate


mutated_files = st.lists(
    st.tuples(st.integers(0, 12), st.lists(mutations(), max_size=4)), min_size=N_FILES, max_size=N_FILES
)


@given(mutated_files)
@settings(max_examples=N_EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_rows_are_conserved_in_mutated_files(drawn: list[tuple[int, list[Mutation]]]) -> None:
    """Each line of each file that is not refused is found again exactly once."""
    with tempfile.TemporaryDirectory() as folder:
        network = declare(Path(folder))
        files = _readable(network, drawn)
        report = network.take_in(dict(files))

        _check_lines(network, report, files)
        again = network.take_in(dict(files))

    assert [table.n_unchanged for table in again.tables] == [table.n_accepted for table in report.tables]
    assert again.batch is None


def _readable(network: Network, drawn: list[tuple[int, list[Mutation]]]) -> dict[str, bytes]:
    """Return the mutated files that the reader does not refuse."""
    extract = load_extracts(network.home / "network" / "extracts.toml", network.contract).extract[1]
    files = {}
    for number, (n_rows, accidents) in enumerate(drawn):
        content = _file(number, n_rows)
        for mutate in accidents:
            content = mutate(content)
        path = network.home / f"absences_{number:02d}.csv"
        path.write_bytes(content)
        try:
            list(open_text(path, extract).blocks())
        except ExtractError:
            continue
        files[path.name] = content
    return files


def _rows(content: bytes) -> dict[int, str]:
    """Count rows without the reader: every line after the header that holds something, by its number."""
    lines = re.split(r"\r\n|\n|\r", content.decode().removeprefix("\ufeff"))
    numbered = [(number, line) for number, line in enumerate(lines, start=1) if line]
    return dict(numbered[1:])


def _check_lines(network: Network, report: IntakeReport, files: dict[str, bytes]) -> None:
    expected = {
        (name, line): text for name, content in files.items() for line, text in _rows(content).items()
    }
    held = [(r.file, line) for table in report.tables for r in table.reasons for line in r.lines]
    stored = _stored(network, sorted(files))
    n_duplicates = sum(table.n_duplicates for table in report.tables)

    assert all(table.conserves for table in report.tables)
    assert sum(table.n_read for table in report.tables) == len(expected)
    assert len(set(held)) == len(held)
    assert not set(held) & stored.keys()
    assert {*held, *stored} <= expected.keys()
    assert len(held) + len(stored) + n_duplicates == len(expected)
    assert all(student in expected[place] for place, student in stored.items())


def _stored(network: Network, names: list[str]) -> dict[tuple[str, int], str]:
    """Return the student of each stored row, by file and line, read past the reader's own counts."""
    found = {}
    for path in network.workspace.tables.glob("absences/*.parquet"):
        for row in pq.read_table(path, columns=["_file", "_line", "student_id"]).to_pylist():
            found[(names[row["_file"] - 1], row["_line"])] = row["student_id"]
    return found
