"""Say a finding as a direction reads it: what is seen, what is usual, and what to do about it."""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from collections.abc import Callable, Mapping

from earlywarn.paper import NO_BREAK, Point, counted, listed, of, write_number, write_share
from earlywarn.quality.figures import SMALLEST_CELL, Figure, Kind
from earlywarn.quality.findings import QualityFinding
from earlywarn.quality.naming import Naming
from earlywarn.quality.places import DAYS_TO_RECORD

_MOST_GROUPS = 4
Said = tuple[str, str]


def said(finding: QualityFinding, naming: Naming) -> Point:
    """Return a finding as a sentence, with what to do."""
    text, todo = _SAYING[finding.kind](finding, naming)
    return Point(text, todo)


def _both(naming: Naming, french: str, english: str) -> str:
    return french if naming.language == "fr" else english


def _number(value: float, naming: Naming) -> str:
    return write_number(value, naming.language, decimals=2)


def _share(value: float, naming: Naming) -> str:
    return write_share(value, naming.language)


def _middle(figure: Figure) -> float:
    return figure.usual.middle if figure.usual else 0.0


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _empty(finding: QualityFinding, naming: Naming) -> Said:
    table = naming.table(finding.table)
    return (
        _both(
            naming,
            f"Aucune ligne dans «{NO_BREAK}{table}{NO_BREAK}», alors que les écoles comparables en ont.",
            f"There is no row in “{table}”, while comparable schools have some.",
        ),
        _both(
            naming,
            "Vérifier que l’exportation contient cette école.",
            "Check that the export holds this school.",
        ),
    )


def _total(finding: QualityFinding, naming: Naming) -> Said:
    (figure,) = finding.figures
    table = naming.table(finding.table)
    usual = _number(_middle(figure), naming)
    if not figure.measure.count:
        text = _both(
            naming,
            f"Aucune saisie {of(table, 'fr')} depuis le début de la période, contre {usual} par élève d’habitude dans les écoles comparables.",
            f"No entry of {table} since the period began, against {usual} per student usually in comparable schools.",
        )
    else:
        own = _number(figure.measure.value, naming)
        text = _both(
            naming,
            f"{own} {_plural(figure.measure.value, 'saisie', 'saisies')} {of(table, 'fr')} par élève depuis le début de la période, contre {usual} d’habitude dans les écoles comparables.",
            f"{own} entries of {table} per student since the period began, against {usual} usually in comparable schools.",
        )
    return text, _both(
        naming,
        "Vérifier que tous les groupes saisissent, et que l’exportation est complète et à jour.",
        "Check that every group records, and that the export is whole and up to date.",
    )


def _silent(finding: QualityFinding, naming: Naming) -> Said:
    table, days = naming.table(finding.table), naming.days(finding.table)
    n_silent = sum(figure.measure.count for figure in finding.figures)
    n_days = sum(figure.measure.out_of for figure in finding.figures)
    usual = sum(_middle(figure) * figure.measure.out_of for figure in finding.figures)
    months = [naming.month(figure.measure.part) for figure in finding.figures if figure.measure.part]
    when = (
        _both(naming, f"en {listed(months, 'fr')}", f"in {listed(months, 'en')}")
        if months
        else _both(naming, "depuis le début de la période", "since the period began")
    )
    expected = write_number(round(usual), naming.language)
    text = _both(
        naming,
        f"{when}, {n_silent}{NO_BREAK}{days} sur {n_days} sont sans aucune saisie {of(table, 'fr')}, contre {expected} d’habitude dans les écoles comparables.",
        f"{when}, {n_silent} of {n_days} {days} have no entry of {table} at all, against {expected} usually in comparable schools.",
    )
    if finding.weekday:
        weekday = naming.weekday(finding.weekday)
        return _capital(text), _both(
            naming,
            f"Vérifier la saisie du {weekday}{NO_BREAK}: la plupart de ces jours sont des {weekday}s.",
            f"Check what is recorded on {weekday}s: most of these days are {weekday}s.",
        )
    return _capital(text), _both(
        naming,
        "Vérifier qui saisit ces jours-là, et ce qui manque à l’exportation.",
        "Check who records on those days, and what the export lacks.",
    )


def _month(finding: QualityFinding, naming: Naming) -> Said:
    table = naming.table(finding.table)
    parts = []
    for figure in finding.figures:
        month, usual = naming.month(figure.measure.part), _number(_middle(figure), naming)
        own = _number(figure.measure.value, naming)
        parts.append(
            _both(
                naming,
                f"en {month}, {own} {_plural(figure.measure.value, 'saisie', 'saisies')} {of(table, 'fr')} par élève, contre {usual} d’habitude",
                f"in {month}, {own} entries of {table} per student, against {usual} usually",
            )
        )
    joined = f"{NO_BREAK}; ".join(parts) if naming.language == "fr" else "; ".join(parts)
    return f"{_capital(joined)}.", _both(
        naming,
        "Vérifier que tous les groupes ont saisi ces mois-là.",
        "Check that every group recorded in those months.",
    )


def _weekday(finding: QualityFinding, naming: Naming) -> Said:
    table = naming.table(finding.table)
    worst = min(finding.figures, key=lambda figure: figure.measure.value)
    weekdays = [naming.weekday(figure.measure.part) for figure in finding.figures]
    own, usual = _share(worst.measure.value, naming), _share(_middle(worst), naming)
    names = listed(weekdays, naming.language)
    return (
        _both(
            naming,
            f"Le {listed(weekdays, 'fr').replace(' et ', ' et le ')}, les saisies {of(table, 'fr')} valent {own} de celles d’un jour moyen de l’école, contre {usual} d’habitude.",
            f"On {names}, entries of {table} are {own} of those of the school’s average day, against {usual} usually.",
        ),
        _both(naming, f"Vérifier la saisie du {names}.", f"Check what is recorded on {names}."),
    )


def _missing(finding: QualityFinding, naming: Naming) -> Said:
    column = naming.column(finding.table, finding.column)
    worst = sorted(finding.figures, key=lambda figure: -figure.measure.value)
    parts = [_missing_part(figure, naming) for figure in worst[:_MOST_GROUPS]]
    rest = len(worst) - len(parts)
    if rest > 0:
        parts.append(
            _both(naming, f"et {rest} {'autre cas' if rest == 1 else 'autres cas'}", f"and {rest} more")
        )
    joined = f"{NO_BREAK}; ".join(parts) if naming.language == "fr" else "; ".join(parts)
    return (
        _both(
            naming,
            f"Valeur manquante, «{NO_BREAK}{column}{NO_BREAK}»{NO_BREAK}: {joined}.",
            f"Missing value, “{column}”: {joined}.",
        ),
        _both(
            naming,
            "Vérifier que ces résultats ont été saisis et transmis par l’école.",
            "Check that these were entered and sent by the school.",
        ),
    )


def _missing_part(figure: Figure, naming: Naming) -> str:
    group = naming.group(figure.measure.table, figure.measure.part)
    usual = _share(_middle(figure), naming)
    where = f"{group}, " if group else ""
    if figure.is_hidden:
        few = _both(naming, f"moins de {SMALLEST_CELL} élèves", f"fewer than {SMALLEST_CELL} students")
        return f"{where}{few}"
    count = write_number(figure.measure.count, naming.language)
    out_of = write_number(figure.measure.out_of, naming.language)
    return _both(
        naming,
        f"{where}{count} élèves sur {out_of} (d’habitude {usual})",
        f"{where}{count} of {out_of} students (usually {usual})",
    )


def _late(finding: QualityFinding, naming: Naming) -> Said:
    (figure,) = finding.figures
    table = naming.table(finding.table)
    if finding.kind == "delay":
        own, usual = (
            counted(round(v), _both(naming, "jour", "day"), _both(naming, "jours", "days"), naming.language)
            for v in (figure.measure.value, _middle(figure))
        )
        text = _both(
            naming,
            f"La moitié des saisies {of(table, 'fr')} arrivent {own} ou plus après le fait, contre {usual} d’habitude.",
            f"Half of the entries of {table} come {own} or more after the fact, against {usual} usually.",
        )
    else:
        own, usual = _share(figure.measure.value, naming), _share(_middle(figure), naming)
        text = _both(
            naming,
            f"{own} des saisies {of(table, 'fr')} arrivent plus de {DAYS_TO_RECORD}{NO_BREAK}jours après le fait, contre {usual} d’habitude.",
            f"{own} of the entries of {table} come more than {DAYS_TO_RECORD} days after the fact, against {usual} usually.",
        )
    return text, _both(
        naming,
        "Saisir plus tôt\u00a0: une liste ne voit que ce qui est saisi la veille au plus tard.",
        "Record earlier: a list sees only what was recorded by the day before.",
    )


def _unplaced(finding: QualityFinding, naming: Naming) -> Said:
    (figure,) = finding.figures
    what = naming.column(finding.table, finding.column) if finding.column else naming.table(finding.table)
    usual = _share(_middle(figure), naming)
    if figure.is_hidden:
        who = _both(
            naming, f"Moins de {SMALLEST_CELL} élèves n’ont", f"Fewer than {SMALLEST_CELL} students have"
        )
    else:
        count = write_number(figure.measure.count, naming.language)
        out_of = write_number(figure.measure.out_of, naming.language)
        who = _both(naming, f"{count} élèves sur {out_of} n’ont", f"{count} of {out_of} students have")
    return (
        _both(
            naming,
            f"{who} rien dans «{NO_BREAK}{what}{NO_BREAK}» aujourd’hui, contre {usual} d’habitude.",
            f"{who} nothing in “{what}” today, against {usual} usually.",
        ),
        _both(
            naming,
            "Compléter leur inscription\u00a0: sans elle, ils sont comparés à tort ou vus de personne.",
            "Complete their enrollment: without it they are compared wrongly, or seen by nobody.",
        ),
    )


def _code(finding: QualityFinding, naming: Naming) -> Said:
    (figure,) = finding.figures
    table = naming.table(finding.table)
    code = naming.code(finding.table, finding.column, figure.measure.part)
    usual = _number(_middle(figure), naming)
    seldom = (
        _both(naming, "Presque aucune", "Hardly any")
        if figure.measure.count
        else _both(naming, "Aucune", "No")
    )
    entry = _both(naming, "saisie", "entry")
    return (
        _both(
            naming,
            f"{seldom} {entry} de la sorte «{NO_BREAK}{code}{NO_BREAK}» ({table}) depuis le début de la période, contre {usual} par élève d’habitude.",
            f"{seldom} {entry} of the kind “{code}” ({table}) since the period began, against {usual} per student usually.",
        ),
        _both(
            naming,
            "Si l’école ne saisit pas cette sorte, le savoir en lisant une liste\u00a0: son absence n’y dit rien.",
            "If the school does not record this kind, remember it when reading a list: its absence says nothing there.",
        ),
    )


def _plural(value: float, one: str, many: str) -> str:
    return one if value < 2 else many


_SAYING: Mapping[Kind, Callable[[QualityFinding, Naming], Said]] = {
    "empty": _empty,
    "total": _total,
    "silent": _silent,
    "month": _month,
    "weekday": _weekday,
    "missing": _missing,
    "late": _late,
    "delay": _late,
    "unplaced": _unplaced,
    "code": _code,
}
