"""Judge a list by rules: nothing of it can be measured, so little is asked, and little may it replace."""

from __future__ import annotations

from earlywarn.evaluation.cards import CardProse
from earlywarn.evaluation.gates import Gate
from earlywarn.evaluation.rules_sheet import RULES


def rules_gates(prose: CardProse, champion: str | None = None) -> tuple[Gate, ...]:
    """Meet the gates of a list by rules: its card must be whole, and it replaces no trained model.

    Args:
        prose: What people wrote for the card.
        champion: The kind of the champion; None where there is none.
    """
    missing = tuple(f"the card lacks [card] {section}" for section in prose.missing())
    trained = champion not in (None, RULES)
    replaced = ("a list by rules, of which nothing is measured, would replace a trained model",)
    return (
        Gate("card", missing, "every section is written"),
        Gate("rules", replaced if trained else (), "no trained model is replaced; nothing is measured"),
    )
