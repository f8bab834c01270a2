"""Write model cards: what a model is for and never for, what the data cannot tell, and how good it is.

The door of the room. It computes no figure: everything comes from the quality sheet and from people's prose.
"""

from earlywarn.evaluation.cards.card import Pictures, card_markdown, card_page, card_sheet, unsure_of
from earlywarn.evaluation.cards.not_for import not_for_page
from earlywarn.evaluation.cards.prose import CardProse, GroupNames

__all__ = [
    "CardProse",
    "GroupNames",
    "Pictures",
    "card_markdown",
    "card_page",
    "card_sheet",
    "not_for_page",
    "unsure_of",
]
