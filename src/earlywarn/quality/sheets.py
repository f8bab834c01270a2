"""What a school's page and the network's overview say: every figure beside what is usual, with its verdict."""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from earlywarn.paper import Cell, Fact, Row, Section, Sheet, Table, counted, write_day, write_number
from earlywarn.quality.evidence import KIND_TABLES, empty_table, kind_table
from earlywarn.quality.figures import SMALLEST_CELL, NetworkQuality, SchoolQuality
from earlywarn.quality.findings import QualityFinding, findings_of
from earlywarn.quality.judging import FEWEST_SCHOOLS, FEWEST_STUDENTS
from earlywarn.quality.naming import Naming
from earlywarn.quality.wording import said

_SAID = {
    "school_kicker": ("Qualité des données", "Data quality"),
    "first": ("À régler d’abord", "To settle first"),
    "nothing": (
        "Rien ne s’écarte de ce qui est habituel dans les écoles comparables.",
        "Nothing differs from what is usual in comparable schools.",
    ),
    "cannot_tell": (
        "Trop peu d’écoles comparables pour dire ce qui est habituel : les chiffres sont montrés sans avis.",
        "Too few comparable schools to tell what is usual: the figures are shown without a verdict.",
    ),
    "small": (
        "L’école a moins de 10 élèves : aucun chiffre n’est montré.",
        "The school has fewer than 10 students: no figure is shown.",
    ),
    "enrolled": ("Inscriptions et groupes", "Enrollments and groups"),
    "reading": ("Comment lire cette page", "How to read this page"),
    "schools": ("Écoles", "Schools"),
    "schools_caption": ("Celles qui ont le plus à régler d’abord", "Those with most to settle first"),
    "nowhere_caption": ("Par table", "By table"),
    "nowhere": ("Lignes d’aucune école", "Rows of no school"),
    "nowhere_lead": (
        "Ces lignes nomment un élève qui n’était inscrit nulle part ce jour-là : elles ne comptent dans aucune école.",
        "These rows name a student who was enrolled nowhere on that day: they count in no school.",
    ),
}
_READING = (
    (
        ("D’habitude", "Usual"),
        (
            "La médiane des écoles comparables ; la moitié d’entre elles se trouve entre les deux nombres qui suivent. Comparables : les écoles du même ordre, d’au moins 30 élèves.",
            "The median of comparable schools and, below it, the two numbers between which half of them lie. Comparable: schools of the same level with at least 30 students.",
        ),
    ),
    (
        ("Au-dessous, au-dessus", "Below, above"),
        (
            "Le chiffre s’écarte de la médiane de plus de 3,5 écarts robustes (1,4826 fois l’écart absolu médian), d’une différence qui compte, et de plus que le hasard d’un compte.",
            "The figure differs from the median by more than 3.5 robust deviations (1.4826 times the median absolute deviation), by a difference that matters, and by more than the chance of counting.",
        ),
    ),
    (
        ("On ne peut le dire", "Cannot tell"),
        (
            "Moins de 10 écoles comparables, de 30 élèves, de 5 journées, ou de 10 saisies attendues. Les sept derniers jours ne comptent pas parmi les journées : on laisse le temps de saisir.",
            "Fewer than 10 comparable schools, 30 students, 5 days, or 10 entries to be expected. The last seven days do not count among the days: there is time left to record.",
        ),
    ),
    (
        ("Ce que la page ne dit pas", "What the page does not say"),
        (
            "Elle compte des lignes, des journées et des élèves, jamais moins de 10 ; elle ne nomme personne et ne juge pas l’enseignement. Une école qui saisit moins a peut-être moins à saisir : c’est à vérifier, non un reproche.",
            "It counts rows, days and students, never fewer than 10; it names nobody and does not judge teaching. A school that records less may have less to record: that is to check, not a reproach.",
        ),
    ),
)


def school_sheet(school: SchoolQuality, network: NetworkQuality, naming: Naming) -> Sheet:
    """Return what a school's page says."""
    found = () if school.is_hidden else tuple(said(finding, naming) for finding in findings_of(school))
    return Sheet(
        title=school.name,
        kicker=_say("school_kicker", naming),
        lead=_lead(school, network, naming, len(found)),
        facts=_facts(school, network, naming),
        first_title=_say("first", naming) if found else "",
        first=found,
        sections=(*_sections(school, naming), _reading(naming)),
    )


def network_sheet(network: NetworkQuality, naming: Naming, links: Mapping[str, str]) -> Sheet:
    """Return the overview: every school, those with most to settle first.

    Args:
        network: All schools.
        naming: The words of the reader.
        links: Where each school's own page is.
    """
    told = [(school, findings_of(school)) for school in network.schools]
    told.sort(key=lambda pair: (-len(pair[1]), pair[0].name, pair[0].school_id))
    rows = tuple(_school_row(school, found, naming, links) for school, found in told)
    n_asked = sum(bool(found) for _, found in told)
    columns = (
        ("École", "Élèves", "Points à régler", "Le premier")
        if naming.language == "fr"
        else ("School", "Students", "To settle", "The first")
    )
    return Sheet(
        title=network.network,
        kicker=_say("school_kicker", naming),
        lead=_network_lead(len(told), n_asked, naming),
        facts=_days(network, naming),
        sections=(
            Section(
                "schools",
                _say("schools", naming),
                tables=(Table(_say("schools_caption", naming), columns, rows),),
            ),
            *_nowhere(network, naming),
            _reading(naming),
        ),
    )


def _lead(school: SchoolQuality, network: NetworkQuality, naming: Naming, n_found: int) -> str:
    if school.is_hidden:
        return _say("small", naming)
    if _n_comparable(school, network) < FEWEST_SCHOOLS:
        return _say("cannot_tell", naming)
    if not n_found:
        return _say("nothing", naming)
    if naming.language == "fr":
        return f"{counted(n_found, 'point à régler', 'points à régler', 'fr')} avant de se fier à une liste."
    return f"{counted(n_found, 'point', 'points', 'en')} to settle before trusting a list."


def _network_lead(n_schools: int, n_asked: int, naming: Naming) -> str:
    if naming.language == "fr":
        return (
            f"{counted(n_asked, 'école', 'écoles', 'fr')} sur {write_number(n_schools, 'fr')} "
            f"{'a' if n_asked < 2 else 'ont'} un point à régler avant de se fier à une liste."
        )
    return f"{n_asked} of {counted(n_schools, 'school', 'schools', 'en')} have something to settle before a list is trusted."


def _facts(school: SchoolQuality, network: NetworkQuality, naming: Naming) -> tuple[Fact, ...]:
    french = naming.language == "fr"
    n_comparable = _n_comparable(school, network)
    with_level = f" ({level})" if (level := naming.level(school.level)) else ""
    students = (
        f"{'moins de' if french else 'fewer than'} {SMALLEST_CELL}"
        if school.is_hidden
        else write_number(school.n_students, naming.language)
    )
    return (
        *_days(network, naming),
        Fact("Élèves" if french else "Students", students),
        Fact(
            "Comparée à" if french else "Compared with",
            f"{counted(n_comparable, 'école', 'écoles', 'fr') if french else counted(n_comparable, 'school', 'schools', 'en')}{with_level}",
        ),
    )


def _days(network: NetworkQuality, naming: Naming) -> tuple[Fact, ...]:
    day, first, last = (write_day(d, naming.language) for d in (network.as_of, network.first, network.last))
    if not naming.contract.network.has_dates:
        return (Fact("Situation au" if naming.language == "fr" else "As of", day),)
    if naming.language == "fr":
        return (Fact("Situation au", day), Fact("Période", f"du {first} au {last}"))
    return (Fact("As of", day), Fact("Period", f"{first} to {last}"))


def _n_comparable(school: SchoolQuality, network: NetworkQuality) -> int:
    return sum(
        other.level == school.level and other.n_students >= FEWEST_STUDENTS and other is not school
        for other in network.schools
    )


def _sections(school: SchoolQuality, naming: Naming) -> Iterator[Section]:
    """Yield a section for each counted table, then what enrollments and groups lack."""
    apart = school.of_kind("unplaced", "empty")
    for table in dict.fromkeys(figure.measure.table for figure in school.figures if figure not in apart):
        own = [figure for figure in school.figures if figure.measure.table == table]
        tables = tuple(
            kind_table(found, naming)
            for kinds in KIND_TABLES
            if (found := [figure for kind in kinds for figure in own if figure.measure.kind == kind])
        )
        title = naming.table(table)
        yield Section(f"table-{table}", title[:1].upper() + title[1:], tables=tables)
    if apart:
        unplaced, empty = school.of_kind("unplaced"), school.of_kind("empty")
        tables = (kind_table(unplaced, naming),) if unplaced else ()
        tables += (empty_table(empty, naming),) if empty else ()
        yield Section("enrolled", _say("enrolled", naming), tables=tables)


def _nowhere(network: NetworkQuality, naming: Naming) -> Iterator[Section]:
    if network.nowhere:
        columns = ("Table", "Lignes") if naming.language == "fr" else ("Table", "Rows")
        rows = tuple(
            Row(naming.table(table), (Cell(write_number(n, naming.language)),))
            for table, n in network.nowhere
        )
        yield Section(
            "nowhere",
            _say("nowhere", naming),
            lead=_say("nowhere_lead", naming),
            tables=(Table(_say("nowhere_caption", naming), columns, rows),),
        )


def _school_row(
    school: SchoolQuality, found: Sequence[QualityFinding], naming: Naming, links: Mapping[str, str]
) -> Row:
    students = write_number(school.n_students, naming.language)
    if school.is_hidden:
        students = f"{'moins de' if naming.language == 'fr' else 'fewer than'} {SMALLEST_CELL}"
    return Row(
        school.name,
        (
            Cell(students),
            Cell(str(len(found)), "warn" if found else "", is_quiet=not found),
            Cell(said(found[0], naming).text if found else "—", is_number=False, is_quiet=not found),
        ),
        note=naming.level(school.level),
        link=links.get(school.school_id, ""),
    )


def _reading(naming: Naming) -> Section:
    at = 0 if naming.language == "fr" else 1
    facts = tuple(Fact(term[at], text[at]) for term, text in _READING)
    return Section("reading", _say("reading", naming), facts=facts)


def _say(key: str, naming: Naming) -> str:
    return _SAID[key][0 if naming.language == "fr" else 1]
