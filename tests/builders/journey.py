"""Take a network from files to answers by the command line, in one process that tells everything it does.

Exports of another kind are taken into a workspace of their own, `exports`.

Run as a program: it writes what it says to standard output and error, at the most talkative level there is.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from tests.builders.lean import lean_network

TODAY = "2026-11-20"


def travel(home: Path, project: Path, people: Mapping[str, Any]) -> None:
    """Inspect, refuse, take in, train, publish, score, answer, rotate, score again, and answer again."""
    network = str(lean_network(project / "models" / "quebec", home / "declared"))
    refused = sorted((home / "refused").iterdir())
    _inspect(home, network, refused)
    _take_exports_in(home, network)
    for folder in refused:
        _verb("ingest", network, str(folder), "--received", TODAY, fails=True)
    _verb("ingest", network, str(home / "extracts"), "--received", TODAY, "--backfill")
    # Once more, now that they can be compared with what came before.
    for folder in refused:
        _verb("ingest", network, str(folder), "--received", TODAY, fails=True)
    for model in ("difficulty", "dropout"):
        _verb("train", f"{network}/{model}", "--today", TODAY, "--no-pictures")
        _verb("promote", f"{network}/{model}")
        _verb("publish", f"{network}/{model}")
    for turn in ("first", "second"):
        _verb("score", network, "--as-of", TODAY, "--today", TODAY)
        _verb("key", network, turn, "--today", TODAY)
        _answer(home, project, people, turn)
        _verb("report", f"{network}/difficulty")
        _verb("quality", network, "--as-of", TODAY)
        _verb("seal", network)
        if turn == "first":
            _verb("rotate", network, "--today", TODAY)
    _verb("train", f"{network}/nobody", fails=True)


def _inspect(home: Path, network: str, refused: Sequence[Path]) -> None:
    """Look at the files as at unknown ones, with and without a contract, and at those that are refused."""
    unknown = [str(path) for path in sorted((home / "extracts").glob("*.csv"))]
    _verb("inspect", *unknown)
    _verb("inspect", *unknown, "--network", network, "--french", "--out", str(home / "proposed" / "a.toml"))
    for folder in refused:
        given = next(path for path in folder.iterdir() if not path.is_symlink())
        _verb("inspect", str(given), "--network", network, fails=None)


def _take_exports_in(home: Path, network: str) -> None:
    workspace, os.environ["EARLYWARN_HOME"] = os.environ["EARLYWARN_HOME"], str(home / "exports")
    for export in sorted((home / "given exports").iterdir()):
        _verb("ingest", network, str(export), "--received", TODAY, "--backfill", fails="cut" in export.name)
    os.environ["EARLYWARN_HOME"] = workspace


def _verb(*arguments: str, fails: bool | None = False) -> None:
    """Run one verb; it must fail or must not, or may do either."""
    from earlywarn.cli import main

    print("$ earlywarn", arguments[0], flush=True)  # noqa: T201
    sys.argv = ["earlywarn", *arguments]
    try:
        main()
        code: object = 0
    except SystemExit as ending:
        code = ending.code
    assert fails is None or bool(code) is fails, arguments


def _answer(home: Path, project: Path, people: Mapping[str, Any], turn: str) -> None:
    """Ask the service everything that could make it repeat an identity, and keep its answers."""
    from starlette.testclient import TestClient

    from api.main import create_app
    from api.settings import ServiceSettings
    from earlywarn.pipeline.accounts import open_system_account
    from earlywarn.store import open_database
    from earlywarn.workspace import Workspace

    workspace = Workspace(Path(os.environ["EARLYWARN_HOME"]))
    settings = ServiceSettings(
        network=project / "models" / "quebec",
        home=workspace.home,
        keys=Path(os.environ["EARLYWARN_KEYS"]),
        today=date.fromisoformat(TODAY),
    )
    key = open_system_account(
        open_database(workspace), f"asking {turn}", schools=[], names=False, today=date.fromisoformat(TODAY)
    )
    app = create_app(settings)
    with TestClient(app, base_url="http://127.0.0.1:8000", raise_server_exceptions=False) as service:
        service.headers["Authorization"] = f"Bearer {key}"
        answers = [service.request(**asked) for asked in _questions(people)]
        resolved = [one["student_id"] for one in answers[0].json()["students"]]
        assert sum(one is not None for one in resolved) > len(resolved) // 4, "nobody was found by a code"
        answers += [service.get(f"/v1/students/{one}/risks") for one in resolved[:40] if one]
        assert any('"risk"' in answer.text for answer in answers), "no risk was shown"
    folder = home / "answers" / turn
    folder.mkdir(parents=True)
    for number, answer in enumerate(answers):
        text = f"{answer.status_code} {dict(answer.headers)}\n{answer.text}"
        (folder / f"{number:03d}.txt").write_text(text, encoding="utf-8")


def _questions(people: Mapping[str, Any]) -> list[dict[str, Any]]:
    code, family, given, born = people["one"]
    row = {"student_id": code, "family_name": family, "birth_date": born}
    asked: list[dict[str, Any]] = [
        {"method": "POST", "url": "/v1/students/resolve", "json": {"codes": people["codes"][:200]}},
        {"method": "POST", "url": "/v1/students/resolve", "json": {"codes": [code.lower()], family: given}},
        {"method": "POST", "url": "/v1/students/resolve", "json": {"codes": code}},
        {"method": "POST", "url": "/v1/students/resolve", "content": f'{{"codes": ["{code}", {family}'},
        {"method": "POST", "url": "/v1/students/resolve", "json": {"codes": [code] * 100_000}},
        {"method": "GET", "url": f"/v1/students/{code}/risks"},
        {"method": "GET", "url": f"/v1/students/{family}%20{given}/risks", "params": {"born": born}},
        {"method": "GET", "url": "/v1/schools/901001/roster", "params": {"model": family, "grade": given}},
        {"method": "GET", "url": "/v1/models", "headers": {"Authorization": f"Bearer {code}"}},
        {"method": "GET", "url": "/v1/models", "headers": {"Host": f"{code.lower()}.example"}},
        {"method": "GET", "url": f"/{family}/{code}"},
        {"method": "DELETE", "url": f"/v1/students/{code}/risks"},
        {"method": "GET", "url": "/", "headers": {"Cookie": f"session={code}"}},
    ]
    bodies = (
        {"rows": [{code: 1.0}]},
        {"rows": [{"absent": family}]},
        {"tables": {family: [row]}, "as_of": TODAY},
        {"tables": {"students": [row]}, "as_of": TODAY},
        {"tables": {"absences": [{"student_id": code, "happened_on": given}]}, "as_of": born},
    )
    scored = "/v1/models/difficulty/score"
    return [*asked, *({"method": "POST", "url": scored, "json": body} for body in bodies)]


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG, stream=sys.stderr, force=True)
    # The caller's own log, not the program's: it names the addresses it was told to ask.
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    travel(Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.stdin.read()))
