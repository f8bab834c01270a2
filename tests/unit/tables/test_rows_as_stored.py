"""Rows posted as they were stored give the same tables as the files they came from."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from earlywarn.tables import Tables, tables_from_rows
from tests.builders.intake import declare
from tests.unit.tables.test_resolution import CONTRACT, EXTRACTS, FILES

VISITS = "s,step,pages,posts\n1,10,5,1\n1,20,5,4\n"


def _stored(tables: Tables) -> dict[str, list[dict[str, object]]]:
    """Return the rows of each table as a caller would post them; running totals are given anew."""
    contract = tables.contract
    return {
        name: [
            dict(zip(table.stored, row, strict=True))
            for row in tables.connection.execute(
                f"SELECT {', '.join(table.stored)} FROM versions.{name}"
            ).fetchall()
        ]
        for name, table in contract.tables.items()
        if table.is_read and table.cumulative is None
    }


def _content(tables: Tables) -> dict[str, list[tuple[object, ...]]]:
    return {
        name: sorted(
            tables.connection.execute(
                f"SELECT {', '.join(tables.contract.columns_of(name))}, visible_from, superseded_on "
                f"FROM versions.{name}"
            ).fetchall(),
            key=repr,
        )
        for name in tables.contract.tables
    }


def test_posted_rows_equal_the_batch(tmp_path: Path) -> None:
    """Looked up and derived columns may be given as stored; what is expected follows by itself."""
    network = declare(tmp_path, contract=CONTRACT, extracts=EXTRACTS)
    network.take_in({**FILES, "visits.csv": VISITS})
    batch = network.open()
    steps = [
        {"student_id": "1", "term": "A", "step": step, "pages": pages, "posts": posts, "counted_on": day}
        for step, pages, posts, day in ((10, 5, 1, date(2024, 3, 3)), (20, 5, 4, date(2024, 4, 3)))
    ]

    posted = tables_from_rows(
        network.contract, {**_stored(batch), "visits": steps}, received_on=date(2025, 1, 10)
    )

    assert _content(posted) == _content(batch)
    batch.close()
    posted.close()
