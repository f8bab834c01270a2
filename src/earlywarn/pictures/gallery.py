"""Draw all pictures of a sheet, in each language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

from earlywarn.domain import Language
from earlywarn.evaluation import GroupNames, Tolerance
from earlywarn.pictures.canvas import Picture
from earlywarn.pictures.features import Moves, dependence, summary
from earlywarn.pictures.forests import candidates, groups
from earlywarn.pictures.lists import lists
from earlywarn.pictures.reliability import reliability


def draw_pictures(
    sheet: dict[str, Any],
    names: GroupNames,
    tolerance: Tolerance,
    *,
    moves: Moves | None = None,
    languages: Sequence[Language] = get_args(Language),
) -> tuple[Picture, ...]:
    """Draw the leading back-test of a sheet as read back from `backtest.json`.

    Args:
        sheet: The quality sheet; pictures of what an older one does not hold are left out.
        names: What audited columns and their values are called.
        tolerance: The gaps between groups that the spec tolerates.
        moves: Attributions of a sample of rows; none leaves shap's two pictures out.
        languages: Which languages to draw in; both by default.
    """
    lead = sheet["backtests"][0]
    found: list[Picture | None] = []
    for language in languages:
        found += [
            reliability(lead, names, language),
            lists(lead, sheet["capacity_share"], sheet["capacity_per"], language),
            candidates(lead, language),
            groups(lead, names, tolerance, language),
        ]
        if moves is not None:
            found += [summary(moves, language), dependence(moves, language)]
    return tuple(picture for picture in found if picture is not None)
