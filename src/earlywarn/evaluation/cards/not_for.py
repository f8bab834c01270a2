"""Write the page of what a model must not be used for: what no model here may do, and what people added."""

# ruff: noqa: E501 - a sentence and its English stand on one line

from __future__ import annotations

from earlywarn.domain import Language
from earlywarn.evaluation.cards.prose import CardProse
from earlywarn.evaluation.cards.words import word
from earlywarn.evaluation.text import Sheet
from earlywarn.paper import Fact, Section, page
from earlywarn.paper import Sheet as Paper

_LEAD = (
    "Un risque estimé propose où regarder. Il ne décide rien\u00a0: une personne regarde, juge et peut répondre.",
    "An estimated risk proposes where to look. It decides nothing: a person looks, judges and can answer back.",
)
_NEVER = (
    (
        (
            "Décider à propos d’un enfant",
            "classement, admission, sanction, redoublement ou orientation\u00a0: aucune de ces décisions ne se prend ni ne se justifie par un risque. La personne concernée peut savoir ce qui l’a produit et présenter ses observations (Loi sur l’accès, art. 65.2).",
        ),
        (
            "Deciding about a child",
            "placement, admission, discipline, repeating a grade or guidance: none of these is decided or justified by a risk. The person concerned can learn what produced it and be heard (Québec’s Access Act, s. 65.2).",
        ),
    ),
    (
        (
            "Classer des personnes ou des écoles",
            "ni élèves, ni enseignantes et enseignants, ni écoles\u00a0: une liste sert à aider ceux qui y sont, dans les limites de ce qu’une école peut faire.",
        ),
        (
            "Ranking people or schools",
            "neither students, nor teachers, nor schools: a list serves to help those on it, within what a school can do.",
        ),
    ),
    (
        (
            "Conseiller une cause",
            "les raisons sont des associations relevées dans les dossiers\u00a0: «\u00a0si elle venait en classe, elle obtiendrait son diplôme\u00a0» ne se lit nulle part ici.",
        ),
        (
            "Advising a cause",
            "reasons are associations found in records: “if she came to class, she would graduate” can be read nowhere here.",
        ),
    ),
    (
        (
            "Mesurer le succès d’une aide",
            "une aide qui réussit change ce qui arrive, et donc ce que le modèle apprend\u00a0: un risque qui baisse ne prouve rien.",
        ),
        (
            "Measuring whether help worked",
            "help that works changes what happens, and so what the model learns: a risk that falls proves nothing.",
        ),
    ),
    (
        (
            "Servir ailleurs ou plus tard sans nouvelle vérification",
            "un autre réseau, un autre ordre d’enseignement ou une autre année demandent une nouvelle fiche\u00a0: celle-ci ne parle que des périodes qu’elle nomme.",
        ),
        (
            "Serving elsewhere or later without a new check",
            "another network, another level of schooling or another year need a new card: this one speaks only of the periods that it names.",
        ),
    ),
)
_OWN = ("Pour ce modèle", "For this model")
_ALWAYS = ("Pour tout modèle", "For any model")


def not_for_page(
    sheet: Sheet, prose: CardProse, language: Language, *, other: str = "", home: str = ""
) -> str:
    """Return the page in one language, with a way to the other and back to the card."""
    at = 0 if language == "fr" else 1
    text = prose.of("not_for", language) or word("wait", language)
    own = Section("own", _OWN[at], lead=word("written", language), paragraphs=(text,))
    facts = tuple(Fact(*words[at]) for words in _NEVER)
    paper = Paper(
        title=word("not_for", language),
        kicker=f"{sheet['network']}/{sheet['model']}{word('colon', language)}{sheet['outcome'][language]}",
        lead=_LEAD[at],
        sections=(own, Section("always", _ALWAYS[at], facts=facts)),
    )
    back = (home, word("title", language)) if home else None
    return page(paper, language, other=other, home=back)
