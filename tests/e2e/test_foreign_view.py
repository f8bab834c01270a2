"""A view of another system's database is taken in as a file of the same rows is, and is only ever read."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine, make_url, text

from earlywarn.errors import ExtractError, SettingsError
from earlywarn.pipeline.ingest import ingest
from earlywarn.settings import Settings
from earlywarn.store import DatabaseUrls
from earlywarn.store.foreign_view import view_opener
from earlywarn.tables import Extract, IntakeReport
from tests.builders.intake import RECEIVED, Network, declare, reasons

DAYS = [
    ("ana", date(2025, 1, 6), "M", Decimal("0.5"), 1, True),
    ("bob", date(2025, 1, 7), "N", Decimal("1.00"), 2, False),
    ("Zoé", date(2025, 1, 8), "M", Decimal("0.25"), None, None),
    ("NA", date(2025, 1, 9), "X", Decimal("1"), 3, True),
]
WRITTEN = """Élève;Jour;Motif;Durée;n;Late
ana;06/01/2025;M;0,5;1;true
bob;07/01/2025;N;1,00;2;false
Zoé;08/01/2025;M;0,25;;
NA;09/01/2025;X;1;3;true
"""
COLUMNS = """
separator = ";"
decimal = ","
date_format = "%d/%m/%Y"
[extract.columns]
student_id = "Élève"
happened_on = "Jour"
category = "Motif"
days = "Durée"
n_periods = "n"
is_late = "Late"
[extract.codes.category]
M = "excused"
N = "unexcused"
"""
FROM_VIEW = '[[extract]]\ntable = "absences"\ndatabase = "GPI"\nview = "{view}"\n' + COLUMNS
FROM_FILE = '[[extract]]\ntable = "absences"\nfile = "days.{form}"\nformat = "{form}"\n' + COLUMNS


@pytest.fixture(scope="module")
def gpi(superuser: Engine, database: DatabaseUrls) -> Iterator[str]:
    """Return the address of an account that may read the views of a school system, and nothing else."""
    with superuser.begin() as connection:
        connection.exec_driver_sql(
            "CREATE SCHEMA gpi; CREATE ROLE gpi_reader LOGIN; GRANT USAGE ON SCHEMA gpi TO gpi_reader;"
            'CREATE TABLE gpi.days ("Élève" text, "Jour" date, "Motif" char(1), "Durée" numeric(4, 2), '
            'n integer, "Late" boolean);'
            "CREATE VIEW gpi.v_days AS SELECT * FROM gpi.days;"
            "CREATE VIEW gpi.v_broken AS SELECT d.*, 1 / (n - 2) AS x FROM gpi.days d;"
            "CREATE VIEW gpi.v_bytes AS SELECT d.*, 'x'::bytea AS raw FROM gpi.days d;"
            "CREATE VIEW gpi.v_secret AS SELECT * FROM gpi.days;"
            "CREATE FUNCTION gpi.noted() RETURNS integer LANGUAGE sql VOLATILE SECURITY DEFINER AS "
            "$$ INSERT INTO gpi.days (n) VALUES (99) RETURNING n $$;"
            "CREATE VIEW gpi.v_writes AS SELECT d.*, gpi.noted() AS x FROM gpi.days d;"
            "GRANT SELECT ON gpi.v_days, gpi.v_broken, gpi.v_bytes, gpi.v_writes TO gpi_reader"
        )
        connection.execute(
            text("INSERT INTO gpi.days VALUES (:a, :b, :c, :d, :e, :f)"),
            [dict(zip("abcdef", row, strict=True)) for row in DAYS],
        )
        name = connection.engine.url.database
        connection.exec_driver_sql(f'GRANT CONNECT ON DATABASE "{name}" TO gpi_reader')
    address = make_url(database.service).set(username="gpi_reader", drivername="postgresql")
    yield address.render_as_string(hide_password=False)
    with superuser.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA gpi CASCADE; DROP OWNED BY gpi_reader; DROP ROLE gpi_reader")


@pytest.fixture
def sqlite(tmp_path: Path) -> str:
    """Return the address of a file database with the same view."""
    path = tmp_path / "gpi local.db"
    with sqlite3.connect(path) as connection:
        connection.execute('CREATE TABLE days ("Élève", "Jour", "Motif", "Durée", n, "Late")')
        # A file database has no dates and no exact numbers: days are text, as the mapping reads them.
        rows = [(row[0], f"{row[1]:%d/%m/%Y}", row[2], float(row[3]), *row[4:]) for row in DAYS]
        connection.executemany("INSERT INTO days VALUES (?, ?, ?, ?, ?, ?)", rows)
        connection.execute("CREATE VIEW v_days AS SELECT * FROM days")
    connection.close()
    return f"sqlite:///{path}"


def _take_in(network: Network, url: str) -> IntakeReport:
    return ingest(
        network.home / "network",
        network.home,
        network.workspace,
        received_on=RECEIVED,
        backfill=True,
        keys=network.keys,
        source_url=lambda name: url,
    )


def _batch(network: Network) -> bytes:
    return (network.workspace.tables / "absences" / "000001.parquet").read_bytes()


def test_view_gives_the_batch_that_a_file_of_the_same_rows_gives(
    tmp_path: Path, gpi: str, sqlite: str
) -> None:
    """PostgreSQL, SQLite and a Parquet file of the same text give the same batch, byte for byte."""
    header, *lines = [line.split(";") for line in WRITTEN.splitlines()]
    columns = dict(zip(header, map(list, zip(*lines, strict=True)), strict=True))
    pq.write_table(pa.table(columns), tmp_path / "days.parquet")
    from_file = declare(tmp_path / "file", extracts=FROM_FILE.format(form="parquet"))
    server = declare(tmp_path / "server", extracts=FROM_VIEW.format(view="gpi.v_days"))
    local = declare(tmp_path / "local", extracts=FROM_VIEW.format(view="v_days"))
    report = from_file.take_in({"days.parquet": (tmp_path / "days.parquet").read_bytes()})

    reports = [_take_in(server, gpi), _take_in(local, sqlite)]

    assert [r.tables[0].counts() for r in (report, *reports)] == [(4, 3, 0, 0, 1, 0)] * 3
    assert reasons(reports[0].tables[0]) == {"category:unknown_code": (4,)}
    assert _batch(server) == _batch(local) == _batch(from_file)


def test_view_gives_the_rows_that_a_csv_file_gives(tmp_path: Path, gpi: str) -> None:
    """The rows of a view are those of the file, marks and formats included; the header is a line more."""
    from_file = declare(tmp_path / "file", extracts=FROM_FILE.format(form="csv"))
    server = declare(tmp_path / "server", extracts=FROM_VIEW.format(view="gpi.v_days"))
    from_file.take_in({"days.csv": WRITTEN})

    report = _take_in(server, gpi)

    said = "SELECT * EXCLUDE (line), line - {} FROM versions.absences ORDER BY student_id"
    assert report.tables[0].n_new == 3
    assert server.rows(said.format(0)) == from_file.rows(said.format(1))


def test_same_view_again_changes_nothing(tmp_path: Path, gpi: str) -> None:
    """A view read twice is unchanged, and its digest is the same."""
    network = declare(tmp_path / "n", extracts=FROM_VIEW.format(view="gpi.v_days"))
    _take_in(network, gpi)

    again = _take_in(network, gpi)

    assert (again.batch, again.tables[0].counts()) == (None, (4, 0, 0, 3, 1, 0))


@pytest.mark.parametrize(
    ("view", "message"),
    [
        ("gpi.v_none", "GPI:gpi.v_none: there is no such view, or the account may not see it"),
        (
            "gpi.v_secret",
            r"refused to give the rows \(InsufficientPrivilege\); let the account read the view",
        ),
        ("gpi.v_broken", "the header has unknown column 'x'; map the column"),
        ("gpi.v_bytes", "the header has unknown column 'raw'"),
    ],
)
def test_view_that_cannot_be_read_is_refused(tmp_path: Path, gpi: str, view: str, message: str) -> None:
    """A clerk reads which view, what is wrong and whom to ask; the address is never shown."""
    network = declare(tmp_path / "n", extracts=FROM_VIEW.format(view=view))

    with pytest.raises(ExtractError, match=message) as refused:
        _take_in(network, gpi)

    assert "gpi_reader" not in str(refused.value)
    assert not list(network.workspace.tables.glob("*/*.parquet"))


@pytest.mark.parametrize(
    ("view", "name", "message"),
    [
        ("gpi.v_broken", "x", r"refused to give the rows \(DivisionByZero\)"),
        ("gpi.v_bytes", "raw", "column 'raw' holds values of type bytes, not text; cast it"),
        ("gpi.v_writes", "x", r"refused to give the rows \(ReadOnlySqlTransaction\)"),
    ],
)
def test_view_that_fails_or_writes_stores_nothing(
    tmp_path: Path, gpi: str, superuser: Engine, view: str, name: str, message: str
) -> None:
    """A view that breaks on the way, or would write, ends the intake; the other system is as it was."""
    mapped = FROM_VIEW.format(view=view).replace("[extract.codes", f'note = "{name}"\n[extract.codes')
    network = declare(tmp_path / "n", extracts=mapped)

    with pytest.raises(ExtractError, match=message):
        _take_in(network, gpi)

    assert not list(network.workspace.tables.glob("*/*.parquet"))
    with superuser.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM gpi.days")).scalar_one() == len(DAYS)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://somebody:hunter2@localhost:1/none", "does not answer, or refuses the account"),
        ("sqlite:////nowhere/hunter2.db", "the database's file is not there; correct EARLYWARN_SOURCE_GPI"),
        ("nonsense://somebody:hunter2@host/x", "the driver of this kind of database is not installed"),
        ("hunter2", "the database's address is no SQLAlchemy URL"),
    ],
)
def test_address_is_never_shown(tmp_path: Path, url: str, message: str) -> None:
    """A wrong address is refused without repeating it, in the error and in what caused it."""
    network = declare(tmp_path / "n", extracts=FROM_VIEW.format(view="v_days"))

    with pytest.raises(ExtractError, match=message) as refused:
        _take_in(network, url)

    assert "hunter2" not in "".join(traceback.format_exception(refused.value))


def test_file_database_is_opened_for_reading_only(sqlite: str) -> None:
    """The reader's own connection cannot write, even where the account could."""
    from sqlalchemy.exc import OperationalError

    from earlywarn.store.foreign_view import _connected

    with _connected(sqlite, "GPI:v_days") as connection, pytest.raises(OperationalError, match="readonly"):
        connection.execute(text("DELETE FROM days"))


def test_rows_come_in_pieces_from_one_moment(
    gpi: str, superuser: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long view is read piece by piece, and rows added meanwhile are not in it."""
    monkeypatch.setattr("earlywarn.store.foreign_view._CHUNK", 2)
    extract = Extract.model_validate(
        {"table": "t", "database": "GPI", "view": "gpi.v_days", "columns": {"s": "Élève"}, "ignore": ["*"]}
    )
    view = view_opener({"GPI": gpi})(extract, number=1)
    blocks = view.blocks()

    first = next(blocks)
    with superuser.begin() as connection:
        connection.execute(text("INSERT INTO gpi.days (n) SELECT g FROM generate_series(1, 100) g"))
    rest = list(blocks)

    with superuser.begin() as connection:
        connection.execute(text('DELETE FROM gpi.days WHERE "Élève" IS NULL'))
    assert [block.n_read for block in (first, *rest)] == [2, 2]
    assert rest[-1].cells["_line"].to_pylist() == [3, 4]


def test_address_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mapping names a database; only the environment knows where it is."""
    monkeypatch.setenv("EARLYWARN_SOURCE_GPI", "sqlite:///gpi.db")

    assert Settings().source_url("GPI") == "sqlite:///gpi.db"
    with pytest.raises(SettingsError, match="set EARLYWARN_SOURCE_MOZAIK to an SQLAlchemy URL whose account"):
        Settings().source_url("MOZAIK")
