"""Look at every school of a network as of a day: count, compare, judge."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from earlywarn.domain import Progress, no_progress
from earlywarn.quality.figures import Figure, Measure, NetworkQuality, SchoolQuality, Usual
from earlywarn.quality.hiding import hidden
from earlywarn.quality.judging import is_comparable, judged, usual_by_level
from earlywarn.quality.measures import measured, rows_nowhere, unplaced
from earlywarn.quality.places import lay_places, window_of
from earlywarn.quality.subjects import Subject, subjects
from earlywarn.tables import Tables

Counted = Mapping[str, Sequence[Measure]]


def assess(tables: Tables, as_of: date, *, progress: Progress = no_progress) -> NetworkQuality:
    """Return each school's figures beside what is usual in schools of its level.

    Args:
        tables: A network's tables, every version dated.
        as_of: The day to look from; what was known before it is counted, in the period it lies in.
        progress: Told how many tables are done.

    Raises:
        AsOfError: The day lies in no period, or nobody was in any school.
    """
    told = subjects(tables.contract)
    window = window_of(tables, as_of)
    lay_places(tables, window, told)
    counted: dict[str, list[Measure]] = defaultdict(list)
    nowhere = []
    for done, subject in enumerate(told):
        progress("quality", done, len(told))
        for school, measure in measured(tables, window, subject):
            counted[school].append(measure)
        nowhere.append((subject.table, rows_nowhere(tables, subject)))
    for school, measure in unplaced(tables, window):
        counted[school].append(measure)
    progress("quality", len(told), len(told))
    return NetworkQuality(
        network=tables.contract.network.name,
        as_of=as_of,
        first=window.first,
        last=window.last,
        schools=_compared(_schools(tables), counted, told),
        nowhere=tuple((table, n) for table, n in nowhere if n),
    )


def _schools(tables: Tables) -> list[SchoolQuality]:
    rows = tables.connection.execute(
        "SELECT _school, name, level, n_students FROM q_schools ORDER BY level, name, _school"
    ).fetchall()
    return [SchoolQuality(str(school), str(name), str(level), int(n)) for school, name, level, n in rows]


def _compared(
    schools: Sequence[SchoolQuality], counted: Counted, told: Sequence[Subject]
) -> tuple[SchoolQuality, ...]:
    usual = usual_by_level(
        (school.level, measure)
        for school in schools
        for measure in counted.get(school.school_id, ())
        if is_comparable(measure, school.n_students)
    )
    shown_only = {("month", subject.table) for subject in told if not subject.zero}
    compared = []
    for school in schools:
        measures = () if school.is_hidden else counted.get(school.school_id, ())
        daily = _daily(school, measures, usual)
        figures = []
        for measure in measures:
            level = usual.get((school.level, *measure.key))
            if (measure.kind, measure.table) in shown_only:
                figures.append(Figure(measure, level, "shown"))
            else:
                per_day = daily.get(measure.table, 0.0)
                figures.append(judged(measure, level, school.n_students, per_day))
        compared.append(replace(school, figures=hidden(figures)))
    return tuple(compared)


def _daily(
    school: SchoolQuality, measures: Sequence[Measure], usual: Mapping[tuple[str, ...], Usual]
) -> dict[str, float]:
    """Return how many rows of each table of days would be usual here on a day of class."""
    found = {}
    for measure in measures:
        if measure.kind == "silent" and not measure.part and measure.n_days:
            level = usual.get((school.level, "total", measure.table, "", ""))
            per_student = level.middle if level else 0.0
            found[measure.table] = per_student * school.n_students / measure.n_days
    return found
