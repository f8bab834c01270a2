"""Look for leaks in the matrix of every training: pure detectors over a sample of its rows.

Each returns a finding; whether a training stops is decided from all of them together. The replay of as-of
dates needs tables, so it stands in `features` and is run by the train verb.
"""

from earlywarn.modeling.leaks.detection import find_leaks

__all__ = ["find_leaks"]
