"""Make the candidate the champion, if every declared gate is open; there is no way round a gate."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earlywarn.errors import GateError
from earlywarn.evaluation import Gate, judged, unsure_of
from earlywarn.modeling import load_spec
from earlywarn.pipeline.train import group_names
from earlywarn.registry import CANDIDATE, CHAMPION, ModelVersion, open_registry
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace, locked


@dataclass(frozen=True)
class Promotion:
    """What was promoted, through which gates, and what its card cannot tell."""

    version: ModelVersion
    gates: tuple[Gate, ...]
    unsure: tuple[str, ...]

    def summary(self) -> str:
        """Say it in the terminal."""
        lines = [f"{self.version.name} version {self.version.version} is the champion: every gate is open"]
        lines += [f"  {gate.line()}" for gate in self.gates]
        return "\n".join([*lines, *(f"  the card says first: {line}" for line in self.unsure)])


def promote(model_dir: Path, workspace: Workspace, *, tracking_uri: str | None = None) -> Promotion:
    """Promote the candidate of the model declared in `model_dir`.

    The gates are those that were declared when it was trained, and judge what that training measured.

    Raises:
        GateError: A gate is closed; the message gives every reason, and then every gate.
        RegistryError: There is no candidate.
    """
    network = load_contract(model_dir.parent / "contract.toml").network.name
    name = f"{network}.{load_spec(model_dir / 'model.toml').name}"
    with locked(workspace, "promote", owner=f"promote {name}"):
        registry = open_registry(workspace.mlflow, uri=tracking_uri)
        version = registry.version_by_alias(name, CANDIDATE)
        with tempfile.TemporaryDirectory() as temporary:
            bundle = registry.download_bundle(version, Path(temporary) / "bundle")
            sheet = json.loads((bundle / "backtest.json").read_text(encoding="utf-8"))
            names = group_names(load_contract(bundle / "declarations" / "contract.toml"))
            gates = gates_of_bundle(bundle)
        refuse_closed(gates, version)
        registry.set_alias(version, CHAMPION)
    return Promotion(version, gates, tuple(unsure_of(sheet, names)))


def gates_of_bundle(bundle: Path, *, against_champion: Mapping[str, Any] | None = None) -> tuple[Gate, ...]:
    """Meet the gates that a bundle's own declarations name with the sheet and the card that it holds."""
    spec = load_spec(bundle / "declarations" / "model.toml")
    return judged(
        json.loads((bundle / "backtest.json").read_text(encoding="utf-8")),
        spec.declared_gates,
        spec.card.prose,
        card=(bundle / "CARD.md").read_text(encoding="utf-8"),
        names=group_names(load_contract(bundle / "declarations" / "contract.toml")),
        against_champion=against_champion,
    )


def refuse_closed(gates: tuple[Gate, ...], version: ModelVersion) -> None:
    """Refuse a version for which a gate is closed.

    Raises:
        GateError: One is; the message gives every reason, and then every gate.
    """
    closed = [reason for gate in gates for reason in gate.closed]
    if closed:
        raise GateError(
            f"version {version.version} is not promoted: {'; '.join(closed)}",
            where=version.name,
            todo="mend what the gate names and train again",
            gates=tuple(gate.line() for gate in gates),
        )
