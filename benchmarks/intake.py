"""Time the intake of absences beside DuckDB's and pandas' own reading of the same file as text.

`make bench-intake` runs it: every contestant in a process of its own, in turns, on the same file (cp1252);
what is printed and written to `benchmarks/intake.md` is the median time, rows a second and peak memory.
DuckDB and pandas stop when the text is in memory; intake also decodes, converts, checks every rule,
replaces codes by pseudonyms, looks for repeated keys and stores a batch.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
NETWORK = HERE.parent / "models" / "quebec"
HEADER = "Code permanent;Date;Période;Motif;Durée (jours);Date de saisie\r\n"
ROWS_PER_WRITE = 500_000
CONTESTANTS = ("duckdb", "pandas", "earlywarn")


def write_absences(path: Path, n_rows: int, *, seed: int = 1) -> None:
    """Write absences as a school system exports them; every key stands once."""
    chance = np.random.default_rng(seed)
    letters = chance.integers(65, 91, (200_000, 4)).astype(np.uint8).view("S4").ravel().astype(str)
    codes = np.char.add(letters, np.char.zfill(np.arange(200_000).astype(str), 8))
    days = np.array(
        [f"{d:02d}/{m:02d}/{y}" for y in (2024, 2025) for m in range(1, 13) for d in range(1, 28)]
    )
    periods, kinds, lengths = (
        np.array(words.split()) for words in ("J AM PM P1 P2 P3 P4", "M N R", "1,0 0,5 0,25")
    )
    step = len(codes) * len(days) * len(periods) // n_rows
    with path.open("w", encoding="cp1252", newline="") as file:
        file.write(HEADER)
        for start in range(0, n_rows, ROWS_PER_WRITE):
            at = np.arange(start, min(n_rows, start + ROWS_PER_WRITE), dtype=np.int64) * step
            day = days[(at // len(periods)) % len(days)]
            cells = (
                codes[at // (len(days) * len(periods))],
                day,
                periods[at % len(periods)],
                kinds[chance.integers(0, 3, len(at))],
                lengths[chance.integers(0, 3, len(at))],
                day,
            )
            file.write("".join(f"{';'.join(row)}\r\n" for row in zip(*cells, strict=True)))


def run(contestant: str, file: Path, folder: Path) -> int:
    """Read the file in this process; return the rows read."""
    if contestant == "duckdb":
        import duckdb

        connection = duckdb.connect(config={"threads": os.cpu_count() or 1})
        # The engine itself knows no cp1252; latin-1 reads the same bytes.
        connection.execute(
            f"CREATE TABLE cells AS FROM read_csv('{file}', all_varchar = true, delim = ';', header = true, "
            "encoding = 'latin-1')"
        )
        return int(connection.execute("SELECT count(*) FROM cells").fetchall()[0][0])
    if contestant == "pandas":
        import pandas as pd

        return len(pd.read_csv(file, sep=";", dtype=str, encoding="cp1252", keep_default_na=False))
    return _take_in(file, folder)


def _take_in(file: Path, folder: Path) -> int:
    from datetime import date

    from earlywarn.pipeline.ingest import ingest
    from earlywarn.workspace import Workspace

    network, extracts = folder / "network", folder / "extracts"
    network.mkdir(parents=True)
    extracts.mkdir()
    shutil.copy(NETWORK / "contract.toml", network)
    head, *blocks = (NETWORK / "extracts.toml").read_text(encoding="utf-8").split("[[extract]]")
    kept = [block for block in blocks if 'table = "absences"' in block]
    (network / "extracts.toml").write_text("[[extract]]".join([head, *kept]), encoding="utf-8")
    (extracts / "absences_2025.csv").symlink_to(file)
    report = ingest(
        network,
        extracts,
        Workspace(folder / "workspace"),
        received_on=date(2026, 1, 1),
        backfill=True,
        keys=folder / "keys",
    )
    return sum(table.n_new for table in report.tables)


def measure(contestant: str, file: Path) -> tuple[float, int]:
    """Return the seconds and the peak memory in bytes of one contestant in a process of its own."""
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        command = [sys.executable, __file__, "--contestant", contestant, "--file", str(file), "--in", folder]
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - this very file
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
    if status:
        message = f"{contestant} ended with status {status}"
        raise SystemExit(message)
    return seconds, used.ru_maxrss * 1024


def compare(n_rows: int, n_rounds: int, folder: Path) -> list[str]:
    """Measure every contestant in turns; return a line of the table for each."""
    file = folder / f"absences_{n_rows}.csv"
    write_absences(file, n_rows)
    found: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for turn in range(n_rounds):
        for contestant in CONTESTANTS:
            found[contestant].append(measure(contestant, file))
            print(
                f"{n_rows:,} rows, round {turn + 1}, {contestant}: {found[contestant][-1][0]:.1f} s",
                flush=True,
            )
    size = file.stat().st_size / 1e6
    file.unlink()
    base = statistics.median(seconds for seconds, _ in found["duckdb"])
    lines = []
    for contestant in CONTESTANTS:
        seconds = statistics.median(one for one, _ in found[contestant])
        memory = max(one for _, one in found[contestant]) / 2**30
        lines.append(
            f"| {n_rows:,} ({size:,.0f} MB) | {contestant} | {seconds:.1f} s | {n_rows / seconds:,.0f} "
            f"| {seconds / base:.2f} | {memory:.2f} GiB |"
        )
    return lines


def main() -> None:
    """Measure, print the table and write it beside this file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[5_000_000, 20_000_000, 40_000_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--contestant", choices=CONTESTANTS)
    parser.add_argument("--file", type=Path)
    parser.add_argument("--in", dest="folder", type=Path)
    given = parser.parse_args()
    if given.contestant:
        run(given.contestant, given.file, given.folder)
        return
    lines = [
        "# Intake of absences (CSV, cp1252), beside plain reading as text",
        "",
        f"Written by `make bench-intake`: {given.rounds} rounds in turns, medians, {os.cpu_count()} cores.",
        "",
        "| rows | contestant | time | rows a second | times DuckDB | peak memory |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder:
        for n_rows in given.rows:
            lines += compare(n_rows, given.rounds, Path(folder))
    (HERE / "intake.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
