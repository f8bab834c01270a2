"""A network without outcomes: its rules are published, scored, stored and shown, and no risk is ever said."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from earlywarn.domain import SchoolId
from earlywarn.encryption import new_key
from earlywarn.errors import RegistryError, TrainingError
from earlywarn.modeling import read_bundle
from earlywarn.pipeline.held_out import keep_held_out
from earlywarn.pipeline.load import load
from earlywarn.pipeline.promote import Promotion, promote
from earlywarn.pipeline.publish import publish
from earlywarn.pipeline.rebuild import rebuild
from earlywarn.pipeline.report import report
from earlywarn.pipeline.score import ScoreRun, score
from earlywarn.pipeline.shadow_held_out import held_out_pair
from earlywarn.pipeline.start import Started, start
from earlywarn.pipeline.train import train
from earlywarn.publication import PublishedModel
from earlywarn.registry import open_registry
from earlywarn.store import Account, DatabaseUrls, issue_api_key, save_account
from tests.builders.rules_network import ABSENT, LOW, unlabeled_network
from tests.builders.scored_network import AS_OF, ScoredNetwork
from tests.builders.serving import Loaded, serving
from tests.e2e.test_api_pages import HTML, sign_in

FR, EN = "Liste par règles, sans risque chiffré.", "List by rules, no risk in figures."


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> ScoredNetwork:
    """Return a network of one year, of which no outcome is known."""
    return unlabeled_network(tmp_path_factory.mktemp("start"))


@pytest.fixture(scope="module")
def started(network: ScoredNetwork) -> Started:
    """Register the rules."""
    return start(network.folder / "failing", network.workspace, today=AS_OF)


@pytest.fixture(scope="module")
def promoted(network: ScoredNetwork, started: Started) -> Promotion:
    """Promote them."""
    assert started.n_labeled == 0
    return promote(network.folder / "failing", network.workspace)


@pytest.fixture(scope="module")
def published(network: ScoredNetwork, promoted: Promotion) -> PublishedModel:
    """Publish them; LightGBM itself has then confirmed the attributions."""
    assert promoted.version.tags["kind"] == "rules"
    return publish(network.folder / "failing", network.workspace, keys=network.keys, today=AS_OF)


@pytest.fixture(scope="module")
def run(network: ScoredNetwork, published: PublishedModel) -> ScoreRun:
    """Score everybody."""
    assert published.kind == "rules"
    return score(network.folder, network.workspace, as_of=AS_OF, today=AS_OF, keys=network.keys)


@pytest.fixture(scope="module")
def client(
    network: ScoredNetwork, published: PublishedModel, run: ScoreRun, database: DatabaseUrls, owner: Engine
) -> Iterator[TestClient]:
    """Serve what was stored."""
    load(network.folder, network.workspace, database, run.runs, keys=network.keys)
    save_account(owner, Account("system", "Portail", "system", all_schools=True))
    principal = Account(
        "principal", "École s1", "principal", school_ids=(SchoolId("s1"),), is_demonstration=True
    )
    save_account(owner, principal)
    keys = {"system": issue_api_key(owner, "system", today=AS_OF)}
    models = {published.model: published}
    loaded = Loaded(database, new_key(), keys)
    with serving(loaded, today=AS_OF, models=models, home=network.workspace.home) as asking:
        asking.headers["Authorization"] = f"Bearer {keys['system']}"
        yield asking


def test_training_without_outcomes_names_the_way(network: ScoredNetwork) -> None:
    """The refusal says what to run instead, word for word."""
    with pytest.raises(TrainingError, match=r"no label is known yet.*`earlywarn start network/failing`"):
        train(network.folder / "failing", network.workspace, today=AS_OF)


def test_a_list_by_rules_is_not_rebuilt(network: ScoredNetwork, started: Started) -> None:
    """Nothing was trained; the refusal says what to do instead."""
    with pytest.raises(RegistryError, match="a list by rules: nothing was trained"):
        rebuild(network.folder / "failing", network.workspace, run_id=started.version.run_id)


def test_a_rule_without_words_is_refused(network: ScoredNetwork, tmp_path: Path) -> None:
    """Staff read a rule as the reason, so one that says nothing is not published."""
    for name in ("contract", "indicators"):
        text = (network.folder / f"{name}.toml").read_text(encoding="utf-8")
        (tmp_path / f"{name}.toml").write_text(text, encoding="utf-8")
    (tmp_path / "failing").mkdir()
    spec = (network.folder / "failing" / "model.toml").read_text(encoding="utf-8")
    (tmp_path / "failing" / "model.toml").write_text(spec.replace('en = "average under 65%"', ""), "utf-8")

    with pytest.raises(TrainingError, match="the rule 'low' has no words"):
        start(tmp_path / "failing", network.workspace, today=AS_OF)


def test_the_sheet_and_the_card_say_first_that_nothing_is_measured(
    network: ScoredNetwork, started: Started, promoted: Promotion
) -> None:
    """So does the promotion, and `report` shows the same sheet."""
    card = (network.workspace.reports / "models" / "failing" / "CARD.md").read_text(encoding="utf-8")

    assert "Nothing is measured: no outcome is known yet" in started.table.splitlines()[1]
    assert card.splitlines()[6].startswith("- Rien n’est mesuré")
    assert "| absent plus de 5 % des jours de classe | absent_days__share__period | > 0.05 | 42 |" in card
    assert promoted.unsure[0].startswith("Nothing is measured")
    assert report(network.folder / "failing", network.workspace) == started.table


def test_points_are_the_rules_met_and_no_risk_is_said(run: ScoreRun) -> None:
    """The margin counts the reasons, each in the rule's own words; whoever meets none is not listed."""
    scores = run.runs[0].scores.to_pylist()
    words = {"absent plus de 5 % des jours de classe", "moyenne sous 65 %"}
    for row in scores:
        reasons = run.runs[0].in_words(row["reasons"])
        assert row["risk"] is None
        if row["not_scored_because"] is None:
            assert row["margin"] == len(reasons)
        assert {reason.text["fr"] for reason in reasons} <= words
        for reason in reasons:
            value = reason.evidence.value
            assert value > ABSENT if reason.code == "absent" else value < LOW

    assert [row["unit_id"] for row in scores if row["is_listed"]] == [
        row["unit_id"] for row in scores if row["margin"]
    ]
    room = sum(json.loads(row["facts"])["capacity"] for row in run.runs[0].rosters.to_pylist())
    assert 0 < sum(row["is_listed"] for row in scores) < room


def test_the_run_counts_who_is_not_scored_and_where(run: ScoreRun) -> None:
    """The ten without a mark are counted by school and grade, with the reason."""
    told = {
        (row["school_id"], row["grade"]): json.loads(row["facts"])["n_not_scored"]
        for row in run.runs[0].rosters.to_pylist()
    }
    missing = [row for row in run.runs[0].scores.to_pylist() if row["margin"] is None]

    assert told == {
        place: sum((row["school_id"], row["grade"]) == place for row in missing) for place in told
    }
    assert sum(told.values()) == len(missing) == 10
    assert "by rules, no risk in figures" in run.summary()
    assert (
        "10 not scored because no mark is known here yet (in 2 schools; most in s1 5, s2 5)" in run.summary()
    )


def test_lightgbm_counts_the_same_points(
    network: ScoredNetwork, started: Started, published: PublishedModel, tmp_path: Path
) -> None:
    """The bundle that MLflow keeps gives points and exact attributions by LightGBM, at the very marks."""
    registry = open_registry(network.workspace.mlflow)
    bundle = read_bundle(registry.download_bundle(started.version, tmp_path / "bundle"))
    rows = np.full((4, len(published.features)), np.nan)
    absent = published.features.index("absent_days__share__period")
    low = published.features.index("mark__mean__period")
    rows[0, [absent, low]] = ABSENT, LOW
    rows[1, [absent, low]] = np.nextafter(ABSENT, 1), np.nextafter(LOW, 0)
    rows[2, absent] = 1.0

    points = bundle.model.margins(rows)

    assert points.tolist() == published.margins(rows).tolist() == [0.0, 2.0, 1.0, 0.0]
    assert np.abs(bundle.attributions(rows) - published.attributions(rows)).max() < 1e-12
    assert np.isnan(bundle.calibrator.risks(points)).all()


@pytest.mark.parametrize(("language", "why"), [("fr-CA", FR), ("en-CA", EN)])
def test_the_service_says_no_risk(client: TestClient, language: str, why: str) -> None:
    """Roster, student, model and score on demand all say that the list is by rules, in both languages."""
    headers = {"Accept-Language": language}
    roster = client.get("/v1/schools/s1/roster?model=failing", headers=headers).json()
    student = client.get(f"/v1/students/{roster['students'][0]['student_id']}/risks", headers=headers).json()
    card = client.get("/v1/models", headers=headers).json()["models"][0]
    row = dict.fromkeys(card["features"], None) | {"mark__mean__period": 50.0}
    scored = client.post("/v1/models/failing/score", headers=headers, json={"rows": [row]}).json()

    for told in (roster, student["risks"][0], card, scored):
        assert (told["list_by"], told["no_risk_because"]) == ("rules", why)
    assert {(one["risk"], one["chance"]) for one in roster["students"]} == {(None, None)}
    assert {grade["expected_share"] for grade in roster["grades"]} == {None}
    assert [grade["n_not_scored"] for grade in roster["grades"]] == [3, 2]
    assert (student["risks"][0]["risk"], student["risks"][0]["not_scored_because"]) == (None, None)
    assert (scored["scores"][0]["risk"], scored["scores"][0]["margin"]) == (None, 1.0)


@pytest.mark.parametrize(
    ("language", "says", "missing"),
    [
        ("fr", FR, "3 élèves n’ont pas été pris en compte\u00a0: aucun résultat n’est encore connu ici."),
        ("en", EN, "3 students were not scored: no mark is known here yet."),
    ],
)
def test_a_principal_reads_so(client: TestClient, language: str, says: str, missing: str) -> None:
    """The page shows rules met, says that no risk is in figures, and counts whom it could not look at."""
    client.headers.update(HTML)
    sign_in(client, "principal")

    page = client.get(f"/students?lang={language}").text

    assert page.count(says) == 2
    assert missing in page
    assert "environ 1 sur" not in page.split('id="reading"')[0]
    assert "about 1 in" not in page.split('id="reading"')[0]


def held_out_rows(run: ScoreRun) -> pa.Table:
    """Return what a back-test that knows nothing said of everybody, beside outcomes that follow the rules."""
    scores = [row for row in run.runs[0].scores.to_pylist() if row["margin"] is not None]
    chance = np.random.default_rng(2)
    rows = [
        {
            **dict(zip(("student_id", "course"), json.loads(row["unit"]), strict=True)),
            **{name: row[name] for name in ("school_id", "grade", "period", "moment", "as_of")},
            "margin": float(chance.normal()),
            "label": bool(chance.random() < 0.2 + 0.3 * row["margin"]),
        }
        for row in scores
    ]
    return pa.Table.from_pylist(rows)


def test_on_the_held_out_future_only_what_neither_has_learned_is_compared(
    network: ScoredNetwork, started: Started, run: ScoreRun, tmp_path: Path
) -> None:
    """Rules have learned nothing, so they are measured; a champion of the same outcomes cannot be."""
    registry = open_registry(network.workspace.mlflow)
    champion = registry.download_bundle(started.version, tmp_path / "champion")
    rows = held_out_rows(run)
    missing = held_out_pair(network.workspace, "failing", "7", champion)
    keep_held_out(network.workspace, "failing", "7", rows)

    measured = held_out_pair(network.workspace, "failing", "7", champion)
    details = json.loads((champion / "model.json").read_text(encoding="utf-8"))
    (champion / "model.json").write_text(json.dumps({**details, "trained_on": ["2024-2025"]}), "utf-8")
    seen = held_out_pair(network.workspace, "failing", "7", champion)

    assert "is not in this workspace" in missing.because["en"]
    assert measured.comparison is not None
    assert (measured.n, measured.comparison.verdict) == (rows.num_rows, "worse")
    assert seen.comparison is None
    assert "was trained on the same outcomes (2024-2025)" in seen.because["en"]


def test_the_next_candidate_is_compared_with_the_list_in_use(network: ScoredNetwork, run: ScoreRun) -> None:
    """A stricter rule's list is held against the champion's before it is promoted, by counts and reasons."""
    assert run.runs
    spec = network.folder / "failing" / "model.toml"
    spec.write_text(spec.read_text(encoding="utf-8").replace(f"above = {ABSENT}", "above = 0.2"), "utf-8")
    second = start(network.folder / "failing", network.workspace, today=AS_OF)

    promotion = promote(network.folder / "failing", network.workspace)
    told = json.loads((promotion.shadow.folder / "shadow.json").read_text(encoding="utf-8"))
    moved = json.loads((promotion.shadow.folder / "shadow_students.json").read_text(encoding="utf-8"))

    assert (second.version.version, told["other"]["what"], told["other"]["version"]) == ("2", "champion", "1")
    assert told["as_of"] == "2024-11-20"
    assert told["leaves"] == len(moved["leaves"]) > 0
    assert told["enters"] == len(moved["enters"])
    assert sum(one["leaves"] for one in told["by_school"]) == told["leaves"]
    assert told["leaving"][0]["indicator"] == "absent_days"
    assert told["leaving"][0]["words"]["fr"] == "… jours d’absence depuis le début de l’année"
    assert told["mean_risk_change"] is None
    for language, says in (("fr", "Qui entre, qui sort"), ("en", "Who enters, who leaves")):
        assert says in (promotion.shadow.folder / f"shadow.{language}.html").read_text(encoding="utf-8")
    assert (promotion.shadow.folder / "shadow_students.json").stat().st_mode & 0o077 == 0
    assert not any(unit[0] in json.dumps(told) for unit in moved["leaves"])
