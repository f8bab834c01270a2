"""Write a drafted contract as the text of `contract.toml`, what is unsure marked where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from earlywarn.domain import Language
from earlywarn.tables.contract import ROW_NUMBER
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.skeleton import Draft, DraftColumn, DraftTable
from earlywarn.tables.inspection.writing import comment, toml_key, toml_value


def contract_text(draft: Draft, language: Language, *, name: str = "network") -> str:
    """Return the text of `contract.toml`."""
    roles = draft.roles
    lines = [
        "[network]",
        f"name = {toml_value(name)}",
        f"unit = [{toml_value(roles['student'])}]",
        f"student = {toml_value(roles['student'])}",
        f"membership = {toml_value(draft.membership)}{comment([Doubt('membership_guessed')], language)}",
        *(f"{role} = {toml_value(roles[role])}" for role in ("school", "starts_on", "left_on")),
        "[network.periods]",
        f'starts = "07-01"{comment([Doubt("periods_guessed")], language)}',
    ]
    for table in draft.tables:
        lines += ["", *_table(table, language)]
    return "\n".join(lines) + "\n"


def _table(table: DraftTable, language: Language) -> Iterator[str]:
    yield f"[tables.{toml_key(table.name)}]"
    grain = (
        "one row per line of the file" if ROW_NUMBER in table.key else f"one row per {', '.join(table.key)}"
    )
    yield f"grain = {toml_value(grain)}"
    yield f"key = {toml_value(table.key)}{_said(table.doubts, 'key', language)}"
    yield f"known_on = {toml_value(table.known_on)}{_said(table.doubts, 'known_on', language)}"
    yield f"[tables.{toml_key(table.name)}.columns]"
    for name, column in table.columns.items():
        yield f"{toml_key(name)} = {_declared(column)}{comment(column.doubts, language)}"


def _declared(column: DraftColumn) -> str:
    rules = []
    for key, value in column.declared.items():
        if isinstance(value, bool | int | str | tuple):
            rules.append(f"{key} = {toml_value(value)}")
    return f"{{ {', '.join(rules)} }}"


def _said(doubts: Sequence[Doubt], key: str, language: Language) -> str:
    return comment([doubt for doubt in doubts if doubt.key == key], language)
