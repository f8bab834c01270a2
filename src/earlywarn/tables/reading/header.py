"""Check that a source's columns are those that the mapping names."""

from __future__ import annotations

from earlywarn.errors import HeaderError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.titles import shown_titles


def check_header(header: list[str], extract: Extract, name: str) -> tuple[str, ...]:
    """Return the mapped columns that the header has; refuse one that lacks, repeats or adds a column.

    A column that is optional may be missing, and one nobody mentioned may be there where only a warning is
    declared for it.

    Raises:
        HeaderError: Names the declared columns, and the places of the others.
    """
    missing = [column for column in extract.needed if column not in header and not extract.may_lack(column)]
    repeated = sorted({column for column in extract.needed if header.count(column) > 1})
    known = {*extract.needed, *extract.ignore, ""}
    is_open = "*" in extract.ignore or extract.drift.added.level != "stop"
    unknown = [] if is_open else [column for column in header if column not in known]
    problems = [
        f"{what} column {_listed(columns)}"
        for what, columns in (("no", missing), ("more than one", repeated))
        if columns
    ]
    if unknown:
        problems.append(f"unknown column {shown_titles(header, unknown, known)}")
    if problems:
        raise HeaderError(
            f"the header has {'; '.join(problems)}",
            where=name,
            todo="map the column in extracts.toml, or list it under ignore",
            header=tuple(header),
            pattern=extract.file,
        )
    return tuple(column for column in extract.needed if column in header)


def _listed(columns: list[str]) -> str:
    return ", ".join(f"'{column[:40]}'" for column in columns) if len(columns) <= 8 else f"({len(columns)})"
