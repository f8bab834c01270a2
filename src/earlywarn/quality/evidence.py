"""Tables of figures: what is here, what is usual, where it lies, and the verdict in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from earlywarn.paper import NO_BREAK, Cell, Mark, Row, Strip, Table, counted, write_number, write_share
from earlywarn.quality.figures import SMALLEST_CELL, Figure, Kind
from earlywarn.quality.findings import is_bad
from earlywarn.quality.naming import Naming

_COLUMNS = (
    ("", "Ici", "D’habitude", "Position", "Avis"),
    ("", "Here", "Usual", "Place", "Verdict"),
)
# What is told of one thing stands in one table: a whole before its parts.
KIND_TABLES: tuple[tuple[Kind, ...], ...] = (
    ("total", "month"),
    ("weekday",),
    ("silent",),
    ("late", "delay"),
    ("missing",),
    ("code",),
)
_CAPTIONS: Mapping[Kind, tuple[tuple[str, str], tuple[str, str]]] = {
    "total": (("Saisies par élève", "Entries per student"), ("", "")),
    "weekday": (
        ("Selon le jour de la semaine", "By day of the week"),
        (
            "En pourcentage de ce que l’école saisit un jour moyen",
            "As a percentage of what the school records on an average day",
        ),
    ),
    "silent": (
        ("Journées sans aucune saisie", "Days without any entry"),
        ("Jusqu’à une semaine avant ce jour", "Up to a week before this day"),
    ),
    "late": (("Délai de saisie", "Delay of entries"), ("", "")),
    "missing": (
        ("Valeurs manquantes", "Missing values"),
        (
            "Part des élèves sans valeur, dans les niveaux qui en reçoivent",
            "Share of students without a value, in grades that are given one",
        ),
    ),
    "code": (("Saisies par élève, selon la sorte", "Entries per student, by kind"), ("", "")),
    "unplaced": (
        ("Élèves sans inscription complète", "Students without a whole enrollment"),
        ("Parmi les élèves de ce jour", "Among the students of this day"),
    ),
}
_SHARES: frozenset[Kind] = frozenset({"weekday", "silent", "late", "missing", "unplaced"})


def kind_table(figures: Sequence[Figure], naming: Naming) -> Table:
    """Return a table of figures; those of one kind are drawn on one scale."""
    at = 0 if naming.language == "fr" else 1
    caption, note = _CAPTIONS.get(figures[0].measure.kind) or _CAPTIONS["total"]
    shown = [figure for figure in figures if not _is_idle(figure)]
    tops: dict[Kind, float] = {}
    for figure in shown:
        tops[figure.measure.kind] = max(tops.get(figure.measure.kind, 0.0), _top(figure))
    rows = tuple(_row(figure, naming, tops[figure.measure.kind] or 1.0) for figure in shown)
    return Table(caption[at], _COLUMNS[at], rows, note[at])


def empty_table(figures: Sequence[Figure], naming: Naming) -> Table:
    """Return which tables hold a row of the school."""
    at = 0 if naming.language == "fr" else 1
    columns = (("Table", "Lignes"), ("Table", "Rows"))[at]
    rows = tuple(
        Row(
            naming.table(figure.measure.table),
            (Cell(_count(figure, naming), "warn" if is_bad(figure) else ""),),
        )
        for figure in figures
    )
    return Table(("Présentes", "Present")[at], columns, rows)


def _row(figure: Figure, naming: Naming, top: float) -> Row:
    usual, measure = figure.usual, figure.measure
    own = None if figure.is_hidden else measure.value
    mark: Mark = "warn" if figure.verdict == "outside" else ""
    strip = None
    if usual is not None:
        strip = Strip(
            _place(usual.low, top),
            _place(usual.middle, top),
            _place(usual.high, top),
            None if own is None else _place(own, top),
        )
    return Row(
        _head(figure, naming),
        (
            Cell(
                _unshown(figure, naming) if own is None else _written(figure, own, naming),
                mark,
                note=_note(figure, naming),
            ),
            _usual(figure, naming),
            Cell("", strip=strip, is_quiet=strip is None),
            _verdict(figure, naming),
        ),
    )


def _usual(figure: Figure, naming: Naming) -> Cell:
    """Return the median, and the two numbers between which half of the schools lie."""
    if figure.usual is None:
        return Cell("—", is_quiet=True)
    low, middle, high = (
        _written(figure, value, naming)
        for value in (figure.usual.low, figure.usual.middle, figure.usual.high)
    )
    return Cell(middle, note="" if low == high else f"{low} – {high}")


def _head(figure: Figure, naming: Naming) -> str:
    measure, french = figure.measure, naming.language == "fr"
    if measure.kind in ("month", "silent") and measure.part:
        return naming.month(measure.part)
    if measure.kind == "weekday":
        return naming.weekday(measure.part)
    if measure.kind == "missing":
        group = naming.group(measure.table, measure.part)
        return group or naming.column(measure.table, measure.column)
    if measure.kind == "code":
        return naming.code(measure.table, measure.column, measure.part)
    if measure.kind == "unplaced":
        return naming.column(measure.table, measure.column) if measure.column else naming.table(measure.table)
    if measure.kind == "late":
        return "plus de 7 jours après le fait" if french else "more than 7 days after the fact"
    if measure.kind == "delay":
        return "délai médian, en jours" if french else "median delay, in days"
    return "depuis le début de la période" if french else "since the period began"


def _note(figure: Figure, naming: Naming) -> str:
    """Return what the figure is counted from, in words."""
    measure, language = figure.measure, naming.language
    if figure.is_hidden or measure.kind == "delay":
        return ""
    of = "sur" if language == "fr" else "of"
    if measure.kind in ("silent", "missing", "unplaced"):
        return f"{write_number(measure.count, language)} {of} {write_number(measure.out_of, language)}"
    if language == "fr":
        return counted(measure.count, "saisie", "saisies", "fr")
    return counted(measure.count, "entry", "entries", "en")


def _verdict(figure: Figure, naming: Naming) -> Cell:
    french = naming.language == "fr"
    if figure.verdict == "outside":
        side = ("au-dessous", "below") if figure.side == "low" else ("au-dessus", "above")
        sign = "▼" if figure.side == "low" else "▲"
        return Cell(f"{sign}{NO_BREAK}{side[0 if french else 1]}", "warn", is_number=False)
    if figure.verdict == "within":
        return Cell("dans l’habitude" if french else "usual", is_number=False)
    if figure.verdict == "shown":
        return Cell("—", is_number=False, is_quiet=True)
    return Cell("on ne peut le dire" if french else "cannot tell", "unknown", is_number=False)


def _written(figure: Figure, value: float, naming: Naming) -> str:
    if figure.measure.kind in _SHARES:
        return write_share(value, naming.language, decimals=0 if value >= 0.1 else 1)
    return write_number(value, naming.language, decimals=0 if figure.measure.kind == "delay" else 2)


def _unshown(figure: Figure, naming: Naming) -> str:
    """Say that a number is under ten, or that it is kept back because it would give another away."""
    if figure.measure.is_small:
        return _few(naming)
    return "non montré" if naming.language == "fr" else "not shown"


def _few(naming: Naming) -> str:
    return f"moins de {SMALLEST_CELL}" if naming.language == "fr" else f"fewer than {SMALLEST_CELL}"


def _count(figure: Figure, naming: Naming) -> str:
    if 0 < figure.measure.count < SMALLEST_CELL:
        return _few(naming)
    return write_number(figure.measure.count, naming.language)


def _is_idle(figure: Figure) -> bool:
    """Say whether a figure shows nothing: a weekday's silent days, a month in which nobody records."""
    if figure.measure.kind == "silent":
        return len(figure.measure.part) == 1
    return (
        figure.measure.kind == "month"
        and not figure.measure.count
        and not (figure.usual and figure.usual.high)
    )


def _top(figure: Figure) -> float:
    own = 0.0 if figure.is_hidden else figure.measure.value
    return max(own, figure.usual.high if figure.usual else 0.0)


def _place(value: float, top: float) -> float:
    return min(max(100 * value / top, 0.0), 100.0)
