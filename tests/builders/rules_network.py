"""The tiny scored network of one year, whose only declared model has rules and not one outcome known yet."""

from __future__ import annotations

from pathlib import Path

from tests.builders.scored_network import ScoredNetwork, taken_in

ABSENT, LOW = 0.05, 65.0
MODEL = f"""
name = "failing"
[outcome]
form = "below"
table = "marks"
value = "mark"
mark = 60
at = ["next_period"]
fr = "échouer l’an prochain"
en = "failing next year"
[as_of]
dates = ["10-15", "11-20"]
[features]
families = ["attendance", "marks"]
[capacity]
share = 0.6
[[rules]]
name = "absent"
feature = "absent_days__share__period"
above = {ABSENT}
fr = "absent plus de 5 % des jours de classe"
en = "absent on more than 5% of school days"
[[rules]]
name = "low"
feature = "mark__mean__period"
below = {LOW}
fr = "moyenne sous 65 %"
en = "average under 65%"
[scoring]
needs_any = ["mark__mean__period"]
fr = "aucun résultat n’est encore connu ici"
en = "no mark is known here yet"
[card.use]
fr = "Regarder."
en = "To look."
[card.not_for]
fr = "Punir."
en = "To punish."
[card.limits]
fr = "Rien n’est mesuré."
en = "Nothing is measured."
"""


def unlabeled_network(home: Path) -> ScoredNetwork:
    """Declare the network, take its one year in, and declare the model."""
    network = taken_in(home)
    (network.folder / "failing").mkdir()
    (network.folder / "failing" / "model.toml").write_text(MODEL, encoding="utf-8")
    return network
