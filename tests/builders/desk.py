"""Ask the callers' desk from a test that has no event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from datetime import date
from typing import Any, TypeVar

from earlywarn.domain import Scope
from earlywarn.store import CallerDesk

Found = TypeVar("Found")


def asked(desk: CallerDesk, asking: Coroutine[Any, Any, Found]) -> Found:
    """Return what the desk answers."""

    async def ask() -> Found:
        try:
            return await asking
        finally:
            # Connections belong to the loop that opened them.
            desk.exchanges.close()

    return asyncio.run(ask())


def scope_of_key(desk: CallerDesk, key: str, *, today: date) -> Scope:
    """Return what a key opens."""
    return asked(desk, desk.enter(key, today=today)).scope
