"""Read the view of another system's database that a mapping names in place of a file.

Reads and never writes: the connection is read-only wherever the database can be told so.
No address, no account and no value ever stands in an error.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    NullPool,
    Select,
    TableClause,
    column,
    create_engine,
    false,
    inspect,
    literal_column,
    make_url,
    select,
    table,
)
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from earlywarn.errors import ExtractError
from earlywarn.tables import Extract, OpenView, TextBlock, TypedRows

_CHUNK = 20_000
_CONNECT_SECONDS = 10


class ForeignView:
    """One view of one database, read in one transaction that sees one moment of it."""

    def __init__(self, url: str, extract: Extract, number: int) -> None:
        self.name = f"{extract.database}:{extract.view}"
        self.digest = ""
        self.header: tuple[str, ...] = ()
        self._url, self._extract, self._number = url, extract, number

    def blocks(self) -> Iterator[TextBlock]:
        """Yield the mapped columns, some thousands of rows at a time, as the view orders them.

        Raises:
            ExtractError: The database does not answer, the view is not there or may not be read, its columns
                are not what the mapping says, or a value cannot be written as text.
        """
        schema, _, name = str(self._extract.view).rpartition(".")
        view = table(name, schema=schema or None)
        with _connected(self._url, self.name) as connection:
            header = self._header(connection, view)
            rows = TypedRows(header, self._extract, name=self.name, number=self._number)
            self.header = tuple(header)
            with closing(self._chunks(connection, view, rows.needed)) as chunks:
                for chunk in chunks:
                    yield rows.block(chunk)
        self.digest = rows.digest

    def _header(self, connection: Connection, view: TableClause) -> list[str]:
        with _refusals(self.name):
            if not inspect(connection).has_table(view.name, schema=view.schema):
                raise ExtractError(
                    "there is no such view, or the account may not see it",
                    where=self.name,
                    todo="correct view in extracts.toml, or let the account read it",
                )
            empty: Select[Any] = select(literal_column("*")).select_from(view).where(false())
            return list(connection.execute(empty).keys())

    def _chunks(
        self, connection: Connection, view: TableClause, needed: Sequence[str]
    ) -> Generator[Sequence[Sequence[object]], None, None]:
        wanted: Select[*tuple[Any, ...]] = select(*(column(name) for name in needed)).select_from(view)
        options = {"yield_per": _CHUNK}
        with _refusals(self.name), connection.execute(wanted, execution_options=options) as result:
            yield from result.partitions()


def view_opener(urls: Mapping[str, str]) -> OpenView:
    """Return what opens an extract's view, given the address of each database by its name."""

    def open_view(extract: Extract, *, number: int) -> ForeignView:
        return ForeignView(urls[str(extract.database)], extract, number)

    return open_view


@contextmanager
def _connected(url: str, name: str) -> Iterator[Connection]:
    """Give a read-only connection whose transaction sees the database as it is now, until it is closed."""
    engine = _engine(url, name)
    try:
        try:
            connection = engine.connect()
        except SQLAlchemyError as error:
            raise ExtractError(
                f"the database does not answer, or refuses the account ({_kind(error)})",
                where=name,
                todo=f"check EARLYWARN_SOURCE_{name.partition(':')[0]}, the server and the account",
            ) from None
        with connection:
            yield connection
    finally:
        engine.dispose()


def _engine(url: str, name: str) -> Engine:
    todo = f"correct EARLYWARN_SOURCE_{name.partition(':')[0]}"
    try:
        address = make_url(url)
        if address.get_backend_name() == "sqlite":
            return _sqlite_engine(address, name)
        if address.get_backend_name() == "postgresql":
            engine = create_engine(
                address.set(drivername="postgresql+psycopg"),
                poolclass=NullPool,
                hide_parameters=True,
                connect_args={"connect_timeout": _CONNECT_SECONDS},
            )
            return engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        return create_engine(address, poolclass=NullPool, hide_parameters=True)
    except (NoSuchModuleError, ModuleNotFoundError):
        message = "the driver of this kind of database is not installed"
        raise ExtractError(message, where=name, todo=f"install it, or {todo}") from None
    except SQLAlchemyError:
        raise ExtractError("the database's address is no SQLAlchemy URL", where=name, todo=todo) from None


def _sqlite_engine(address: URL, name: str) -> Engine:
    path = Path(address.database or "")
    if not path.is_file():
        message = "the database's file is not there"
        raise ExtractError(message, where=name, todo=f"correct EARLYWARN_SOURCE_{name.partition(':')[0]}")

    def connect_read_only() -> sqlite3.Connection:
        return sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro", uri=True)

    return create_engine("sqlite://", creator=connect_read_only, poolclass=NullPool, hide_parameters=True)


@contextmanager
def _refusals(name: str) -> Iterator[None]:
    """Say in words what the database refused; its own message may quote a row, so it is cut off."""
    try:
        yield
    except SQLAlchemyError as error:
        raise ExtractError(
            f"the database refused to give the rows ({_kind(error)})",
            where=name,
            todo="let the account read the view, and check that the view itself runs to its end",
        ) from None


def _kind(error: SQLAlchemyError) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return type(cause).__name__
