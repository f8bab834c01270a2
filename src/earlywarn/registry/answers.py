"""Answer a data scientist's rows as the service would: margin, risk, and reasons in words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args

import numpy as np

from earlywarn.domain import Language
from earlywarn.errors import SettingsError
from earlywarn.scoring import PublishedModel, Reason, reasons_for
from earlywarn.scoring.trees import Floats


def answer(model: PublishedModel, values: Floats, *, top_k: int, language: str) -> dict[str, object]:
    """Return columns `margin`, `risk`, `reasons` and `codes`.

    A catalog without texts gives no sentence: its features are then named by their share of the margin.

    Raises:
        SettingsError: The language is not known, or fewer than one reason is asked for.
    """
    if language not in get_args(Language):
        raise SettingsError("the language of reasons is not known", todo="ask for 'fr' or 'en'")
    if top_k < 1:
        raise SettingsError("fewer than one reason is asked for", todo="set top_k to 1 or more")
    attributions = model.attributions(values)
    margins = model.margins_of(attributions)
    reasons: Sequence[list[str]]
    codes: Sequence[list[str]]
    if any(entry is not None and entry.text for entry in model.entries):
        found = [row[:top_k] for row in reasons_for(model, values, attributions)]
        spoken = cast("Language", language)
        reasons = [[_sentence(one, spoken) for one in row] for row in found]
        codes = [[one.code for one in row] for row in found]
    else:
        reasons = codes = strongest(model, attributions, top_k)
    return {"margin": margins, "risk": model.risks(margins), "reasons": reasons, "codes": codes}


def _sentence(reason: Reason, language: Language) -> str:
    arrow = {"raises": "↑", "lowers": "↓"}[reason.direction]
    compared = reason.comparison[language]
    return f"{arrow} {reason.text[language]}" + (f" ({compared})" if compared else "")


def strongest(model: PublishedModel, attributions: Floats, top_k: int) -> Sequence[list[str]]:
    """Name the features that moved each row's margin most, strongest first."""
    order = np.argsort(-np.abs(attributions), axis=1, kind="stable")[:, :top_k]
    return [
        [model.features[place] for place in places if attributions[row, place] != 0]
        for row, places in enumerate(order)
    ]
