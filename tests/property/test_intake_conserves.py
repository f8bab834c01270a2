"""Whatever happens to a file on its way, every row read is accepted, held back or a duplicate.

Ten thousand mutated files pass in the suite; `EARLYWARN_CASES` multiplies them for a long run by hand.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from earlywarn.errors import ExtractError
from earlywarn.tables import IntakeReport, load_extracts
from earlywarn.tables.reading import open_text
from tests.builders.intake import HEADER, Network, declare

N_INTAKES = 10 * int(os.environ.get("EARLYWARN_CASES", "1"))
N_FILES = 1_000

PIECES = [
    *(
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
    ),
    *("Ã©".encode(), "\ufffd".encode(), b"\x82", b"\xe9", b"\n\n", b"\xef\xbb\xbf", b"e\xcc\x81", b"\x1a"),
]


def _file(number: int, n_rows: int) -> bytes:
    lines = [
        f"S{number:04d}{row};{row % 28 + 1:02d}/09/2024;;{'MN'[row % 2]};0,{row % 10};{row % 9};0;école"
        for row in range(n_rows)
    ]
    return ("\n".join([HEADER, *lines]) + "\n").encode()


def _mutated(content: bytes, chance: np.random.Generator) -> bytes:
    """Return the file after one accident: bytes in or out, or lines doubled, cut, turned or lost."""
    kind = chance.choice(["insert", "delete", "double", "cut", "turn", "header", "lose", "ends", "mac"])
    at = int(chance.integers(len(content) + 1))
    lines = content.split(b"\n")
    line = int(chance.integers(len(lines)))
    match kind:
        case "insert":
            return content[:at] + PIECES[chance.integers(len(PIECES))] + content[at:]
        case "delete":
            return content[:at] + content[at + int(chance.integers(1, 13)) :]
        case "cut":
            return content[:at]
        case "double":
            return b"\n".join([*lines[: line + 1], *lines[line:]])
        case "turn":
            return b"\n".join([*lines[:line], *reversed(lines[line:])])
        case "header":
            return b"\n".join([*lines[:line], HEADER.encode(), *lines[line:]])
        case "ends":
            return b"\r\n".join(lines)
        case "mac":
            return content.replace(b"\n", b"\r")
        case _:
            return b"\n".join([*lines[:line], *lines[line + 1 :]])


def test_rows_are_conserved_in_mutated_files(tmp_path: Path) -> None:
    """Each line of each of 10,000 files is found again exactly once, or its file is refused."""
    chance = np.random.default_rng(20261126)
    counts: Counter[str] = Counter()
    for number in range(N_INTAKES):
        network = declare(tmp_path / str(number))
        files = _readable(network, chance, counts)
        report = network.take_in(dict(files))

        _check_lines(network, report, files, counts)
        again = network.take_in(dict(files))
        assert [table.n_unchanged for table in again.tables] == [table.n_accepted for table in report.tables]
        assert again.batch is None
        shutil.rmtree(network.home)
    print(f"mutated files: {N_INTAKES * N_FILES}", dict(sorted(counts.items())))  # noqa: T201


def _readable(network: Network, chance: np.random.Generator, counts: Counter[str]) -> dict[str, bytes]:
    """Return the mutated files that the reader does not refuse."""
    extract = load_extracts(network.home / "network" / "extracts.toml", network.contract).extract[1]
    files = {}
    for number in range(N_FILES):
        content = _file(number, int(chance.integers(13)))
        for _ in range(int(chance.integers(1, 5))):
            content = _mutated(content, chance)
        path = network.home / f"absences_{number:04d}.csv"
        path.write_bytes(content)
        try:
            list(open_text(path, extract).blocks())
        except ExtractError:
            counts["refused files"] += 1
            continue
        files[path.name] = content
    return files


def _rows(content: bytes) -> dict[int, bytes]:
    """Count rows without the reader: every line after the header that holds something, by its number."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    lines = content.split(b"\n") if b"\n" in content else content.split(b"\r")
    numbered = [(number, line.removesuffix(b"\r")) for number, line in enumerate(lines, start=1)]
    return {number: line for number, line in numbered[1:] if line}


def _check_lines(
    network: Network, report: IntakeReport, files: dict[str, bytes], counts: Counter[str]
) -> None:
    expected = {
        (name, line): text for name, content in files.items() for line, text in _rows(content).items()
    }
    reasons = [reason for table in report.tables for reason in table.reasons]
    held = [(reason.file, line) for reason in reasons for line in reason.lines]
    stored = _stored(network, sorted(files))
    n_duplicates = sum(table.n_duplicates for table in report.tables)
    for reason in reasons:
        counts[f"{reason.column}: {reason.reason}"] += reason.n_rows
    counts.update({"rows read": len(expected), "rows stored": len(stored), "duplicates": n_duplicates})

    assert all(table.conserves for table in report.tables)
    assert sum(table.n_read for table in report.tables) == len(expected)
    assert len(set(held)) == len(held)
    assert not set(held) & stored.keys()
    assert {*held, *stored} <= expected.keys()
    assert len(held) + len(stored) + n_duplicates == len(expected)
    for place, student in stored.items():
        # An accent written apart is the same letter.
        assert student in unicodedata.normalize("NFC", expected[place].decode())


def _stored(network: Network, names: list[str]) -> dict[tuple[str, int], str]:
    """Return the student of each stored row, by file and line, read past the reader's own counts."""
    found = {}
    for path in network.workspace.tables.glob("absences/*.parquet"):
        for row in pq.read_table(path, columns=["_file", "_line", "student_id"]).to_pylist():
            found[(names[row["_file"] - 1], row["_line"])] = row["student_id"]
    return found
