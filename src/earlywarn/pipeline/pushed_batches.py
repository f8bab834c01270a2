"""What systems push, batch by batch: where each stands in the workspace, and what became of it.

Layout below `incoming/`: `batches/<account>/<table>/<id>/` holds a batch's state (`batch.json`), its report
once it was taken in and, until it is settled, its body as received; `queue/<id>` names a batch that waits;
`keys/<account>/` remembers each idempotency key; `parts/` holds bodies that are still being received. Every
state is replaced whole, and a batch is there once its folder is: a crash leaves it whole, or not at all.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from earlywarn.declarations import Declared
from earlywarn.domain import Language
from earlywarn.errors import NotFoundError, TableError
from earlywarn.tables import PushFormat
from earlywarn.workspace import Workspace, storage_errors, sync_folder, write_atomically

State = Literal["received", "processing", "accepted", "refused", "failed"]
SETTLED: frozenset[State] = frozenset({"accepted", "refused", "failed"})
BATCH_ID = re.compile(r"[0-9a-f]{28}", re.ASCII)
_STATE_FILE = "batch.json"


class Counts(Declared):
    """What became of a batch's rows; they add up as those of every intake do."""

    read: int
    new: int
    superseding: int
    unchanged: int
    quarantined: int
    duplicates: int


class Refusal(Declared):
    """Why a batch was not taken in: what, where, and what to do; no value that was sent."""

    what: str
    where: str
    todo: str


class PushedBatch(Declared):
    """One body that a system pushed, and its state."""

    batch_id: str
    account_id: str
    table: str
    form: PushFormat
    n_bytes: int
    digest: str
    received_at: datetime
    accepted: tuple[str, ...] = ()
    """The changes from earlier batches that the sender says are meant."""
    state: State = "received"
    received_on: date | None = None
    """The day it entered the tables, which is the service's and never the sender's."""
    settled_at: datetime | None = None
    counts: Counts | None = None
    has_report: bool = False
    refusal: Refusal | None = None

    @property
    def file(self) -> str:
        """Return the name of its body, which the ledger and the report carry."""
        return f"pushed-{self.batch_id}.{self.form}"

    @property
    def is_settled(self) -> bool:
        """Say whether its state is final."""
        return self.state in SETTLED


@dataclass(frozen=True)
class Waiting:
    """A batch that waits to be taken in; they are taken in the order of their ids."""

    batch_id: str
    owner: str
    table: str


@dataclass(frozen=True)
class PushedBatches:
    """The pushed batches of one workspace."""

    workspace: Workspace

    def folder(self, owner: str, table: str, batch_id: str) -> Path:
        """Return a batch's folder; `owner` is the account's name as `owner_of` writes it."""
        return self.workspace.incoming / "batches" / owner / table / batch_id

    def marker(self, batch_id: str) -> Path:
        """Return the file that says that a batch waits."""
        return self.workspace.incoming / "queue" / batch_id

    def report_path(self, batch: PushedBatch) -> Path:
        """Return where the report of a batch stands, once its rows were counted."""
        return self.folder(owner_of(batch.account_id), batch.table, batch.batch_id) / "report.json"

    def page_path(self, batch: PushedBatch, language: Language) -> Path:
        """Return where the report stands as a page."""
        return self.report_path(batch).with_name(f"report.{language}.html")

    def find(self, account_id: str, table: str, batch_id: str) -> PushedBatch:
        """Return a batch that the account pushed to a table.

        Raises:
            NotFoundError: There is none of that name, or another account pushed it.
        """
        return self.read(owner_of(account_id), table, batch_id)

    def read(self, owner: str, table: str, batch_id: str) -> PushedBatch:
        """Return a batch by its place.

        Raises:
            NotFoundError: There is none.
            TableError: Its state is damaged.
        """
        if not BATCH_ID.fullmatch(batch_id):
            raise NotFoundError("there is no such batch")
        path = self.folder(owner, table, batch_id) / _STATE_FILE
        try:
            return PushedBatch.model_validate_json(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotFoundError("there is no such batch") from error
        except ValidationError as error:
            message = "the state of a pushed batch is damaged"
            raise TableError(message, where=str(path), todo="restore it from a backup") from error

    def page(
        self, account_id: str, table: str, *, limit: int, cursor: str | None = None
    ) -> tuple[tuple[PushedBatch, ...], str | None]:
        """Return some of the batches that an account pushed to a table, the latest first, and where to go on.

        Raises:
            NotFoundError: The cursor is none of ours.
        """
        if cursor is not None and not BATCH_ID.fullmatch(cursor):
            raise NotFoundError("there is no such page", todo="start again without a cursor")
        owner = owner_of(account_id)
        ids = sorted(_ids(self.folder(owner, table, "x").parent), reverse=True)
        shown = [batch_id for batch_id in ids if cursor is None or batch_id < cursor][: limit + 1]
        batches = tuple(self.read(owner, table, batch_id) for batch_id in shown[:limit])
        return batches, shown[limit - 1] if len(shown) > limit else None

    def report(self, batch: PushedBatch, *, page: Language | None = None) -> bytes:
        """Return the report of a batch whose rows were counted, as a page where its language is given.

        Raises:
            NotFoundError: They were not, or not yet.
        """
        path = self.report_path(batch) if page is None else self.page_path(batch, page)
        if not batch.has_report or not path.is_file():
            raise NotFoundError("there is no such report")
        return path.read_bytes()

    def waiting(self) -> list[Waiting]:
        """Return the batches that wait, in the order in which they are taken in."""
        found = []
        for batch_id in sorted(_ids(self.marker("x").parent)):
            try:
                owner, _, table = self.marker(batch_id).read_text(encoding="utf-8").partition("/")
            except FileNotFoundError:
                # Another process settled it meanwhile.
                continue
            # A marker without its folder is of a body whose receiving has not ended, or never will.
            if (self.folder(owner, table, batch_id) / _STATE_FILE).is_file():
                found.append(Waiting(batch_id, owner, table))
        return found

    def save(self, batch: PushedBatch) -> None:
        """Replace a batch's state.

        Raises:
            StorageError: The disk is full; the earlier state stands.
        """
        folder = self.folder(owner_of(batch.account_id), batch.table, batch.batch_id)
        write_atomically(folder / _STATE_FILE, state_json(batch))

    def settle(self, batch: PushedBatch) -> None:
        """Write a final state, then remove the body: it holds codes as they were sent."""
        self.save(batch)
        folder = self.folder(owner_of(batch.account_id), batch.table, batch.batch_id)
        with storage_errors(folder):
            (folder / batch.file).unlink(missing_ok=True)
            sync_folder(folder)
            self.marker(batch.batch_id).unlink(missing_ok=True)


def owner_of(account_id: str) -> str:
    """Return an account's name as a folder's: any name makes a good one, and no two the same."""
    return hashlib.sha256(account_id.encode()).hexdigest()[:32]


def state_json(batch: PushedBatch) -> bytes:
    """Return a batch's state as it is stored."""
    return batch.model_dump_json(indent=1).encode()


def counts_of(report: bytes) -> Counts:
    """Return the counts of a report as it is stored, its tables taken together."""
    tables = json.loads(report)["tables"]
    return Counts(**{name: sum(table[f"n_{name}"] for table in tables) for name in Counts.model_fields})


def _ids(folder: Path) -> list[str]:
    try:
        return [path.name for path in folder.iterdir() if BATCH_ID.fullmatch(path.name)]
    except FileNotFoundError:
        return []
