"""Invent a Québec-shaped school network with known truth, and write it as raw files.

The room takes a seed and a size; it reads nothing, and no row of a real person is in it.
"""

from __future__ import annotations

from earlywarn.synthetic.dirty import soil
from earlywarn.synthetic.network import SyntheticNetwork, synthesize

__all__ = ["SyntheticNetwork", "soil", "synthesize"]
