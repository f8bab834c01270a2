"""The card of a list by rules: what it is, which rules, who meets them, and that nothing of it is measured."""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from earlywarn.domain import Language
from earlywarn.evaluation.abstention import abstention_line
from earlywarn.evaluation.cards.prose import CardProse, written_sections
from earlywarn.evaluation.cards.words import word
from earlywarn.evaluation.rules_sheet import mark_of, nothing_measured
from earlywarn.evaluation.text import Sheet
from earlywarn.paper import Cell, Point, Row, Section, Table, write_number, write_share
from earlywarn.paper import Sheet as Paper

_SAID: dict[str, tuple[str, str]] = {
    "list": (
        "Une liste de {share} {per} et par moment, de ceux qui atteignent le plus de règles\u00a0; qui n’en atteint aucune n’est jamais listé. À égalité, l’ordre est fixé par un nombre tiré du pseudonyme, qui ne dit rien de l’élève.",
        "A list of {share} {per} and per moment, of those who meet most rules; whoever meets none is never listed. Ties are broken by a number made from the pseudonym, which says nothing of the student.",
    ),
    "rules": ("Les règles", "The rules"),
    "caption": ("Ce qui vaut un point", "What is worth a point"),
    "heads": ("règle|variable|seuil|l’atteignent|part", "rule|feature|mark|meet it|share"),
    "replaced": (
        "Dès que des suites sont connues, un modèle appris la remplace par la même commande (`earlywarn promote`), après comparaison.",
        "Once outcomes are known, a trained model replaces it by the same command (`earlywarn promote`), after a comparison.",
    ),
}


def rules_paper(sheet: Sheet, prose: CardProse, language: Language) -> Paper:
    """Return what the card of a list by rules says in one language."""
    colon = word("colon", language)
    return Paper(
        title=f"{word('title', language)}{colon}{sheet['network']}/{sheet['model']}",
        kicker="",
        lead=f"{word('outcome', language)}{colon}{sheet['outcome'][language]}",
        first_title=word("unsure", language),
        first=(Point(nothing_measured(sheet, language), "", mark="unknown"),),
        sections=(*written_sections(prose, language), _rules(sheet, language)),
    )


def _rules(sheet: Sheet, language: Language) -> Section:
    told = _say("list", language).format(
        share=write_share(sheet["capacity_share"], language),
        per=", ".join(word(name, language) for name in sheet["capacity_per"]),
    )
    said = [told, _say("replaced", language)]
    said += [abstention_line(sheet["abstention"], language)] if sheet.get("abstention") else []
    rows = tuple(
        Row(
            one["words"][language],
            (
                Cell(one["feature"], is_number=False),
                Cell(mark_of(one)),
                Cell(write_number(one["n_met"], language)),
                Cell(write_share(one["share"], language)),
            ),
        )
        for one in sheet["rules"]
    )
    table = Table(_say("caption", language), tuple(_say("heads", language).split("|")), rows)
    return Section("rules", _say("rules", language), paragraphs=tuple(said), tables=(table,))


def _say(key: str, language: Language) -> str:
    return _SAID[key][0 if language == "fr" else 1]
