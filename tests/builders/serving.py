"""A service on the tiny network of `tests.builders.store`, with full reasons, names and four accounts."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
from starlette.testclient import TestClient

from api.main import create_app
from api.pages.session import Sessions
from api.pushing import Pushing
from api.service import Service
from api.settings import ServiceSettings
from earlywarn.domain import SchoolId, StudentId
from earlywarn.encryption import new_key
from earlywarn.pipeline.pushed_batches import PushedBatches
from earlywarn.pipeline.score_on_demand import TableScorer
from earlywarn.publication import PublishedModel
from earlywarn.store import (
    Account,
    DatabaseUrls,
    NamesToLoad,
    Store,
    issue_api_key,
    load_night,
    load_quality,
    locked_names,
    open_store,
    owner_engine,
    save_account,
)
from earlywarn.workspace import Workspace
from tests.builders.quality import sheets_to_load
from tests.builders.store import TODAY, run, scope_tables

HERE = "http://127.0.0.1:8000"
GRADES: Mapping[str, str] = {"sec1": "1re secondaire", "sec2": "2e secondaire"}
NAMES = {
    "ana": ("Ana", "Zúñiga"),
    "bob": ("Bob", "<img src=x onerror=alert(1)>"),
    "cy": ("Cy", "{{7*7}}"),
    "dee": ("Dee", "Roy"),
}
ACCOUNTS = (
    Account("teacher", "Mme Un", "teacher", staff_id="one", is_demonstration=True),
    Account("principal", "École Un", "principal", school_ids=(SchoolId("s1"),), is_demonstration=True),
    Account("css", "CSS Un", "css", css_id="css1"),
    Account("system", "Portail de l’école Un", "system", school_ids=(SchoolId("s1"),), is_demonstration=True),
    Account("other", "Portail de l’école Trois", "system", school_ids=(SchoolId("s3"),)),
)


@dataclass(frozen=True)
class Loaded:
    """A database that holds the tiny network, and what opens it."""

    urls: DatabaseUrls
    identity_key: bytes
    keys: Mapping[str, str]


def load_network(urls: DatabaseUrls) -> Loaded:
    """Load schools, students, names, accounts, keys and two runs."""
    assert urls.owner is not None
    engine = owner_engine(urls.owner)
    identity_key = new_key()
    try:
        locked = [
            (student, locked_names(student, {"given_name": given, "family_name": family}, key=identity_key))
            for student, (given, family) in NAMES.items()
        ]
        load_night(
            engine,
            tables=scope_tables(),
            names=NamesToLoad(len(locked), locked),
            runs=[
                with_reasons(run(model, risk=risk))
                for model, risk in (("dropout", 0.25), ("difficulty", 0.62))
            ],
        )
        for account in ACCOUNTS:
            save_account(engine, account)
        keys = {name: issue_api_key(engine, name, today=TODAY) for name in ("system", "other")}
        load_quality(engine, sheets_to_load())
    finally:
        engine.dispose()
    return Loaded(urls, identity_key, keys)


def with_reasons(plain: Any) -> Any:
    """Return the run with the reasons that a batch stores."""
    stored = json.dumps([reason(), reason("repeats_grade", actionable=False, family="history", peers=None)])
    scores: pa.Table = plain.scores
    column = pa.array([stored] * scores.num_rows, pa.string())
    rosters: pa.Table = plain.rosters
    facts = pa.array(['{"expected_share": 0.34}'] * rosters.num_rows, pa.string())
    return replace(
        plain,
        scores=scores.set_column(scores.column_names.index("reasons"), "reasons", column),
        rosters=rosters.set_column(rosters.column_names.index("facts"), "facts", facts),
    )


def reason(
    code: str = "unexcused_days",
    *,
    family: str = "attendance",
    actionable: bool = True,
    peers: float | None = 0.5,
) -> dict[str, Any]:
    """Return one stored reason."""
    text = {
        "unexcused_days": (
            "9 jours d’absence non motivée dans les 30 derniers jours",
            "9 days of unexcused absence",
        ),
        "repeats_grade": ("reprend son année", "repeats the grade"),
    }[code]
    past = None if peers is None else 2.0
    return {
        "code": code,
        "family": family,
        "direction": "raises",
        "strength": "strong",
        "strength_words": {"fr": "pèse beaucoup", "en": "weighs much"},
        "attribution": 0.81,
        "actionable": actionable,
        "evidence": {
            "feature": f"{code}__sum__30d",
            "value": 9.0 if actionable else 1.0,
            "window": "30d",
            "own_past": past,
            "peers_median": peers,
        },
        "text": {"fr": text[0], "en": text[1]},
        "comparison": {"fr": "juste avant\u00a0: 2" if past else "", "en": "just before: 2" if past else ""},
    }


@contextmanager
def serving(
    loaded: Loaded,
    *,
    demo: bool = True,
    today: date = TODAY,
    models: Mapping[str, PublishedModel] | None = None,
    home: Path = Path(),
    client: tuple[str, int] = ("127.0.0.1", 50000),
    base_url: str = HERE,
) -> Iterator[TestClient]:
    """Serve the network to a test client."""
    settings = ServiceSettings(network=Path(), home=home, keys=Path(), demo=demo, today=today)

    @contextmanager
    def opened(settings: ServiceSettings) -> Iterator[Service]:
        store = open_store(loaded.urls.service, identity_key=loaded.identity_key)
        with closing(store), TableScorer(Workspace(settings.home)) as scorer:
            yield _service(settings, store, scorer, models or {})

    app = create_app(settings, open_service=opened)
    with no_failures(), TestClient(app, base_url=base_url, client=client, follow_redirects=False) as asking:
        yield asking


@contextmanager
def no_failures() -> Iterator[None]:
    """Hold that no request failed inside, even where the caller was answered."""
    failed: list[logging.LogRecord] = []

    class Watch(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.msg == "request_failed":
                failed.append(record)

    watch = Watch()
    logging.getLogger("earlywarn.api").addHandler(watch)
    try:
        yield
    finally:
        logging.getLogger("earlywarn.api").removeHandler(watch)
    assert [vars(record)["error"] for record in failed] == []


def _service(
    settings: ServiceSettings, store: Store, scorer: TableScorer, models: Mapping[str, PublishedModel]
) -> Service:
    return Service(
        settings=settings,
        store=store,
        models=models,
        refused_models=(),
        pseudonyms=lambda codes: [StudentId(code.removeprefix("CODE-").lower()) for code in codes],
        table_scorer=scorer,
        sessions=Sessions(None),
        grade_labels={"fr": GRADES, "en": {}},
        pushing=Pushing(PushedBatches(Workspace(settings.home)), {}, lambda: None, settings.push_limit_bytes),
    )
