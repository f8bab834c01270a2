"""What a direction should settle first, in words: each finding says what is seen, what is usual, what to do.

Only what makes a list less trustworthy is a finding: too few rows, days without any, values that are missing,
entries that come late. A school that records more than others is shown as such, and asked nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from earlywarn.quality.figures import Figure, Kind, SchoolQuality, Side

ORDER: tuple[Kind, ...] = (
    "empty",
    "total",
    "silent",
    "month",
    "weekday",
    "missing",
    "late",
    "delay",
    "unplaced",
    "code",
)
_BAD_SIDE: dict[Kind, Side] = {
    "empty": "high",
    "total": "low",
    "month": "low",
    "weekday": "low",
    "code": "low",
    "silent": "high",
    "late": "high",
    "delay": "high",
    "missing": "high",
    "unplaced": "high",
}
_HARDLY_USED = 0.1
_WEEKDAYS = range(1, 8)


@dataclass(frozen=True)
class QualityFinding:
    """Figures of one kind and table that say the same: one thing to settle.

    `weekday` is the day of the week on which most of the days without any row fall, where one stands out.
    """

    kind: Kind
    table: str
    column: str
    figures: tuple[Figure, ...]
    weekday: str = ""

    @property
    def distance(self) -> float:
        """Return how far the worst of its figures lies from the median."""
        return max(abs(figure.distance) for figure in self.figures)


def findings_of(school: SchoolQuality) -> tuple[QualityFinding, ...]:
    """Return a school's findings, the first to settle first."""
    found = [finding for table in _tables(school) for finding in _of_table(school, table)]
    return tuple(sorted(found, key=lambda f: (ORDER.index(f.kind), -f.distance, f.table, f.column)))


def is_bad(figure: Figure) -> bool:
    """Say whether a figure lies outside the usual on the side that makes a list less trustworthy."""
    return figure.verdict == "outside" and figure.side == _BAD_SIDE[figure.measure.kind]


def _tables(school: SchoolQuality) -> list[str]:
    return list(dict.fromkeys(figure.measure.table for figure in school.figures))


def _of_table(school: SchoolQuality, table: str) -> Iterator[QualityFinding]:
    """Yield what one table shows; where hardly anything is there at all, little else is said of it."""
    own = [figure for figure in school.figures if figure.measure.table == table]
    bad = [figure for figure in own if is_bad(figure)]
    whole = [figure for figure in bad if figure.measure.kind in ("empty", "total")]
    if whole and (whole[0].measure.kind == "empty" or _is_hardly_used(whole[0])):
        yield _finding(whole)
        bad = [figure for figure in bad if figure.measure.kind in ("unplaced", "late", "delay")]
        whole = []
    parts = list(_parts(own, bad))
    # Fewer rows in all are said only where no part of them says it better.
    yield from parts or ([_finding(whole)] if whole else [])
    late = [figure for figure in bad if figure.measure.kind in ("late", "delay")]
    if late:
        yield _finding(sorted(late, key=lambda figure: ORDER.index(figure.measure.kind))[:1])
    yield from _by_column(bad, "unplaced")
    for figure in bad:
        if figure.measure.kind == "code" and _is_hardly_used(figure):
            yield _finding([figure])


def _parts(own: Sequence[Figure], bad: Sequence[Figure]) -> Iterator[QualityFinding]:
    silent = _silent(own, bad)
    yield from silent
    yield from _grouped(bad, "month")
    if not (silent and silent[0].weekday):
        yield from _grouped(bad, "weekday")
    yield from _by_column(bad, "missing")


def _silent(own: Sequence[Figure], bad: Sequence[Figure]) -> list[QualityFinding]:
    """Return the days without any row: the months that stand out, else the whole window."""
    found = [figure for figure in bad if figure.measure.kind == "silent"]
    months = [figure for figure in found if "-" in figure.measure.part]
    told = months or [figure for figure in found if not figure.measure.part]
    if not told:
        return []
    by_weekday = {
        figure.measure.part: figure.measure
        for figure in own
        if figure.measure.kind == "silent" and figure.measure.part in map(str, _WEEKDAYS)
    }
    n_silent = sum(measure.count for measure in by_weekday.values())
    most = max(by_weekday.values(), key=lambda measure: measure.count, default=None)
    stands_out = most is not None and most.count >= 3 and 2 * most.count > n_silent
    return [_finding(told, weekday=most.part if most is not None and stands_out else "")]


def _is_hardly_used(figure: Figure) -> bool:
    return figure.usual is not None and figure.measure.value < _HARDLY_USED * figure.usual.middle


def _grouped(bad: Sequence[Figure], kind: Kind) -> Iterator[QualityFinding]:
    found = [figure for figure in bad if figure.measure.kind == kind]
    if found:
        yield _finding(found)


def _by_column(bad: Sequence[Figure], kind: Kind) -> Iterator[QualityFinding]:
    columns = dict.fromkeys(figure.measure.column for figure in bad if figure.measure.kind == kind)
    for column in columns:
        yield _finding([f for f in bad if f.measure.kind == kind and f.measure.column == column])


def _finding(figures: Sequence[Figure], *, weekday: str = "") -> QualityFinding:
    first = figures[0].measure
    return QualityFinding(first.kind, first.table, first.column, tuple(figures), weekday)
