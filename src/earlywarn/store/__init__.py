"""Keep what the service shows, show it to those in scope only, and keep trace of every reading.

The only room with SQL over the service database. It never trains, scores or reads a table of the workspace.
"""

from earlywarn.store.accounts import (
    Account,
    AccountReader,
    disable_account,
    issue_api_key,
    revoke_account_keys,
    revoke_api_key,
    save_account,
)
from earlywarn.store.answers import AnswerKeeper, AnswerWord, Flags, read_flags
from earlywarn.store.callers import CallerDesk, Entry
from earlywarn.store.demonstration import draw_accounts
from earlywarn.store.identities import locked_names
from earlywarn.store.loading import NamesToLoad, RunTables, RunToLoad, is_loaded, load_night
from earlywarn.store.opening import Store, open_store
from earlywarn.store.quality import QualityNotice, QualityReader, QualityToLoad, load_quality
from earlywarn.store.readers import ScoreReader
from earlywarn.store.risks import (
    WORDS,
    CurrentRun,
    RosterHeader,
    RosterPage,
    StudentList,
    StudentPage,
    StudentRisk,
)
from earlywarn.store.roles import owner_engine, sealer_engine
from earlywarn.store.sealing import LogCheck, seal, verify
from earlywarn.store.server import DatabaseUrls, open_database

__all__ = [
    "WORDS",
    "Account",
    "AccountReader",
    "AnswerKeeper",
    "AnswerWord",
    "CallerDesk",
    "CurrentRun",
    "DatabaseUrls",
    "Entry",
    "Flags",
    "LogCheck",
    "NamesToLoad",
    "QualityNotice",
    "QualityReader",
    "QualityToLoad",
    "RosterHeader",
    "RosterPage",
    "RunTables",
    "RunToLoad",
    "ScoreReader",
    "Store",
    "StudentList",
    "StudentPage",
    "StudentRisk",
    "disable_account",
    "draw_accounts",
    "is_loaded",
    "issue_api_key",
    "load_night",
    "load_quality",
    "locked_names",
    "open_database",
    "open_store",
    "owner_engine",
    "read_flags",
    "revoke_account_keys",
    "revoke_api_key",
    "save_account",
    "seal",
    "sealer_engine",
    "verify",
]
