"""A worse model is refused by the real verb, whatever the shell says, and the champion stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import GateError
from earlywarn.pipeline.promote import promote
from earlywarn.registry import CANDIDATE, CHAMPION, open_registry
from tests.builders.leaky import Leaky

NAME = "leaky.incident"


@pytest.fixture(scope="module")
def leaky(tmp_path_factory: pytest.TempPathFactory) -> Leaky:
    """Train and promote an honest model, once."""
    network = Leaky(tmp_path_factory.mktemp("gated")).take_in()
    network.train()
    return network


def _worse(leaky: Leaky) -> Path:
    """Declare a model whose only column is bound to point the wrong way; a plain rule on it is better."""
    return leaky.declare(
        ["mistaken"],
        rule=("marks_upside_down__mean__period", "below = 66"),
        names=["rules", "logistic"],
    )


def test_an_honest_model_passes_every_gate_and_each_is_printed(leaky: Leaky) -> None:
    """The leak detectors ran, among them the replay, and stand on the card in both languages."""
    promoted = promote(leaky.declare(), leaky.workspace)

    lines = promoted.summary().splitlines()
    assert lines[0] == "leaky.incident version 1 is the champion: every gate is open"
    assert [line.split()[0] for line in lines[1:12]] == ["open"] * 11
    assert "  open    leaks: 6 passed" in lines
    card = (leaky.workspace.reports / "models" / "incident" / "CARD.md").read_text(encoding="utf-8")
    assert "- reconstitution à la date\u00a0: rien trouvé." in card
    assert "- as-of replay: passed." in card


def test_a_worse_model_is_refused_whatever_the_shell_says(
    leaky: Leaky, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not beat the rules; every gate is printed, and the champion is still the first version."""
    folder = _worse(leaky)
    leaky.train_declared(folder)
    for name in ("FORCE", "SKIP_GATES", "GATES", "NO_GATES", "PROMOTE_ANYWAY"):
        monkeypatch.setenv(f"EARLYWARN_{name}", "1")
    # The gates are those of the training: loosening them afterwards changes nothing.
    model = folder / "model.toml"
    model.write_text(model.read_text("utf-8").replace("[gates]", "[gates]\nnot_worse_than = []"), "utf-8")

    with pytest.raises(GateError, match="version 2 is not promoted: logistic does not beat rules") as refused:
        promote(folder, leaky.workspace)

    assert len(str(refused.value).splitlines()) == 1 + len(refused.value.gates)
    assert [gate.split()[0] for gate in refused.value.gates].count("open") >= 6
    registry = open_registry(leaky.workspace.mlflow)
    assert registry.version_by_alias(NAME, CHAMPION).version == "1"
    assert registry.version_by_alias(NAME, CANDIDATE).version == "2"
