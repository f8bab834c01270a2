"""Start without a labeled past: register the declared rules as a list that can be published, labeled so."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from earlywarn.domain import Progress, no_progress
from earlywarn.errors import TrainingError
from earlywarn.evaluation import TIE_RULE, GroupNames, RuleSheet, RulesSheet, rules_table
from earlywarn.features import Matrix
from earlywarn.modeling import (
    BundleParts,
    ModelSpec,
    NoRisk,
    RulesRoster,
    is_known,
    load_spec,
    rules_roster,
    write_bundle,
)
from earlywarn.pipeline.cards import CARD, card_files, write_cards
from earlywarn.pipeline.train import labeled_matrix, read_declarations
from earlywarn.registry import ModelVersion, RunRecord, open_registry
from earlywarn.scoring import RULES
from earlywarn.tables import load_contract
from earlywarn.workspace import Workspace, locked


@dataclass(frozen=True)
class Started:
    """What was registered, and how many outcomes are known by now."""

    version: ModelVersion
    table: str
    n_labeled: int

    def summary(self) -> str:
        """Say it in the terminal."""
        lines = [
            self.table,
            f"{self.version.name} version {self.version.version}, a list by rules, is the candidate",
        ]
        if self.n_labeled:
            lines.append(f"the outcome of {self.n_labeled} rows is known: try `earlywarn train` as well")
        return "\n".join(lines)


def start(
    model_dir: Path,
    workspace: Workspace,
    *,
    today: date,
    tracking_uri: str | None = None,
    progress: Progress = no_progress,
) -> Started:
    """Register the rules of the model declared in `model_dir` as candidate; no outcome is needed or used.

    Args:
        model_dir: The folder with `model.toml`; the network's own files lie above it.
        workspace: Holds the tables, and takes the run.
        today: Nothing known later is used.
        tracking_uri: An MLflow server; by default the workspace's own store.
        progress: Told after each step.

    Raises:
        BusyError: A training is at work in this workspace.
        TrainingError: No rule is declared, or one lacks its words or its feature.
    """
    declared = read_declarations(model_dir)
    spec = load_spec(model_dir / "model.toml")
    contract = load_contract(model_dir.parent / "contract.toml")
    _refuse_wordless(spec, model_dir)
    with locked(workspace, "train", owner=f"start {contract.network.name}/{spec.name}"):
        matrix = labeled_matrix(model_dir, workspace, contract, spec, today=today, progress=progress)
        roster = rules_roster(matrix, spec, network=contract.network.name)
        sheet = _sheet(matrix, spec, roster, contract.network.name, today)
        text = sheet.to_json()
        cards = card_files(text, spec.card.prose, GroupNames())
        table = rules_table(json.loads(text))
        write_cards(cards, workspace.model_reports(spec.name))
        with tempfile.TemporaryDirectory() as temporary:
            bundle = write_roster(
                Path(temporary) / "bundle", roster, declared, backtest=text, card=cards[CARD]
            )
            facts = {"today": today.isoformat(), "kind": RULES, "n_rules": str(len(sheet.rules))}
            record = RunRecord(
                experiment=f"{sheet.network}.{sheet.model}",
                model=f"{sheet.network}.{sheet.model}",
                params={**facts, **_digests(declared)},
                metrics={f"{RULES}/share/{one.name}": one.share for one in sheet.rules},
                tags={"network": sheet.network, "model": sheet.model, "kind": RULES},
                bundle=bundle,
                texts={**cards, "report.txt": table},
            )
            version = open_registry(workspace.mlflow, uri=tracking_uri).record(record)
    return Started(version, table, sheet.n_labeled)


def _digests(declared: Mapping[str, str]) -> dict[str, str]:
    return {f"sha256 {name}": sha256(text.encode("utf-8")).hexdigest() for name, text in declared.items()}


def write_roster(
    folder: Path, roster: RulesRoster, declared: Mapping[str, str], *, backtest: str, card: str
) -> Path:
    """Write a list by rules as a bundle, as training writes a model."""
    return write_bundle(
        folder,
        BundleParts(
            model=roster.model,
            calibrator=NoRisk(),
            details=roster.details,
            catalog=roster.catalog.to_json(),
            encoding=roster.encoding.to_json(),
            quantiles=roster.quantiles,
            backtest=backtest,
            card=card,
            declarations=declared,
        ),
    )


def _refuse_wordless(spec: ModelSpec, model_dir: Path) -> None:
    """Refuse a rule without words: staff read it as the reason."""
    wordless = [rule.name for rule in spec.rules if not (rule.fr.strip() and rule.en.strip())]
    if wordless:
        raise TrainingError(
            f"the rule '{wordless[0]}' has no words for those who read the list",
            where=str(model_dir / "model.toml"),
            todo="write its fr and en",
        )


def _sheet(matrix: Matrix, spec: ModelSpec, roster: RulesRoster, network: str, today: date) -> RulesSheet:
    n_rows = int(roster.enough.sum())
    rules = tuple(
        RuleSheet(
            name=rule.name,
            feature=rule.feature,
            above=rule.above,
            below=rule.below,
            words={"fr": rule.fr, "en": rule.en},
            n_met=n,
            share=n / n_rows,
        )
        for rule, n in zip(spec.rules, roster.n_met, strict=True)
    )
    return RulesSheet(
        network=network,
        model=spec.name,
        outcome={"fr": spec.outcome.fr, "en": spec.outcome.en},
        capacity_share=spec.capacity.share,
        capacity_per=spec.capacity.per,
        tie_rule=TIE_RULE,
        n_rows=n_rows,
        n_with_rule=roster.n_with_rule,
        n_labeled=int(is_known(matrix, spec.outcome, today).sum()),
        n_abstained=int((~roster.enough).sum()),
        moments=spec.as_of.names,
        periods=tuple(sorted({str(name) for name in matrix.rows["period"].to_pylist()})),
        rules=rules,
        abstention=roster.abstention,
    )
