"""The card's lists: how early they name whom, how many names stay, and what other lists would have been."""

from __future__ import annotations

from earlywarn.domain import Language
from earlywarn.evaluation.cards.words import word
from earlywarn.evaluation.cards.writing import count_cell, figure_cell, verdict_cell
from earlywarn.evaluation.lists_text import list_facts
from earlywarn.evaluation.text import Sheet
from earlywarn.paper import Cell, Row, Section, Table, counted, write_number, write_share

_SAID = {
    "title": ("Les listes", "The lists"),
    "sizes": (
        "Par taille d’école, intervalles tirés sur les {over}",
        "By size of school, intervals drawn over {over}",
    ),
    "size": ("unités dans l’école", "units in the school"),
    "schools": ("écoles", "schools"),
    "students": ("élèves", "students"),
    "overlaps": (
        "Ce que la liste aurait été, à la même taille",
        "What the list would have been, at the same size",
    ),
    "other": ("liste par", "list by"),
    "shared": ("noms communs", "names on both"),
    "only_ours": ("seulement par le modèle", "only by the model"),
    "only_theirs": ("seulement par l’autre", "only by the other"),
    "gain": ("précision en plus", "precision gained"),
    "of_which": ("dont {hits} situations", "{hits} with the outcome"),
}


def lists_section(lead: Sheet, language: Language) -> Section | None:
    """Show what a school sees; an older sheet has nothing to show."""
    lists = lead.get("lists")
    if lists is None:
        return None
    tables = (*_sizes(lead, language), *_overlaps(lists["overlaps"], language))
    return Section(
        "lists", _say("title", language), paragraphs=tuple(list_facts(lead, language)), tables=tables
    )


def _sizes(lead: Sheet, language: Language) -> tuple[Table, ...]:
    columns = (
        _say("size", language),
        _say("schools", language),
        "n",
        *(word(name, language) for name in ("AUC", "precision", "recall")),
    )
    rows = tuple(
        Row(
            f"{write_number(one['smallest'], language)}-{write_number(one['largest'], language)}",
            (
                count_cell(one["n_schools"], language),
                count_cell(one["n"], language),
                *(figure_cell(one[name], language) for name in ("auc", "precision", "recall")),
            ),
        )
        for one in lead["lists"]["by_size"]
    )
    if not rows:
        return ()
    caption = _say("sizes", language).format(over=_say(lead["intervals_over"], language))
    return (Table(caption, columns, rows),)


def _overlaps(overlaps: list[Sheet], language: Language) -> tuple[Table, ...]:
    names = ("other", "shared", "only_ours", "only_theirs", "gain")
    columns = (*(_say(name, language) for name in names), word("verdict", language))
    rows = tuple(
        Row(
            word(one["other"], language),
            (
                Cell(
                    "-" if one["shared"]["value"] is None else write_share(one["shared"]["value"], language)
                ),
                _names(one["n_only_ours"], one["hits_only_ours"], language),
                _names(one["n_only_theirs"], one["hits_only_theirs"], language),
                figure_cell(one["precision_gain"], language, signed=True),
                verdict_cell(one["verdict"], word(one["verdict"], language)),
            ),
        )
        for one in overlaps
    )
    return (Table(_say("overlaps", language), columns, rows),) if rows else ()


def _names(n: int, hits: int, language: Language) -> Cell:
    """Count the names that only one list holds, and those among them who met the outcome."""
    words = ("nom", "noms") if language == "fr" else ("name", "names")
    return Cell(counted(n, *words, language), note=_say("of_which", language).format(hits=hits))


def _say(key: str, language: Language) -> str:
    return _SAID[key][0 if language == "fr" else 1]
