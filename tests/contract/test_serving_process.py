"""The process that serves holds nothing of training, and unpickles nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builders.published import FEATURES
from tests.builders.served import Served, served

# pyarrow itself looks for cloudpickle, so that name says nothing here; the audit hook does. DuckDB runs in
# workers only.
TRAINING = {"duckdb", "sklearn", "lightgbm", "shap", "mlflow", "pandas", "scipy", "joblib", "skops", "numba"}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return the real service; an audit hook fails whatever would unpickle a class."""
    with served(tmp_path_factory.mktemp("served")) as service:
        yield service


def test_the_whole_journey_loads_no_training(running: Served) -> None:
    """After every kind of request, none of the training libraries is loaded, and none was unpickled for."""
    row = dict.fromkeys(FEATURES, 1.0)
    asked = [
        running.ask("/readyz"),
        running.ask("/v1/models"),
        running.ask("/v1/students/ana/risks"),
        running.ask("/v1/schools/s1/roster?model=dropout"),
        running.ask("/v1/students/resolve", body={"codes": ["X"]}),
        running.ask("/v1/models/dropout/score", body={"rows": [row]}),
        running.ask("/sign-in"),
    ]

    assert [status for status, _ in asked] == [200] * len(asked)
    assert sorted(name for name in running.modules() if name.split(".")[0] in TRAINING) == []


def test_ready_names_the_versions_that_were_proved(running: Served) -> None:
    """Ready means: this process has scored the golden rows of the versions that it names."""
    status, body = running.ask("/readyz")

    assert (status, json.loads(body)) == (200, {"status": "ready", "models": {"dropout": "1"}})


def test_health_touches_nothing(running: Served) -> None:
    """HEAD is answered as GET is, without a body."""
    assert running.ask("/healthz", method="HEAD") == (200, "")
    assert running.ask("/readyz", method="HEAD") == (200, "")


def test_the_demonstration_is_not_served_to_others(tmp_path: Path) -> None:
    """Asked to listen where others can reach it, the demonstration's sign-in refuses to start."""
    from earlywarn.errors import SettingsError
    from earlywarn.pipeline.serve import serve
    from earlywarn.workspace import Workspace

    for host in ("0.0.0.0", "::", "192.168.1.4", "example.org", ""):  # noqa: S104
        with pytest.raises(SettingsError, match="asks for no password"):
            serve(
                tmp_path, network=tmp_path, workspace=Workspace(tmp_path), keys=tmp_path, host=host, demo=True
            )
