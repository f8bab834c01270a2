"""Features of the Open University's rows, recounted from its files by other means."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from earlywarn.features import (
    AsOfSpec,
    CohortSpec,
    EqualsOutcome,
    Matrix,
    build_matrix,
    load_indicators,
    moments_of,
)
from earlywarn.pipeline.ingest import ingest
from earlywarn.tables import load_contract, open_tables
from earlywarn.workspace import Workspace

DAY = 60
AS_OF = f"'2014-02-01'::DATE + {DAY}"


@pytest.fixture(scope="module")
def matrix(real_data: Path, project: Path, tmp_path_factory: pytest.TempPathFactory) -> Matrix:
    """Return the matrix of all presentations at days 0 and 60, through the real intake."""
    network = project / "models" / "oulad"
    home = tmp_path_factory.mktemp("oulad")
    contract = load_contract(network / "contract.toml")
    workspace = Workspace(home / "workspace")
    today = date(2026, 11, 1)
    ingest(network, real_data / "oulad", workspace, received_on=today, backfill=True, keys=home / "keys")
    tables = open_tables(workspace, contract)
    return build_matrix(
        tables,
        contract,
        load_indicators(network / "indicators.toml", contract),
        cohort=CohortSpec(),
        moments=moments_of(contract, AsOfSpec(offset_days=(0, DAY)), tables, before=today),
        outcome=EqualsOutcome(
            form="equals",
            fr="abandon",
            en="withdrawal",
            table="results",
            column="final_result",
            values=("Withdrawn",),
        ),
    )


@pytest.fixture(scope="module")
def files(real_data: Path) -> duckdb.DuckDBPyConnection:
    """Return the published files as they are, days counted from the presentation's start."""
    connection = duckdb.connect()
    for name in ("assessments", "studentAssessment", "studentInfo", "studentRegistration", "courses"):
        path = real_data / "oulad" / f"{name}.csv.gz"
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM read_csv('{path}', all_varchar = true)")
    clicks = real_data / "oulad" / "vle_clicks_by_stage.parquet"
    connection.execute(f"CREATE VIEW clicks AS SELECT * FROM read_parquet('{clicks}')")
    return connection


def on_day(matrix: Matrix, *features: str) -> pa.Table:
    """Return chosen features of presentation 2014B on day 60, by enrollment."""
    chosen = matrix.rows.select(["student_id", "module", "presentation", "moment"])
    for name in features:
        chosen = chosen.append_column(name, matrix.features[name])
    with duckdb.connect() as connection:
        connection.register("chosen", chosen)
        query = "SELECT * FROM chosen WHERE presentation = '2014B' AND moment = '60' ORDER BY ALL"
        found: pa.Table = connection.sql(query).to_arrow_table()
        return found


def test_cohort_is_who_had_registered_and_not_left(matrix: Matrix, files: duckdb.DuckDBPyConnection) -> None:
    """On day 60 of 2014B the cohort is counted from the registration file."""
    (expected,) = files.execute(
        "SELECT count(*) FROM studentRegistration WHERE code_presentation = '2014B'"
        f" AND coalesce(date_registration::DOUBLE, -1) < {DAY}"
        f" AND (nullif(date_unregistration, '') IS NULL OR date_unregistration::DOUBLE >= {DAY})"
    ).fetchall()[0]

    assert on_day(matrix).num_rows == expected


def test_work_due_and_not_handed_in(matrix: Matrix, files: duckdb.DuckDBPyConnection) -> None:
    """Assessments due before day 60 and not submitted before it, counted from the files."""
    counted = on_day(matrix, "due_not_handed_in__count__all", "weight_not_handed_in__sum__all")
    files.register("counted", counted)
    differences = files.execute(f"""
        WITH due AS (SELECT * FROM assessments WHERE code_presentation = '2014B' AND date::DOUBLE < {DAY}),
        expected AS (
          SELECT c.student_id, c.module, count(d.id_assessment) AS n, coalesce(sum(d.weight::DOUBLE), 0) AS w
          FROM counted AS c
          LEFT JOIN due AS d ON d.code_module = c.module AND NOT EXISTS (
            SELECT 1 FROM studentAssessment AS s WHERE s.id_assessment = d.id_assessment
              AND s.id_student = c.student_id AND s.date_submitted::INTEGER < {DAY})
          GROUP BY ALL)
        SELECT count(*) FILTER (WHERE n <> due_not_handed_in__count__all
            OR abs(w - weight_not_handed_in__sum__all) > 1e-9), sum(n)
        FROM expected JOIN counted USING (student_id, module)""").fetchall()[0]

    assert differences[0] == 0
    assert differences[1] > 1000


def test_mean_score_knows_no_mark_before_it_is_given(
    matrix: Matrix, files: duckdb.DuckDBPyConnection
) -> None:
    """The mean score on day 60 counts what was submitted and due before it, and nothing carried over."""
    counted = on_day(matrix, "score__mean__all")
    files.register("counted", counted)
    differences = files.execute(f"""
        WITH expected AS (
          SELECT s.id_student AS student_id, a.code_module AS module, avg(s.score::DOUBLE) AS mean
          FROM studentAssessment AS s JOIN assessments AS a USING (id_assessment)
          WHERE a.code_presentation = '2014B' AND s.is_banked = '0'
            AND s.date_submitted::INTEGER < {DAY} AND coalesce(nullif(a.date, '')::DOUBLE, 999) < {DAY}
            AND nullif(s.score, '') IS NOT NULL
          GROUP BY ALL)
        SELECT count(*) FILTER (WHERE abs(coalesce(mean, -1) - CASE WHEN isnan(score__mean__all) THEN -1
            ELSE score__mean__all END) > 1e-9), count(mean)
        FROM counted LEFT JOIN expected USING (student_id, module)""").fetchall()[0]

    assert differences[0] == 0
    assert differences[1] > 1000


def test_visits_are_the_running_total_of_the_last_known_step(
    matrix: Matrix, files: duckdb.DuckDBPyConnection
) -> None:
    """Increments add up to the count of the latest step whose day, rounded up, lies before day 60."""
    counted = on_day(matrix, "visits__sum__all", "opened_forum__sum__all")
    files.register("counted", counted)
    differences = files.execute(f"""
        WITH steps AS (
          SELECT k.*, ceil(stage_pct * (module_presentation_length::INTEGER + 25) / 100 - 25) AS day
          FROM clicks AS k JOIN courses USING (code_module, code_presentation)
          WHERE code_presentation = '2014B'),
        latest AS (
          SELECT code_module AS module, id_student::VARCHAR AS student_id,
            arg_max(total_clicks, stage_pct) AS visits, arg_max(forumng, stage_pct) AS forum
          FROM steps WHERE day < {DAY} GROUP BY ALL)
        SELECT count(*) FILTER (WHERE coalesce(visits, 0) <> visits__sum__all
            OR coalesce(forum, 0) <> opened_forum__sum__all), sum(visits)
        FROM counted LEFT JOIN latest USING (student_id, module)""").fetchall()[0]

    assert differences[0] == 0
    assert differences[1] > 100_000


def test_labels_are_the_published_results(matrix: Matrix, files: duckdb.DuckDBPyConnection) -> None:
    """Every enrollment of the cohort is labeled withdrawn exactly where the university says so."""
    assert matrix.labels is not None
    labeled = matrix.rows.append_column("label", matrix.labels["label"])
    files.register("labeled", labeled)
    (wrong, total) = files.execute(
        "SELECT count(*) FILTER (WHERE label IS DISTINCT FROM (final_result = 'Withdrawn')), count(*)"
        " FROM labeled JOIN studentInfo ON id_student = student_id AND code_module = module"
        " AND code_presentation = presentation"
    ).fetchall()[0]

    assert (wrong, total) == (0, len(matrix))


def test_no_sensitive_column_is_a_feature(matrix: Matrix) -> None:
    """Gender, region, deprivation, age and disability audit the models and are in no feature."""
    audited = {"gender", "region", "deprivation_band", "age_band", "disability"}

    assert audited <= set(matrix.groups.column_names)
    assert not any(word in name for name in matrix.catalog.names for word in audited)
