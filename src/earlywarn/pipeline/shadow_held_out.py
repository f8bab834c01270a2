"""Compare candidate and champion on the held-out future, where neither has learned from its labels.

A training keeps what its back-test said of the held-out rows: a model that had not seen them said it. The
champion may say its part only where it was not trained on the periods of those rows.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from earlywarn.evaluation import HeldOutPair, TestRows, compare, draws_for, moment_aucs, score_rows
from earlywarn.features import Moment
from earlywarn.pipeline.declared_inputs import encoded_values, read_declared
from earlywarn.pipeline.held_out import held_out_path
from earlywarn.pipeline.shadow_sides import margins_of, matrix_at, words_of
from earlywarn.publication import unsigned_model
from earlywarn.tables import open_tables
from earlywarn.workspace import Workspace

N_DRAWS = 200
NO_CHAMPION = HeldOutPair(
    None,
    0,
    {
        "fr": "Aucun modèle n’est en place\u00a0: rien à comparer sur l’avenir gardé à part.",
        "en": "There is no champion: nothing to compare with on the held-out future.",
    },
)
_NOT_KEPT = {
    "fr": "Ce que le candidat disait de l’avenir gardé à part n’est pas dans cet espace de travail\u00a0: "
    "la comparaison ne peut pas être mesurée.",
    "en": "What the candidate said of the held-out future is not in this workspace: the comparison cannot be "
    "measured.",
}
_SEEN = {
    "fr": "Le modèle en place a été entraîné sur les mêmes suites ({periods})\u00a0: la comparaison ne peut "
    "pas être mesurée honnêtement.",
    "en": "The champion was trained on the same outcomes ({periods}): the comparison cannot be measured "
    "honestly.",
}
_TOO_FEW = {
    "fr": "Trop peu de suites sont connues pour comparer.",
    "en": "Too few outcomes are known to compare.",
}


def held_out_pair(workspace: Workspace, model: str, version: str, champion: Path) -> HeldOutPair:
    """Compare the candidate's back-test with the champion on the same rows, or say why it cannot be."""
    path = held_out_path(workspace, model, version)
    if not path.is_file():
        return HeldOutPair(None, 0, _NOT_KEPT)
    rows = pq.read_table(path)
    details = json.loads((champion / "model.json").read_text(encoding="utf-8"))
    seen = sorted(set(words_of(rows["period"]).tolist()) & set(details["trained_on"]))
    if seen:
        told = {language: text.format(periods=", ".join(seen)) for language, text in _SEEN.items()}
        return HeldOutPair(None, rows.num_rows, told)
    return _compared(workspace, rows, champion)


def _compared(workspace: Workspace, rows: pa.Table, champion: Path) -> HeldOutPair:
    declared, model = read_declared(champion), unsigned_model(champion)
    moments = _moments(rows)
    tables = open_tables(workspace, declared.contract)
    try:
        matrix = matrix_at(tables, declared, moments)
    finally:
        tables.close()
    margins = margins_of(model, encoded_values(matrix, model.encoding, model.features, where=model.model))
    key = [*declared.contract.network.unit, "as_of"]
    theirs = matrix.rows.select(key).append_column("theirs", pa.array(margins, pa.float64()))
    both = rows.join(theirs, key, join_type="inner").sort_by([(name, "ascending") for name in key])
    both = both.filter(pc.is_finite(both["theirs"]))
    label = both["label"].to_numpy(zero_copy_only=False)
    if not 0 < int(label.sum()) < label.size:
        return HeldOutPair(None, both.num_rows, _TOO_FEW)
    test = _test_rows(both, label)
    _, draws = draws_for(test, n_draws=N_DRAWS, generator=np.random.default_rng(0))
    # Ranking alone is compared: the two need not be calibrated on one scale, and rules are not at all.
    scored = [
        score_rows(name, margin, margin, test, share=0.1)
        for name, margin in (
            ("candidate", both["margin"].to_numpy()),
            ("champion", both["theirs"].to_numpy()),
        )
    ]
    one, other = ((side, moment_aucs(side, test, draws)) for side in scored)
    return HeldOutPair(compare(one, other, test, draws), both.num_rows, {})


def _test_rows(rows: pa.Table, label: np.ndarray) -> TestRows:
    period, moment = words_of(rows["period"]), words_of(rows["moment"])
    return TestRows(
        label=label,
        period=period,
        moment=moment,
        school=words_of(rows["school_id"]),
        grade=words_of(rows["grade"]),
        student=words_of(rows["student_id"]),
        lists=np.char.add(np.char.add(period, "|"), moment),
        groups={},
    )


def _moments(rows: pa.Table) -> list[Moment]:
    """Return the moments that rows are of."""
    columns = [rows[name].to_pylist() for name in ("period", "moment", "as_of")]
    return [
        Moment(str(period), str(name), day) for period, name, day in sorted(set(zip(*columns, strict=True)))
    ]
