"""Which tables of a network systems may push rows to, and what such a row is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earlywarn.tables import load_contract, pushable_tables, row_schema


@dataclass(frozen=True)
class PushTarget:
    """A table, and the JSON Schema of one pushed row."""

    table: str
    grain: str
    key: tuple[str, ...]
    row: Mapping[str, Any]


def push_targets(network: Path) -> dict[str, PushTarget]:
    """Return the tables of a network that rows can be pushed to, as its contract declares them.

    Raises:
        DeclarationError: The contract has problems.
    """
    contract = load_contract(network / "contract.toml")
    return {
        name: PushTarget(name, table.grain, table.key_columns, row_schema(table))
        for name, table in pushable_tables(contract).items()
    }
