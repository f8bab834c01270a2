"""Codes become columns by levels that training rows alone have fitted."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from earlywarn.errors import DeclarationError
from earlywarn.features import (
    CohortSpec,
    Encoding,
    Matrix,
    Moment,
    build_matrix,
    encode,
    encoded_catalog,
    fit_encoding,
)
from earlywarn.features.catalog import Catalog
from tests.builders.network import memory_tables, stay, tiny_contract, tiny_indicators

PATHS = {"a": "arts", "b": "arts", "c": "Été", "d": "Été", "e": "sport", "f": None}


def matrix(paths: dict[str, str | None] = PATHS) -> Matrix:
    """Return a matrix of students on different paths, which have no declared levels."""
    return build_matrix(
        memory_tables(
            {
                "stays": [stay(name) for name in paths],
                "students": [{"student_id": name, "path": path} for name, path in paths.items()],
            }
        ),
        tiny_contract(),
        tiny_indicators(),
        cohort=CohortSpec(),
        moments=[Moment("2024-2025", "10-15", date(2024, 10, 15))],
        families=["context"],
    )


def test_rare_levels_are_other_and_missing_stays_missing() -> None:
    """Two of a kind stand alone, one is `other`, and no code is missing in every column."""
    found = matrix()
    encoding = fit_encoding(found.codes, min_count=2)

    names, cells = encode(found, encoding)

    columns = dict(zip(names, cells.T.tolist(), strict=True))
    assert columns["path__one_of__all__arts"][:5] == [1, 1, 0, 0, 0]
    assert columns["path__one_of__all__ue9tue9"][:5] == [0, 0, 1, 1, 0]
    assert columns["path__one_of__all__other"][:5] == [0, 0, 0, 0, 1]
    assert np.isnan(cells[5, -3:]).all()


def test_a_level_that_training_never_saw_is_other() -> None:
    """Scoring rows change no level."""
    encoding = fit_encoding(matrix().codes, min_count=2)

    _, cells = encode(matrix({"z": "dance"}), encoding)

    assert cells[0, -3:].tolist() == [0, 0, 1]


def test_encoded_columns_have_catalog_entries_in_order() -> None:
    """Each encoded column is in the encoded catalog, at the same place."""
    found = matrix()
    encoding = fit_encoding(found.codes, min_count=2)

    assert encoded_catalog(found, encoding).names == encode(found, encoding)[0]


def test_encoding_and_catalog_survive_their_files() -> None:
    """What is written as JSON is read back as it was."""
    found = matrix()
    encoding = fit_encoding(found.codes, min_count=2)

    assert Encoding.from_json(encoding.to_json()) == encoding
    assert Catalog.from_json(found.catalog.to_json()) == found.catalog


def test_an_encoding_of_other_codes_is_refused() -> None:
    """Encoding a matrix by the levels of other columns would shift every column."""
    with pytest.raises(DeclarationError, match="path__one_of__all"):
        encode(matrix(), Encoding({}))
