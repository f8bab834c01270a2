"""Outcomes of the tiny network, one of each form that its tables can tell."""

from __future__ import annotations

from datetime import date

from earlywarn.features import BelowOutcome, EqualsOutcome, EventOutcome, ExitOutcome

LATER = date(2029, 1, 1)
"""A day on which all labels are decided."""
EVENT = EventOutcome(form="event", fr="f", en="e", table="absences", where="days >= 1", horizon_days=10)
EQUALS = EqualsOutcome(form="equals", fr="f", en="e", table="stays", column="exit_type", values=("dropout",))
BELOW = BelowOutcome(
    form="below", fr="f", en="e", table="marks", value="mark", mark=60, at=("period", "next_period")
)
EXIT = ExitOutcome(
    form="exit",
    fr="f",
    en="e",
    table="stays",
    return_by="09-30",
    completed="exit_type = 'graduated'",
    censored="exit_type = 'transferred'",
)
