"""Judge a quality sheet by declared gates; a closed gate comes with its reason, and there is no way round."""

from __future__ import annotations

from dataclasses import dataclass

from earlywarn.evaluation.cards import CardProse
from earlywarn.evaluation.table import Sheet, number, signed


@dataclass(frozen=True)
class Gates:
    """What must hold before a candidate is put in use."""

    not_worse_than: tuple[str, ...]
    calibrated_within_groups: bool
    largest_calibration_error: float


def closed_gates(sheet: Sheet, gates: Gates, prose: CardProse) -> list[str]:
    """Return the reason of every gate that is closed; none means that the model may be promoted."""
    lead = sheet["backtests"][0]
    closed = [f"the card lacks [card] {section}" for section in prose.missing()]
    closed += _beaten(lead, gates)
    chosen = next(one for one in lead["candidates"] if one["name"] == lead["chosen"])
    error = chosen["overall"]["calibration"]["expected_error"]
    if error is None or error > gates.largest_calibration_error:
        closed.append(
            f"its risks lie {number(error)} from the rates, more than {gates.largest_calibration_error}"
        )
    if gates.calibrated_within_groups:
        closed += [
            f"its risks do not mean rates for {one['column']} = {one['group']} "
            f"(risk minus rate {signed(one['calibration_gap'])})"
            for one in lead["groups"]
            if one["calibration_verdict"] == "outside"
        ]
    return closed


def _beaten(lead: Sheet, gates: Gates) -> list[str]:
    """Rules must be beaten at least in value; what could be published instead must not be better."""
    closed = []
    for pair in lead["comparisons"]:
        if pair["other"] not in gates.not_worse_than:
            continue
        value = pair["auc"]["value"]
        behind = pair["verdict"] == "worse" or value is None or (pair["other"] == "rules" and value <= 0)
        if behind:
            closed.append(f"{pair['model']} does not beat {pair['other']} (AUC {signed(pair['auc'])})")
    return closed
