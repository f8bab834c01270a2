"""A network's data quality as JSON: counts only, no cell under ten students, findings in both languages."""

from __future__ import annotations

import json
import math
from typing import Any

from earlywarn.quality import judging
from earlywarn.quality.figures import SMALLEST_CELL, Figure, NetworkQuality, SchoolQuality
from earlywarn.quality.findings import findings_of
from earlywarn.quality.missing import PART
from earlywarn.quality.naming import Naming
from earlywarn.quality.wording import said

FORMAT = 1
_RULE = {
    "farthest_robust_deviations": judging.FARTHEST,
    "fewest_schools": judging.FEWEST_SCHOOLS,
    "fewest_students": judging.FEWEST_STUDENTS,
    "fewest_days": judging.FEWEST_DAYS,
    "fewest_rows": judging.FEWEST_ROWS,
    "fewest_rows_a_day": judging.FEWEST_ROWS_A_DAY,
    "smallest_cell": SMALLEST_CELL,
    "least_differences": {
        kind: f"a factor of {math.exp(rule.least):.2f}" if rule.is_rate else rule.least
        for kind, rule in judging.RULES.items()
    },
}


def quality_json(network: NetworkQuality, namings: tuple[Naming, ...]) -> bytes:
    """Return what was found, with the rule it was judged by."""
    content = {
        "format": FORMAT,
        "network": network.network,
        "as_of": network.as_of.isoformat(),
        "period": {"first": network.first.isoformat(), "last": network.last.isoformat()},
        "rule": _RULE,
        "rows_of_no_school": [{"table": table, "rows": n} for table, n in network.nowhere],
        "schools": [_school(school, namings) for school in network.schools],
    }
    return json.dumps(content, indent=1, ensure_ascii=False).encode()


def _school(school: SchoolQuality, namings: tuple[Naming, ...]) -> dict[str, Any]:
    findings = []
    for finding in findings_of(school):
        told: dict[str, Any] = {"kind": finding.kind, "table": finding.table, "column": finding.column}
        for naming in namings:
            point = said(finding, naming)
            told[naming.language] = {"text": point.text, "todo": point.todo}
        findings.append(told)
    return {
        "school_id": school.school_id,
        "name": school.name,
        "level": school.level,
        "n_students": None if school.is_hidden else school.n_students,
        "findings": findings,
        "figures": [_figure(figure) for figure in school.figures],
    }


def _figure(figure: Figure) -> dict[str, Any]:
    """Return a figure; its numbers are null where they would tell of one to nine students."""
    measure, usual = figure.measure, figure.usual
    is_hidden = figure.is_hidden
    return {
        "kind": measure.kind,
        "table": measure.table,
        "column": measure.column,
        "part": measure.part.replace(PART, "/"),
        "count": None if is_hidden else measure.count,
        "out_of": None if measure.out_of < SMALLEST_CELL and measure.kind != "silent" else measure.out_of,
        "value": None if is_hidden else round(measure.value, 4),
        "verdict": figure.verdict,
        "side": figure.side,
        "usual": None
        if usual is None
        else {
            "n_schools": usual.n_schools,
            "low": round(usual.low, 4),
            "middle": round(usual.middle, 4),
            "high": round(usual.high, 4),
        },
    }
