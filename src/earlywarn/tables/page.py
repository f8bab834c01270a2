"""Describe a network's tables for people: what the contract itself writes of `docs/data-contract.md`."""

from __future__ import annotations

from collections.abc import Iterator

from earlywarn.tables.contract import ALWAYS, Column, Contract, Table


def contract_page(contract: Contract) -> str:
    """Return every declared table of a contract in Markdown, in declared order."""
    parts = [f"## Tables of `{contract.network.name}`\n"]
    parts += [_section(contract, name, table) for name, table in contract.tables.items()]
    return "\n".join(parts)


def _section(contract: Contract, name: str, table: Table) -> str:
    lines = [f"### {name}\n", f"{table.grain[0].upper()}{table.grain[1:]}.\n"]
    if table.expected is not None:
        due = table.expected
        lines.append(
            f"Every row of `{due.each}` due to a unit from `{due.known_on}` on, with its row of "
            f"`{due.match}` once that is known.\n"
        )
        return "\n".join(lines)
    known = "always" if table.known_on == ALWAYS else f"from `{table.known_on}`"
    key = ", ".join(f"`{column}`" for column in contract.key_of(name))
    facts = [f"key {key}", f"known {known}"]
    if table.absent_means == "zero":
        facts.append("no row means zero")
    if table.cumulative is not None:
        facts.append(f"counts run on along `{table.cumulative.order}`")
    if table.holds_help:
        facts.append("holds help, so never a feature")
    if table.rows:
        facts.append("written in the contract")
    lines.append(f"{'; '.join(facts).capitalize()}.\n")
    lines += ["| column | type | rules |", "|---|---|---|"]
    lines += [
        f"| `{n}` | {column.type} | {'; '.join(_rules(column))} |" for n, column in table.columns.items()
    ]
    return "\n".join([*lines, ""])


def _rules(column: Column) -> Iterator[str]:
    if column.required:
        yield "required"
    if column.allowed is not None:
        yield "one of " + ", ".join(f"`{value}`" for value in column.allowed)
    if column.min is not None:
        yield f"at least {column.min}"
    if column.max is not None:
        yield f"at most {column.max}"
    if column.default is not None:
        yield f"`{column.default}` where not given"
    for word, value in (("counted from", column.origin), ("looked up in", column.lookup)):
        if value is not None:
            yield f"{word} `{value}`"
    if column.derive is not None:
        yield f"computed as `{column.derive}`"
    if column.known_on is not None:
        yield f"known from `{column.known_on}`"
    if column.stage is not None:
        yield f"known from stage `{column.stage}`"
    if column.pseudonym:
        yield "replaced by a pseudonym"
    if column.type == "identity":
        yield "kept encrypted, apart from the tables"
    if column.sensitive:
        yield "sensitive: for audits only"
