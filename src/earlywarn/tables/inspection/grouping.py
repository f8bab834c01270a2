"""Bring files of one shape together: the same columns, written alike, called alike but for their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from earlywarn.tables.inspection.doubts import Doubt
from earlywarn.tables.inspection.sample import MOST_ROWS, Sample, some_of

_NUMBERS = re.compile(r"\d+([-_]\d+)*")
_YEARS = re.compile(r"(?<!\d)(19|20)\d\d([-_]?\d+)*|[-_ ]\d+$")
_SUFFIXES = re.compile(r"(\.(csv|txt|tsv|xlsx|parquet|gz))+$", re.IGNORECASE)
_PLAIN = "plain_letters_only"


@dataclass(frozen=True)
class Group:
    """Files of one shape: the name or pattern that means them, what they are called, one sample of all."""

    file: str
    stem: str
    files: tuple[str, ...]
    sample: Sample


def grouped(samples: Sequence[Sample]) -> list[Group]:
    """Return the samples by shape, in the order in which the first of each was given."""
    by_shape: dict[object, list[Sample]] = {}
    for sample in _told_by_others(samples):
        pattern = _NUMBERS.sub("*", sample.file)
        shape = (pattern, sample.header, tuple(sorted(sample.reading.items())))
        by_shape.setdefault(shape, []).append(sample)
    names = [sample.file for sample in samples]
    groups: list[Group] = []
    for found in by_shape.values():
        pattern = _NUMBERS.sub("*", found[0].file)
        is_theirs = sum(fnmatchcase(name, pattern) for name in names) == len(found)
        if len(found) > 1 and is_theirs:
            groups.append(_group(pattern, found))
        else:
            groups += [_group(sample.file, [sample]) for sample in found]
    return groups


def _group(file: str, samples: list[Sample]) -> Group:
    first = samples[0]
    most = max(1, MOST_ROWS // len(samples))
    rows = tuple(row for sample in samples for row in some_of(sample.rows, most))
    is_whole = all(sample.is_whole and len(sample.rows) <= most for sample in samples)
    doubts = tuple(dict.fromkeys(doubt for sample in samples for doubt in sample.doubts))
    stem = _YEARS.sub("", _SUFFIXES.sub("", first.file)).strip(" -_.")
    sheet = first.reading.get("sheet")
    return Group(
        file=file,
        stem=str(sheet) if sheet else stem,
        files=tuple(sample.file for sample in samples),
        sample=replace(first, rows=rows, is_whole=is_whole, doubts=doubts),
    )


def _told_by_others(samples: Sequence[Sample]) -> list[Sample]:
    """Give files of plain letters the encoding of the others, where those agree."""
    others = {str(s.reading["encoding"]) for s in samples if "encoding" in s.reading and not _is_plain(s)}
    if len(others) != 1 or (encoding := min(others)).startswith("utf-16"):
        return list(samples)
    doubt = Doubt("plain_letters_as_others", encoding=encoding)
    return [
        replace(
            sample,
            reading={**sample.reading, "encoding": encoding},
            doubts=(*(d for d in sample.doubts if d.code != _PLAIN), doubt),
        )
        if _is_plain(sample)
        else sample
        for sample in samples
    ]


def _is_plain(sample: Sample) -> bool:
    return any(doubt.code == _PLAIN for doubt in sample.doubts)
