"""Write a proposal as the text of `extracts.toml`, each thing that is unsure marked where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from earlywarn.domain import Language
from earlywarn.tables.extracts import Reading
from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.proposal import ColumnProposal, ExtractProposal, Proposal, Value

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ORDER = (
    "format",
    "sheet",
    "header_row",
    "encoding",
    "separator",
    "quoted_newlines",
    "decimal",
    "date_format",
)


def toml_value(value: Value) -> str:
    r"""Write a value as TOML.

    >>> toml_value("l'école\t"), toml_value(("", "ABS")), toml_value(True)
    ('"l\'école\\t"', '["", "ABS"]', 'true')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, tuple):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_key(key: str) -> str:
    """Write a key as TOML."""
    return key if _BARE.fullmatch(key) else toml_value(key)


def comment(doubts: Sequence[Doubt], language: Language) -> str:
    """Return what is to be checked as the end of a line, or nothing."""
    said = "; ".join(doubt.sentence(language) for doubt in doubts)
    if not said:
        return ""
    mark = "" if all(doubt.is_note for doubt in doubts) else "unsure: "
    return f"  # {mark}{said}"


def extracts_text(proposal: Proposal, language: Language) -> str:
    """Return the text of `extracts.toml`."""
    lines: list[str] = []
    if proposal.defaults:
        lines += ["[defaults]", *(f"{key} = {toml_value(v)}" for key, v in proposal.defaults.items()), ""]
    for extract in proposal.extracts:
        written = list(_extract(extract, proposal, language))
        # An extract that lacks a required column would not load: it stands as a comment until that is mended.
        lines += [f"# {line}".rstrip() for line in written] if extract.missing else written
        lines.append("")
    for file, doubt in proposal.unmatched:
        lines.append(f"# {file}: {doubt.sentence(language)}")
    return "\n".join(lines).rstrip() + "\n"


def _extract(extract: ExtractProposal, proposal: Proposal, language: Language) -> Iterator[str]:
    if extract.missing:
        doubt = Doubt("missing_columns", columns=", ".join(extract.missing))
        yield f"unsure: {doubt.sentence(language)}"
    yield "[[extract]]"
    yield f"table = {toml_value(extract.table)}{_table_comment(extract, language)}"
    yield f"file = {toml_value(extract.file)}"
    usual = {**Reading().model_dump(), "header_row": 1, **proposal.defaults}
    for key in _ORDER:
        doubts = [doubt for doubt in extract.doubts if doubt.key == key]
        if key in extract.reading and (doubts or extract.reading[key] != usual.get(key)):
            yield f"{key} = {toml_value(extract.reading[key])}{comment(doubts, language)}"
    yield from _left_out(extract, language)
    yield "[extract.columns]"
    for column in extract.columns:
        yield f"{toml_key(column.name)} = {_source(column)}{comment(column.doubts, language)}"
    for column in extract.columns:
        if column.codes:
            yield f"[extract.codes.{toml_key(column.name)}]"
            yield from _codes(column, language)


def _table_comment(extract: ExtractProposal, language: Language) -> str:
    return comment([doubt for doubt in extract.doubts if doubt.key == "table"], language)


def _left_out(extract: ExtractProposal, language: Language) -> Iterator[str]:
    if not extract.ignored:
        return
    yield "ignore = ["
    for ignored in extract.ignored:
        yield f"  {toml_value(ignored.header)},{comment([ignored.doubt], language)}"
    yield "]"


def _source(column: ColumnProposal) -> str:
    if not column.rules:
        return toml_value(column.header)
    rules = [f"{key} = {toml_value(value)}" for key, value in column.rules.items()]
    return f"{{ {', '.join([f'from = {toml_value(column.header)}', *rules])} }}"


def _codes(column: ColumnProposal, language: Language) -> Iterator[str]:
    for code in column.codes:
        said = comment([code.doubt] if code.doubt else [], language)
        if code.value is None:
            yield f"# {toml_value(code.code)} = ?{said}"
        else:
            value = code.value if isinstance(code.value, bool) else str(code.value)
            yield f"{toml_value(code.code)} = {toml_value(value)}{said}"
