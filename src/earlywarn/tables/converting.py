"""Turn blocks of text into blocks of typed rows: each distinct text of a column is converted once.

Grain: one row per record. `_reason` says, where a cell broke a rule, which column and rule came first, and
`_shape` which kinds of signs stood in that cell.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from earlywarn.tables.code_form import NOT_A_CODE
from earlywarn.tables.contract import ROW_NUMBER, ROW_NUMBER_COLUMN, Column
from earlywarn.tables.conversion import PADDING, REASON, SHAPE, conversion_sql, written
from earlywarn.tables.extracts import Source
from earlywarn.tables.pseudonyms import CodeBook
from earlywarn.tables.reading import FILE, LINE, holds
from earlywarn.tables.resolution import DELETED

CODE = "_code"
_AS_GIVEN = frozenset({"id", "text", "category", "identity"})

# The stubs know neither dictionary-encoded arrays nor what the kernels give back.
Values = Any
RowNames = Literal["line", "file and line"]


@dataclass(frozen=True)
class Converter:
    """The declared rules of one shape of file.

    Attributes:
        connection: Where the rules run.
        columns: The columns to give, in order; those without a source are null.
        sources: Each mapped column's source, its rules filled in.
        names_rows: What names a row where its file has no id; None where no row is named so.
        codes: Gives the pseudonyms of codes; None where columns hold pseudonyms already.
        keeps_code: The column whose code is kept as `_code`, for the identity room.
        deletes: The file's column and its texts that say that a row's key is gone.
        dated: Whether day offsets are given as dates already.
    """

    connection: duckdb.DuckDBPyConnection
    columns: Mapping[str, Column]
    sources: Mapping[str, Source]
    names_rows: RowNames | None = None
    codes: CodeBook | None = None
    keeps_code: str | None = None
    deletes: tuple[str, tuple[str, ...]] | None = None
    dated: bool = False

    @property
    def repeating(self) -> frozenset[str]:
        """Return the file's columns whose texts are worth telling apart before they are converted."""
        return frozenset(
            source.from_ or ""
            for name, source in self.sources.items()
            if source.from_ not in (None, ROW_NUMBER)
            and (self.columns[name].pseudonym or not self._is_as_given(name))
        )

    def convert(self, cells: pa.Table, *, files: Mapping[int, str] | None = None) -> pa.Table:
        """Return the typed rows of some text; `files` names the files that the numbers stand for."""
        n_rows = cells.num_rows
        row_numbers = self._row_numbers(cells, files or {})
        wrong: list[tuple[Values, Values]] = []
        columns: dict[str, Values] = {}
        for name, column in self.columns.items():
            source = self.sources.get(name)
            if source is None or not self._is_given(source, cells):
                columns[name] = pa.nulls(n_rows, _arrow_type(column, dated=self.dated))
                continue
            texts = row_numbers if source.from_ == ROW_NUMBER else _column(cells, source, n_rows)
            columns[name] = self._converted(name, texts, wrong, columns)
        columns[FILE], columns[LINE] = cells[FILE].combine_chunks(), cells[LINE].combine_chunks()
        if row_numbers is not None:
            columns[ROW_NUMBER_COLUMN] = row_numbers
        columns[REASON], columns[SHAPE] = _first(self._headers(cells), wrong, n_rows)
        columns[DELETED] = self._deletions(cells)
        if self.codes is not None:
            columns.setdefault(CODE, pa.nulls(n_rows, pa.string()))
        return pa.table(columns)

    @staticmethod
    def _is_given(source: Source, cells: pa.Table) -> bool:
        """Say whether there is a text; a file may be without an optional column."""
        return source.from_ in (None, ROW_NUMBER) or source.from_ in cells.column_names

    def _row_numbers(self, cells: pa.Table, files: Mapping[int, str]) -> Values | None:
        """Return the text that stands for a row where its file has no id."""
        if self.names_rows is None:
            return None
        numbers: Values = _whole(cells[LINE]).cast(pa.string())
        if self.names_rows == "line":
            return numbers
        prefixes = pa.array([files.get(number, "") for number in range(max(files, default=0) + 1)])
        given: Values = prefixes.take(_whole(cells[FILE]))
        return pc.binary_join_element_wise(given, numbers, ":")

    def _is_as_given(self, name: str) -> bool:
        column, source = self.columns[name], self.sources[name]
        return column.type in _AS_GIVEN and not source.codes and column.allowed is None

    def _converted(
        self, name: str, texts: Values, wrong: list[tuple[Values, Values]], columns: dict[str, Values]
    ) -> Values:
        """Return a column's values; add the reasons and shapes of its rows, where there are any."""
        column, source = self.columns[name], self.sources[name]
        if self._is_as_given(name):
            if not pa.types.is_dictionary(texts.type):
                texts = _given(texts, source) if not column.pseudonym else texts.dictionary_encode()
            if pa.types.is_dictionary(texts.type):
                given = _given(texts.dictionary, source)
                if column.pseudonym and self.codes is not None:
                    given, folded, reasons = _pseudonyms(name, given, self.codes)
                    if reasons.null_count < len(reasons):
                        wrong.append((reasons.take(texts.indices), pa.nulls(len(texts), pa.string())))
                    if name == self.keeps_code:
                        columns[CODE] = folded.take(texts.indices)
                texts = pa.DictionaryArray.from_arrays(texts.indices, given)
            return texts
        if not pa.types.is_dictionary(texts.type):
            texts = texts.dictionary_encode()
        values, reasons, shapes = self._distinct(name, column, source, texts.dictionary)
        if reasons.null_count < len(reasons):
            wrong.append((reasons.take(texts.indices), shapes.take(texts.indices)))
        if values.type == pa.string():
            return pa.DictionaryArray.from_arrays(texts.indices, values)
        return values.take(texts.indices)

    def _distinct(
        self, name: str, column: Column, source: Source, texts: Values
    ) -> tuple[Values, Values, Values]:
        """Convert texts that stand once each; return their values, reasons and shapes."""
        relation = pa.table({"_at": pa.array(np.arange(len(texts))), "cell": texts.cast(pa.string())})
        self.connection.register("_texts", relation)
        sql = conversion_sql(name, column, source, texts="_texts", dated=self.dated)
        found = self.connection.sql(sql).to_arrow_table().combine_chunks()
        self.connection.unregister("_texts")
        values, reasons, shapes = (_whole(found[one]) for one in ("_value", REASON, SHAPE))
        return values, reasons, shapes

    def _headers(self, cells: pa.Table) -> np.ndarray | None:
        """Say which rows repeat the header, where two files were glued; None where none does."""
        is_header: np.ndarray | None = None
        for name in cells.column_names:
            if name in (FILE, LINE):
                continue
            same = holds(cells[name], pa.array([name]))
            is_header = same if is_header is None else is_header & same
            if not is_header.any():
                return None
        return is_header

    def _deletions(self, cells: pa.Table) -> Values:
        if self.deletes is None or self.deletes[0] not in cells.column_names:
            return pa.array(np.zeros(cells.num_rows, dtype=bool))
        name, words = self.deletes
        column = cells[name].cast(pa.string()).combine_chunks()
        return pc.is_in(pc.utf8_trim(column, characters=PADDING), value_set=pa.array(words, pa.string()))


def _column(cells: pa.Table, source: Source, n_rows: int) -> Values:
    """Return a column's text: a constant, or the file's cells."""
    if source.constant is not None:
        zeros: Values = pa.array(np.zeros(n_rows, dtype=np.int32))
        return pa.DictionaryArray.from_arrays(zeros, pa.array([written(source.constant)]))
    column = cells[source.from_ or ""]
    if pa.types.is_dictionary(column.type):
        column = column.unify_dictionaries()
    return _whole(column)


def _whole(column: pa.ChunkedArray[Any]) -> Values:
    whole = column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        return whole.chunk(0) if whole.num_chunks else pa.array([], column.type)
    return whole


def _given(texts: Values, source: Source) -> Values:
    """Return texts as given, without padding; null where the cell is empty or says that it is missing."""
    trimmed = pc.utf8_trim(texts, characters=PADDING)
    missing = pa.array(sorted({"", *(source.missing or ())}), pa.string())
    is_missing = pc.is_in(trimmed, value_set=missing)
    if source.prefix:
        trimmed = pc.binary_join_element_wise(source.prefix, trimmed, "")
    return pc.if_else(is_missing, pa.scalar(None, pa.string()), trimmed)


def _pseudonyms(name: str, texts: Values, codes: CodeBook) -> tuple[Values, Values, Values]:
    """Return each code's pseudonym, how it is folded, and a reason where the text is no code."""
    given = texts.to_pylist()
    codes.learn(given)
    found = codes.pseudonyms(given)
    wrong = [
        f"{name}:{NOT_A_CODE}" if code is not None and pseudonym is None else None
        for code, pseudonym in zip(given, found, strict=True)
    ]
    lists = (found, [codes.folded(code) for code in given], wrong)
    pseudonyms, folded, reasons = (pa.array(one, pa.string()) for one in lists)
    return pseudonyms, folded, reasons


def _first(
    headers: np.ndarray | None, wrong: list[tuple[Values, Values]], n_rows: int
) -> tuple[Values, Values]:
    """Return the first reason of each row, and the shape of the cell that it is about."""
    none = pa.nulls(n_rows, pa.string())
    if headers is not None:
        header = pc.if_else(pa.array(headers), pa.scalar("row:repeated_header"), pa.scalar(None, pa.string()))
        wrong = [(header, none), *wrong]
    reason = shape = none
    for later, its_shape in wrong:
        shape = pc.if_else(pc.is_null(reason), its_shape, shape)
        reason = pc.coalesce(reason, later)
    return reason, shape


def _arrow_type(column: Column, *, dated: bool) -> Any:
    if column.type == "number":
        return pa.decimal128(18, column.decimals)
    if column.type == "day_offset":
        return pa.date32() if dated else pa.int64()
    kinds = {"integer": pa.int64(), "boolean": pa.bool_(), "date": pa.date32()}
    return kinds.get(column.type, pa.string())
