"""Keep what benchmarks measured, and write `benchmarks/RESULTS.md`: figures beside their goals.

Each part of `make bench` measures some rows of one table and keeps them; a part that is measured again
replaces its own rows alone. What is kept says on which machine, how busy, and with which versions.
"""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KEPT = HERE / "results.json"
PAGE = HERE / "RESULTS.md"
PACKAGES = ("lightgbm", "shap", "numba", "numpy", "duckdb", "mlflow", "fastapi")
GOALS = {
    1: ("exact SHAP against `pred_contrib`, one core, candidates of `make demo`", "40x", "80x"),
    2: ("the same, 300 trees x 31 leaves, 60 numeric features with missing values", "30x", "60x"),
    3: ("score, explanation and five reasons against `Booster.predict` alone", "at most 1.5x", "0.7x"),
    4: ("nightly step, feature Parquet to reasons Parquet, against pandas and LightGBM", "20x", "40x"),
    5: ("the province, tables to rosters in PostgreSQL", "120 s, 4 GiB", "45 s, 2 GiB"),
    6: ("the same without the store: features, scores, reasons to Parquet", "30 s, 2 GiB", "12 s"),
    7: ("online score, checked, requests a second against `mlflow models serve`", "30x", "60x"),
    8: ("online score, reasons and access log against MLflow's score alone", "10x", "30x"),
    9: ("adding reasons to an online score, on p50", "at most 2x", "1.3x"),
    10: ("cost of a student at 10,000, 100,000 and 1,400,000", "within 1.3x", "flat"),
}

REST = (
    "## How far from what is possible, and where the rest goes",
    "",
    "- **Rows 1 to 3**: a row takes at least its look-ups, each at what one takes in the cache, and the "
    "copying of its values and attributions; the table of models sets that beside what it takes. Large "
    "tables come from memory once a block. Of few small trees, as `quebec/dropout`, copying is half.",
    "- **Row 4**: less than half is scores, attributions and choice of reasons (row 3); the rest is Parquet, "
    "read and written.",
    "- **Rows 5, 6 and 10**: to score and explain 1.4 million students twice, from a file of features, is "
    "estimated to take 5 to 6 s on two such cores. More than half of a night counts the features before "
    "that: 113 of them, on two clocks, over windows, each beside the own past and the peers' median, "
    "from tables of several school years. Loading waits for PostgreSQL, which writes, indexes and logs every "
    "row once.",
    "- **Rows 7 to 9**: the steps of a request are printed above; what is left is HTTP in Python, headers, "
    "the event loop, and the exchange with the database, which finds the key and writes the log.",
    "",
    "Drawn by `make profiles`. A box is a function, as wide as its share of the samples; what it calls "
    "stands below it, a library's own work in gray.",
    "",
    "![A night, from tables to rosters in PostgreSQL](night.png)",
    "",
    "![The service, asked for scores with reasons](request.png)",
)


@dataclass(frozen=True)
class Row:
    """One figure, in words of its unit (`69x`, `43 s, 1.9 GiB`), with the rounds' range and both sides."""

    number: int
    model: str
    figure: str
    spread: str = ""
    ours: str = ""
    theirs: str = ""


@dataclass(frozen=True)
class Part:
    """What one benchmark measured: its rows, and Markdown that says more."""

    name: str
    rows: tuple[Row, ...]
    lines: tuple[str, ...] = ()


def keep(part: Part) -> None:
    """Keep a part's figures in place of its earlier ones, write the page anew, and print the part."""
    known = json.loads(KEPT.read_text(encoding="utf-8")) if KEPT.exists() else {}
    known[part.name] = asdict(part) | {"measured": _where()}
    KEPT.write_text(json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    PAGE.write_text("\n".join(page(known)) + "\n", encoding="utf-8")
    print("\n".join((*_table([Row(**asdict(row)) for row in part.rows]), "", *part.lines)), flush=True)


def _where() -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    day = datetime.now(UTC).date().isoformat()
    return (
        f"{day}, {os.cpu_count()} cores, load {os.getloadavg()[1]:.1f}, "
        f"Python {platform.python_version()}, {versions}"
    )


def page(known: Mapping[str, dict[str, Any]]) -> list[str]:
    """Write the page: one table of all figures, then what each part has to say."""
    rows = [Row(**row) for part in known.values() for row in part["rows"]]
    head = [
        "# What it costs to score and explain everybody",
        "",
        "Written by `make bench`, whose parts can be measured alone (`python -m benchmarks.PART`). Pairs run "
        "in turn in one run; a figure is the median of its rounds, with the least and the largest beside it. "
        "What both sides answer is asserted to be equal before anything is timed.",
        "",
        *_table(sorted(rows, key=lambda row: row.number)),
    ]
    for name in sorted(known, key=lambda name: min(row["number"] for row in known[name]["rows"])):
        part = known[name]
        head += ["", f"## {name}", "", f"Measured {part['measured']}."]
        head += ["", *part["lines"]] if part["lines"] else []
    return [*head, "", *REST]


def _table(rows: list[Row]) -> list[str]:
    return [
        "| # | what | of | figure | rounds | floor | aim | ours | theirs |",
        "|---|---|---|---|---|---|---|---|---|",
        *(
            f"| {row.number} | {GOALS[row.number][0]} | {row.model} | **{row.figure}** | {row.spread} "
            f"| {GOALS[row.number][1]} | {GOALS[row.number][2]} | {row.ours} | {row.theirs} |"
            for row in rows
        ),
    ]


if __name__ == "__main__":
    # The words around the figures may change without measuring anew.
    PAGE.write_text("\n".join(page(json.loads(KEPT.read_text(encoding="utf-8")))) + "\n", encoding="utf-8")
