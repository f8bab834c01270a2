"""Which features a model may name, told from the declarations alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from earlywarn.features.encoding import OTHER
from earlywarn.features.indicators import CALENDAR, Indicators
from earlywarn.features.plan import catalog_of, plan_measures
from earlywarn.tables import Contract


@dataclass(frozen=True)
class FeatureNames:
    """The features of some families: their names, and the codes whose levels only training rows tell."""

    names: tuple[str, ...]
    codes: tuple[str, ...] = ()

    def __contains__(self, name: str) -> bool:
        """Say whether a feature has, or may have once its codes are fitted, this name.

        >>> known = FeatureNames(("absences__count__all",), ("path__one_of__all",))
        >>> "path__one_of__all__science" in known, "path__one_of__all" in known
        (True, False)
        """
        starts = tuple(f"{code}__" for code in self.codes)
        return name in self.names or (name.startswith(starts) and name not in starts)

    def nearest(self, name: str) -> str | None:
        """Return the name that most resembles one that is not known, if any does.

        >>> FeatureNames(("absences__count__all",)).nearest("absence__count__all")
        'absences__count__all'
        """
        candidates = [*self.names, *(f"{code}__{OTHER}" for code in self.codes)]
        return next(iter(get_close_matches(name, candidates, n=1)), None)


def feature_names(
    contract: Contract, indicators: Indicators, families: Sequence[str] | None = None
) -> FeatureNames:
    """Return what the features of some families are named; families that do not exist give none.

    Raises:
        DeclarationError: Two features have the same name.
    """
    known = {*indicators.families, CALENDAR}
    allowed = None if families is None else [family for family in families if family in known]
    measures = plan_measures(contract, indicators, allowed)
    codes = tuple(measure.name for measure in measures if measure.is_code and measure.levels is None)
    return FeatureNames(catalog_of(contract, measures).names, codes)
