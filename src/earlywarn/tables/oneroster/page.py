"""Describe for people what of OneRoster becomes which column, and what is never read: `docs/oneroster.md`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from earlywarn.tables.contract import Contract
from earlywarn.tables.oneroster.files import START, Standard, standard
from earlywarn.tables.oneroster.mapping import OneRoster, Origin, RosterTable, Rule
from earlywarn.tables.oneroster.merging import mapped_tables
from earlywarn.tables.oneroster.paths import columns_read, followed

_Uses = dict[tuple[str, str], list[str]]


def oneroster_page(contract: Contract, declared: OneRoster | None) -> str:
    """Return every file of OneRoster, and what a network makes of its columns, in Markdown."""
    known, tables = standard(), mapped_tables(contract, declared or OneRoster())
    uses, read = _uses(known, tables), columns_read(known, tables.values())
    parts = [f"## What `{contract.network.name}` reads\n"]
    for file, shape in known.files.items():
        parts += [f"### {file}.csv\n", "| column | becomes |", "|---|---|"]
        for column in (*shape.header, *(one.column for one in known.computed_of(file))):
            words = "; ".join(uses.get((file, column), []))
            if not words:
                words = "**never read**" if column in shape.never else "not read"
                if column in START:
                    words = _START_WORDS[column]
                elif column in read.get(file, ()):
                    words = "read to compute or to follow others"
                elif column not in shape.header:
                    continue
            parts.append(f"| `{column}`{'' if column in shape.header else ' (computed)'} | {words} |")
        parts += ["", *_rules(file, tables)]
    unread = ", ".join(f"`{name}.csv`" for name in known.unread)
    parts += ["### Never opened\n", f"{unread}.", ""]
    return "\n".join(parts)


_START_WORDS = {
    "sourcedId": "names the row",
    "status": "`tobedeleted` rows are deletions",
    "dateLastModified": "not read",
}


def _uses(known: Standard, tables: Mapping[str, RosterTable]) -> _Uses:
    """Return what is made of each column: the tables' columns, and the rules that look at it."""
    found: _Uses = {}
    for name, table in tables.items():
        for column, origin in table.columns.items():
            for path in origin.paths:
                _add(found, known, table.file, path, f"`{name}.{column}`{_how(origin)}")
        for rule in (*table.left_out.values(), *table.held_back.values()):
            for path in rule.column:
                _add(found, known, table.file, path, f"a rule of `{name}`")
    return found


def _add(found: _Uses, known: Standard, file: str, path: str, words: str) -> None:
    lead = followed(known, file, path)
    listed = found.setdefault((lead.file, lead.column), [])
    if words not in listed:
        listed.append(words)


def _how(origin: Origin) -> str:
    if origin.take == "day_before":
        return ", the day before"
    if origin.take == "age":
        return f", as the age on {origin.on}"
    return ", by its code list" if origin.codes else ""


def _rules(file: str, tables: Mapping[str, RosterTable]) -> Iterator[str]:
    for name, table in tables.items():
        if table.file != file:
            continue
        yield f"A row is one of `{name}`, unless:\n"
        for rule in table.left_out.values():
            yield f"- {rule.en} ({_columns(rule)} {_texts(rule)});"
        for reason, holding in table.held_back.items():
            yield f"- it waits as `{reason}` ({_columns(holding)} {_texts(holding)});"
        yield "- a reference leads nowhere, or a cell breaks the contract: then it waits.\n"


def _columns(rule: Rule) -> str:
    return " or ".join(f"`{path}`" for path in rule.column)


def _texts(rule: Rule) -> str:
    texts = rule.among if rule.among is not None else rule.other_than or ()
    listed = ", ".join(f"`{text}`" if text else "empty" for text in texts)
    return f"is {listed}" if rule.among is not None else f"is none of {listed}"
