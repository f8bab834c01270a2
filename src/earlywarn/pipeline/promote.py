"""Make the candidate the champion, if every declared gate is open; there is no way round a gate."""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from earlywarn.errors import EarlywarnError, RegistryError
from earlywarn.evaluation import closed_gates, is_rules, nothing_measured, rules_gates, unsure_of
from earlywarn.modeling import load_spec
from earlywarn.pipeline.shadow import Shadow, shadow_of
from earlywarn.pipeline.train import group_names
from earlywarn.registry import CANDIDATE, CHAMPION, ModelVersion, Registry, open_registry
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace, locked


@dataclass(frozen=True)
class Promotion:
    """What was promoted, and what its card cannot tell."""

    version: ModelVersion
    unsure: tuple[str, ...]
    shadow: Shadow

    def summary(self) -> str:
        """Say it in the terminal."""
        lines = [f"{self.version.name} version {self.version.version} is the champion: every gate is open"]
        lines += [f"  {line}" for line in self.shadow.head()]
        return "\n".join([*lines, *(f"  the card says first: {line}" for line in self.unsure)])


def promote(model_dir: Path, workspace: Workspace, *, tracking_uri: str | None = None) -> Promotion:
    """Promote the candidate of the model declared in `model_dir`.

    The gates are those that were declared when it was trained, and judge what that training measured. Who
    would enter and leave the lists is worked out first: without that report nobody is promoted.

    Raises:
        RegistryError: There is no candidate, no shadow report can be made, or a gate is closed; the message
            gives every reason.
    """
    network = load_contract(model_dir.parent / "contract.toml").network.name
    name = f"{network}.{load_spec(model_dir / 'model.toml').name}"
    with locked(workspace, "promote", owner=f"promote {name}"):
        registry = open_registry(workspace.mlflow, uri=tracking_uri)
        version = registry.version_by_alias(name, CANDIDATE)
        made = _shadow(registry, version, workspace)
        with tempfile.TemporaryDirectory() as temporary:
            bundle = registry.download_bundle(version, Path(temporary) / "bundle")
            sheet = json.loads((bundle / "backtest.json").read_text(encoding="utf-8"))
            spec = load_spec(bundle / "declarations" / "model.toml")
            names = group_names(load_contract(bundle / "declarations" / "contract.toml"))
        by_rules, prose = is_rules(sheet), spec.card.prose
        closed = (
            rules_gates(prose, made.champion_kind)
            if by_rules
            else closed_gates(sheet, spec.gates.gates, prose)
        )
        if closed:
            raise RegistryError(
                f"version {version.version} is not promoted: {'; '.join(closed)}",
                where=name,
                todo="mend what the gate names and train again",
            )
        registry.set_alias(version, CHAMPION)
    unsure = (nothing_measured(sheet),) if by_rules else tuple(unsure_of(sheet, names))
    return Promotion(version, unsure, made)


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
