"""Files that are alike but for chance stop nothing, and what is kept of them names nobody.

`EARLYWARN_CASES` multiplies the number of files for a long run by hand.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tests.builders.drift import CONTRACT, EXTRACTS, Columns, Visits, month, written
from tests.builders.intake import declare

N_NETWORKS = 4 * int(os.environ.get("EARLYWARN_CASES", "1"))
N_MONTHS = 10


def _next_month(rng: np.random.Generator, number: int, shape: np.random.Generator) -> Columns:
    """Draw the next month of a network of some shape: few or many rows, rare codes, sparse columns."""
    n_rows = int(shape.choice([4, 30, 60, 200, 1_000]))
    columns = month(
        rng,
        number,
        n_rows=max(2, int(n_rows * rng.uniform(0.7, 1.4))),
        share_noted=float(shape.choice([0, 0.01, 0.3, 1])),
    )
    n = len(columns["Nom"])
    rare, spread = float(shape.choice([0, 0.005, 0.05])), float(shape.choice([1, 10, 200]))
    return {
        **columns,
        "Motif": [str(c) for c in rng.choice(["M", "N", "R", "A"], n, p=[0.7 - rare, 0.2, 0.1, rare])],
        "Local": [f"L{int(room)}" for room in rng.geometric(0.4, n)],
        "Visites": [str(int(value)) for value in rng.lognormal(1, 1, n) * spread],
        "Retard": [str(late) for late in rng.choice(["0", "1"], n, p=[1 - rare, rare])],
        "Résultat (%)": [mark if rng.random() < 0.6 else "" for mark in columns["Résultat (%)"]],
    }


def test_months_that_are_alike_raise_no_stop(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of many networks of all sizes no next month is stopped; the warnings are counted and printed."""
    levels: Counter[str] = Counter()
    rules: Counter[str] = Counter()
    for seed in range(N_NETWORKS):
        rng = np.random.default_rng(seed)
        network = Visits(declare(tmp_path / str(seed), CONTRACT, EXTRACTS), rng)
        for number in range(N_MONTHS + 2):
            columns = _next_month(rng, number, np.random.default_rng(seed))
            report = network.take_in_text(written(columns))
            if number >= 2:
                levels.update(finding.level for finding in report.findings)
                rules.update(finding.rule for finding in report.findings)
    with capsys.disabled():
        n_files = N_NETWORKS * N_MONTHS
        found = f"{levels['stop']} stops, {levels['warn']} warnings {dict(rules)}"
        print(f"\n{n_files} files alike: {found}")  # noqa: T201 - the figure of a long run

    assert levels["stop"] == 0


CANARIES = ("CANARYCODE", "Canarynom", "CANARYECOLE", "canarytext", "CANARYROOM", "CANARYMOTIF", "CANARYHEAD")


def _planted(rng: np.random.Generator, number: int) -> str:
    """Draw a month with a canary wherever somebody's words may stand, in the right cell or a wrong one."""
    columns = month(rng, number, n_rows=80)
    for name, canary in (
        ("Code permanent", "CANARYCODE"),
        ("Nom", "Canarynom"),
        ("École", "CANARYECOLE"),
        ("Remarque", "canarytext"),
        ("Local", "CANARYROOM"),
        ("Motif", "CANARYMOTIF"),
        ("Visites", "CANARYCODE"),
        ("Date", "Canarynom"),
    ):
        for row in rng.integers(0, 80, rng.integers(1, 6)):
            columns[name][int(row)] = f"{canary}{row}"
    columns["CANARYHEAD"] = ["canarytext"] * 80
    lines = written(columns).splitlines()
    for row in rng.integers(1, 80, 3):
        lines[int(row)] += ";CANARYCODE"
    return "\n".join([*lines, lines[0], "CANARYCODE;Canarynom"]) + "\n"


@pytest.mark.parametrize("seed", range(3))
def test_profiles_and_findings_hold_no_cell_of_a_person(tmp_path: Path, seed: int) -> None:
    """No id, name, text, unlisted code or undeclared column is kept; nor any cell told in a report."""
    extracts = EXTRACTS + '\n[extract.drift]\nadded = "off"\n'
    rng = np.random.default_rng(seed)
    network = Visits(declare(tmp_path, CONTRACT, extracts), rng)
    reports = [network.take_in_text(_planted(rng, number)) for number in range(4)]
    reports.append(network.take_in_text("CANARYCODE;Canarynom;CANARYECOLE\n" * 60))

    told = "".join(report.as_text(language) for report in reports for language in ("fr", "en"))
    stored = [*network.network.workspace.reports.rglob("*.json")]
    stored += (network.network.workspace.tables / "profiles").rglob("*.json")
    kept = told + "".join(path.read_text(encoding="utf-8") for path in stored)

    assert len(stored) >= 6
    assert [canary for canary in CANARIES if canary.lower() in kept.lower()] == []
