"""Soil an invented network's extracts as real ones are, one line at a time, and say how many of which kind.

For showing and testing what intake says of dirty files; a demonstration stays clean. Kinds are named as
intake names its reasons. Every line is invented here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from earlywarn.errors import ExtractError
from earlywarn.synthetic.raw_files import ENCODING, FILES, LINE_END

_SOIL: Mapping[str, tuple[tuple[str, str, int], ...]] = {
    "absences": (
        ("not_a_date", "ZZZZ01010101;2026.09.14;J;N;1;14/09/{year}", 7),
        ("not_a_date", "ZZZZ01010101;lundi dernier;J;N;1;14/09/{year}", 2),
        ("unknown_code", "ZZZZ01010101;14/09/{year};J;XX;1;14/09/{year}", 5),
        ("not_a_number", "ZZZZ01010101;14/09/{year};J;N;1/2;14/09/{year}", 3),
        ("too_large", "ZZZZ01010101;14/09/{year};J;N;300;14/09/{year}", 4),
        ("too_small", "ZZZZ01010101;14/09/{year};J;N;-1;14/09/{year}", 1),
        ("missing", ";14/09/{year};J;N;1;14/09/{year}", 2),
        ("ragged", "ZZZZ01010101;14/09/{year};J;N;1;14/09/{year};parti tôt; mère avisée", 6),
        ("odd_quotes", 'ZZZZ01010101;14/09/{year};J;N;1;"14/09/{year}', 1),
        ("conflicting_key", "ZZZZ02020202;15/09/{year};J;N;1;15/09/{year}", 1),
        ("conflicting_key", "ZZZZ02020202;15/09/{year};J;M;1;15/09/{year}", 1),
        ("repeated_header", ";".join(FILES["absences"].header), 1),
    ),
    "marks": (
        ("too_large", "ZZZZ01010101;{year}-{next};1;FRA;720;N;{year}-11-10;{year}-11-20", 3),
        ("not_a_number", "ZZZZ01010101;{year}-{next};1;MAT;72 %;N;{year}-11-10;{year}-11-20", 8),
        ("not_a_number", "ZZZZ01010101;{year}-{next};1;MAT;B+;N;{year}-11-10;{year}-11-20", 3),
        ("not_a_date", "ZZZZ01010101;{year}-{next};1;FRA;72;N;{year}-11-10;20 novembre {year}", 2),
        ("unknown_code", "ZZZZ01010101;{year}-{next};1;HIST;72;N;{year}-11-10;{year}-11-20", 9),
    ),
    "enrollments": (
        ("not_an_integer", "ZZZZ01010101;{year}-{next};901001;901000;S3;;{year}-08-28;;;N;14 ans", 2),
        ("stray_quote", 'ZZZZ01010101;{year}-{next};901"001;901"000;S3;;{year}-08-28;;;N;14', 1),
    ),
}


def soil(folder: Path, school_year: str) -> Mapping[str, Mapping[str, int]]:
    """Append dirty lines to a school year's files below `folder`, and return their counts by table and kind.

    Raises:
        ExtractError: The folder does not hold an invented network's files of that school year.
    """
    first, _, following = school_year.partition("-")
    counts: dict[str, Counter[str]] = {}
    for table, lines in _SOIL.items():
        path = folder / FILES[table].name.format(year=school_year)
        if not path.is_file():
            raise ExtractError(
                "there is no such invented file", where=str(path), todo="synthesize a network there first"
            )
        written = bytearray()
        for kind, line, n_times in lines:
            for place in range(n_times):
                # Distinct lines, so that none counts as another's duplicate.
                text = line.format(year=first, next=following).replace("01010101", f"{place + 1:08d}", 1)
                written += text.encode(ENCODING) + LINE_END
            counts.setdefault(table, Counter())[kind] += n_times
        with path.open("ab") as handle:
            handle.write(bytes(written))
    return counts
