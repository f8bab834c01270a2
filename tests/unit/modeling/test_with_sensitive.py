"""The sheet says what leaving audited columns out costs, and no copy that knows them is ever kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from earlywarn.evaluation import WithAndWithout, sheet_json
from earlywarn.features import Matrix
from earlywarn.modeling import BundleParts, Fitting, ModelSpec, Trained, train_model, write_bundle
from tests.builders.matrices import LEAVING, labeled_matrix

SPEC: dict[str, Any] = {
    **LEAVING,
    "candidates": {"names": ["logistic"]},
}


def _matrix(*, tells: bool) -> Matrix:
    """Return a matrix with a secret group: it doubles as a strong sign of the outcome, or tells nothing."""
    matrix = labeled_matrix(n_students=300, strength=0.5)
    assert matrix.labels is not None
    generator = np.random.default_rng(5)
    label = np.array(matrix.labels["label"].to_pylist(), dtype=bool)
    often = generator.random(label.size) < (0.8 if tells else 0.5)
    words = np.where(label == often, "yes", "no")
    return replace(matrix, groups=matrix.groups.append_column("secret", pa.array(words.tolist())))


def _trained(matrix: Matrix, **audit: Any) -> Trained:
    spec = ModelSpec.model_validate({**SPEC, "audit": {"groups": ["sex", "secret"], **audit}})
    fitting = Fitting(seed=0, n_threads=1, n_seeds=1)
    return train_model(matrix, spec, network="net", today=date(2026, 1, 1), fitting=fitting)


def _copies(trained: Trained) -> WithAndWithout:
    audit = trained.sheet.backtests[0].audit
    assert audit is not None
    assert audit.with_and_without is not None
    return audit.with_and_without


@pytest.fixture(scope="module")
def telling() -> Trained:
    """Return the model of a network where the audited column tells much."""
    return _trained(_matrix(tells=True))


def test_a_column_that_tells_much_is_seen_to_cost(telling: Trained) -> None:
    """Knowing a group that has the outcome four times in five would raise AUC beyond doubt."""
    copies = _copies(telling)

    assert copies.columns == ("sex", "secret")
    assert copies.verdict == "beats"
    assert copies.auc.low > 0.05
    assert copies.brier.high < 0
    changed = {(one.column, one.group): one.share_listed.value for one in copies.changes}
    assert changed["secret", "yes"] > 0 > changed["secret", "no"]


def test_a_column_that_tells_nothing_costs_nothing() -> None:
    """Knowing a coin would change nothing that rows can tell."""
    copies = _copies(_trained(_matrix(tells=False)))

    assert copies.verdict == "cannot tell"
    assert abs(copies.auc.value) < 0.02


def test_no_copy_is_in_the_bundle(telling: Trained, tmp_path: Path) -> None:
    """Neither the model nor any file that is registered names a column of an audited value."""
    parts = BundleParts(
        model=telling.model,
        calibrator=telling.calibrator,
        details=telling.details,
        catalog=telling.encoded.catalog.to_json(),
        encoding=telling.encoded.encoding.to_json(),
        quantiles=telling.quantiles,
        backtest=sheet_json(telling.sheet),
        card="",
        declarations={"model.toml": ""},
    )

    bundle = write_bundle(tmp_path / "bundle", parts)

    written = {path.name: path.read_bytes() for path in bundle.rglob("*") if path.is_file()}
    assert {"backtest.json", "model.json"} <= set(written)
    assert [name for name, content in written.items() if b"audited " in content or b"= yes" in content] == []
    assert not [name for name in telling.model.features if "secret" in name or "sex" in name]


def test_the_copies_change_nothing_of_the_model(telling: Trained) -> None:
    """Asked for or not, the model that is kept is the same, and the sheet differs in that part alone."""
    without = _trained(_matrix(tells=True), with_and_without=False)

    audit = without.sheet.backtests[0].audit
    assert audit is not None
    assert audit.with_and_without is None
    assert without.model == telling.model
    assert without.sheet.backtests[0].groups == telling.sheet.backtests[0].groups
