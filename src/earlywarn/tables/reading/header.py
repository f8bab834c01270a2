"""Check that a source's columns are those that the mapping names."""

from __future__ import annotations

from earlywarn.errors import ExtractError
from earlywarn.tables.extracts import Extract


def check_header(header: list[str], extract: Extract, name: str) -> None:
    """Refuse a header that lacks a mapped column, repeats one, or holds one nobody mentioned.

    Raises:
        ExtractError: Names the columns.
    """
    missing = [column for column in extract.needed if column not in header]
    repeated = sorted({column for column in extract.needed if header.count(column) > 1})
    known = {*extract.needed, *extract.ignore, ""}
    unknown = [] if "*" in extract.ignore else [column for column in header if column not in known]
    problems = [
        f"{what} column {_listed(columns, show=what != 'unknown' or len(missing) < len(extract.needed))}"
        for what, columns in (("no", missing), ("more than one", repeated), ("unknown", unknown))
        if columns
    ]
    if problems:
        raise ExtractError(
            f"the header has {'; '.join(problems)}",
            where=name,
            todo="map the column in extracts.toml, or list it under ignore",
        )


def _listed(columns: list[str], *, show: bool) -> str:
    # A header is a declaration, not a student's value; but a file without header would show its first row,
    # and it has none of the columns that the mapping names.
    if not show or len(columns) > 8:
        return f"({len(columns)})"
    return ", ".join(f"'{column[:40]}'" for column in columns)
