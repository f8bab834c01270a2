"""Check that a source's columns are those that the mapping names."""

from __future__ import annotations

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract
from earlywarn.tables.reading.titles import shown_titles


def check_header(header: list[str], extract: Extract, name: str) -> None:
    """Refuse a header that lacks a mapped column, repeats one, or holds one nobody mentioned.

    Raises:
        ExtractError: Names the declared columns, and the places of the others.
    """
    missing = [column for column in extract.needed if column not in header]
    repeated = sorted({column for column in extract.needed if header.count(column) > 1})
    known = {*extract.needed, *extract.ignore, ""}
    unknown = [] if "*" in extract.ignore else [column for column in header if column not in known]
    problems = [
        f"{what} column {_listed(columns)}"
        for what, columns in (("no", missing), ("more than one", repeated))
        if columns
    ]
    if unknown:
        problems.append(f"unknown column {shown_titles(header, unknown, known)}")
    if problems:
        raise ExtractError(
            f"the header has {'; '.join(problems)}",
            where=name,
            todo="map the column in extracts.toml, or list it under ignore",
        )


def _listed(columns: list[str]) -> str:
    return ", ".join(f"'{column[:40]}'" for column in columns) if len(columns) <= 8 else f"({len(columns)})"
