"""Make the candidate the champion, if every declared gate is open; there is no way round a gate."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from earlywarn.errors import EarlywarnError, GateError, RegistryError
from earlywarn.evaluation import Gate, is_rules, judged, nothing_measured, rules_gates, unsure_of
from earlywarn.modeling import load_spec
from earlywarn.pipeline.model_names import registered_name
from earlywarn.pipeline.shadow import Shadow, shadow_of
from earlywarn.pipeline.train import group_names
from earlywarn.registry import CANDIDATE, CHAMPION, ModelVersion, Registry, open_registry
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace, locked


@dataclass(frozen=True)
class Promotion:
    """What was promoted, through which gates, and what its card cannot tell."""

    version: ModelVersion
    gates: tuple[Gate, ...]
    unsure: tuple[str, ...]
    shadow: Shadow

    def summary(self) -> str:
        """Say it in the terminal."""
        lines = [f"{self.version.name} version {self.version.version} is the champion: every gate is open"]
        lines += [f"  {gate.line()}" for gate in self.gates]
        lines += [f"  {line}" for line in self.shadow.head()]
        return "\n".join([*lines, *(f"  the card says first: {line}" for line in self.unsure)])


def promote(model_dir: Path, workspace: Workspace, *, tracking_uri: str | None = None) -> Promotion:
    """Promote the candidate of the model declared in `model_dir`.

    The gates are those that were declared when it was trained, and judge what that training measured. Who
    would enter and leave the lists is worked out first: without that report nobody is promoted.

    Raises:
        GateError: A gate is closed; the message gives every reason, and then every gate.
        RegistryError: There is no candidate, or no shadow report can be made.
    """
    name = registered_name(model_dir)
    with locked(workspace, "promote", owner=f"promote {name}"):
        registry = open_registry(workspace.mlflow, uri=tracking_uri)
        version = registry.version_by_alias(name, CANDIDATE)
        made = _shadow(registry, version, workspace)
        with tempfile.TemporaryDirectory() as temporary:
            bundle = registry.download_bundle(version, Path(temporary) / "bundle")
            sheet = json.loads((bundle / "backtest.json").read_text(encoding="utf-8"))
            names = group_names(load_contract(bundle / "declarations" / "contract.toml"))
            against = made.report.against_champion
            gates = gates_of_bundle(bundle, against_champion=against, champion=made.champion_kind)
        refuse_closed(gates, version)
        registry.set_alias(version, CHAMPION)
    unsure = (nothing_measured(sheet),) if is_rules(sheet) else tuple(unsure_of(sheet, names))
    return Promotion(version, gates, unsure, made)


def _shadow(registry: Registry, version: ModelVersion, workspace: Workspace) -> Shadow:
    """Make the shadow report, or refuse to go on without it."""
    try:
        return shadow_of(registry, version, workspace)
    except EarlywarnError as error:
        raise RegistryError(
            f"version {version.version} is not promoted: no shadow report could be made ({error})",
            where=version.name,
            todo="mend that and promote again",
        ) from error


def gates_of_bundle(
    bundle: Path, *, against_champion: Mapping[str, Any] | None = None, champion: str | None = None
) -> tuple[Gate, ...]:
    """Meet the gates that a bundle's own declarations name with the sheet and the card that it holds.

    Args:
        bundle: What a training, or a start by rules, left.
        against_champion: Verdict and AUC difference on the held-out future, where they can be measured.
        champion: The kind of the champion; None where there is none.
    """
    spec = load_spec(bundle / "declarations" / "model.toml")
    sheet = json.loads((bundle / "backtest.json").read_text(encoding="utf-8"))
    if is_rules(sheet):
        return rules_gates(spec.card.prose, champion)
    return judged(
        sheet,
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
