"""Keep numerical libraries from fighting over threads: on small arrays that costs ten times the work."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from types import ModuleType

from threadpoolctl import threadpool_limits


def load_lightgbm() -> ModuleType:
    """Import LightGBM.

    By default its threads spin, which on a busy machine makes two threads several times slower than one; the
    OpenMP library reads this variable once, when it is loaded.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    import lightgbm

    return lightgbm


def one_blas_thread() -> AbstractContextManager[object]:
    """Let linear algebra run on one thread inside the block.

    Its products are small and many here, and with one thread their last bits do not depend on the machine.
    """
    limits: AbstractContextManager[object] = threadpool_limits(limits=1, user_api="blas")
    return limits
