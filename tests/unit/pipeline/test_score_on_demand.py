"""A caller who posts rows while others' are being scored is told so, soon."""

from __future__ import annotations

import threading
import time
from datetime import date
from pathlib import Path

import pytest

from earlywarn.errors import AsOfError, BusyError
from earlywarn.pipeline.score_on_demand import TableScorer, refuse_future
from earlywarn.workspace import Workspace


def test_nobody_waits_for_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one question is at the worker, the next is refused after the time to wait."""
    asked, answered = threading.Event(), threading.Event()
    with TableScorer(Workspace(tmp_path), seconds_to_wait=0.05) as scorer:

        def stalled(question: bytes, *, seconds: float) -> bytes:
            asked.set()
            answered.wait(10)
            raise BusyError("the first is refused")

        monkeypatch.setattr(scorer._worker, "ask", stalled)

        def ask() -> None:
            with pytest.raises(BusyError, match="the first"):
                scorer._ask(b"{}")

        first = threading.Thread(target=ask)
        first.start()
        assert asked.wait(10)
        start = time.monotonic()
        with pytest.raises(BusyError, match="other posted rows are being scored; try again shortly"):
            scorer._ask(b"{}")
        assert time.monotonic() - start < 2
        answered.set()
        first.join(10)
        with pytest.raises(BusyError, match="the first"):
            scorer._ask(b"{}")


def test_a_day_to_come_is_refused_without_being_repeated() -> None:
    """Today may be asked for, tomorrow not; the answer does not say which day it was."""
    refuse_future(date(2024, 11, 20), date(2024, 11, 20))
    with pytest.raises(AsOfError, match="the day asked for lies in the future") as refused:
        refuse_future(date(2024, 11, 21), date(2024, 11, 20))

    assert "2024" not in str(refused.value)
