"""Load LightGBM so that its threads sleep while they wait for each other."""

from __future__ import annotations

import os
from types import ModuleType


def load_lightgbm() -> ModuleType:
    """Import LightGBM.

    By default its threads spin, which on a busy machine makes two threads several times slower than one; the
    OpenMP library reads this variable once, when it is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import lightgbm

    return lightgbm
