"""Check every declared file of a network at once, and name the lines to mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

from earlywarn.declarations import Location, ProblemsError, declaration_error, read_declaration
from earlywarn.errors import DeclarationError, Problem
from earlywarn.features import (
    FeatureNames,
    Indicators,
    check_outcome,
    feature_names,
    fold_columns,
    load_indicators,
    without_condition,
)
from earlywarn.modeling import ModelSpec, load_spec
from earlywarn.tables import Contract, load_contract, load_extracts

Loaded = TypeVar("Loaded")
Located = tuple[Location, str]

_TRAINED = ("CARD.md", "backtest.json")


def check(network_dir: Path) -> str:
    """Return a sentence saying that the network's declarations hold together.

    Raises:
        DeclarationError: They do not; lists every problem of every file with its line.
    """
    problems: list[Problem] = []
    contract = _loaded(problems, network_dir / "contract.toml", load_contract)
    n_files = 1
    if contract is not None:
        n_files += _check_files(network_dir, contract, problems)
    if problems:
        raise DeclarationError(
            f"{len(problems)} problem(s)",
            where=str(network_dir),
            todo="mend the lines",
            problems=tuple(problems),
        )
    return f"{network_dir.name}: {n_files} declared files, no problem"


def _check_files(network_dir: Path, contract: Contract, problems: list[Problem]) -> int:
    _loaded(problems, network_dir / "extracts.toml", lambda path: load_extracts(path, contract))
    indicators = _indicators(network_dir / "indicators.toml", contract, problems)
    models = sorted(network_dir.glob("*/model.toml"))
    for path in models:
        spec = _loaded(problems, path, load_spec)
        if spec is not None:
            found = list(_spec_problems(spec, path.parent.name, contract, indicators))
            if found:
                problems += declaration_error(path, read_declaration(path), found).problems
    problems += _undeclared(network_dir)
    return 2 + len(models)


def _indicators(path: Path, contract: Contract, problems: list[Problem]) -> Indicators | None:
    """Return the indicators if their features can be named, too."""

    def load(path: Path) -> Indicators:
        indicators = load_indicators(path, contract)
        feature_names(contract, indicators)
        return indicators

    return _loaded(problems, path, load)


def _undeclared(network_dir: Path) -> Iterator[Problem]:
    """Find the folders that keep what a training left and no longer say what was trained."""
    for folder in sorted(path for path in network_dir.iterdir() if path.is_dir()):
        left = [name for name in _TRAINED if (folder / name).exists()]
        declared = folder / "model.toml"
        if left and not declared.exists():
            message = f"there is no such file beside {' and '.join(left)}; restore it or remove the folder"
            yield Problem(str(declared), 1, message)


def _loaded(problems: list[Problem], path: Path, load: Callable[[Path], Loaded]) -> Loaded | None:
    try:
        return load(path)
    except DeclarationError as error:
        problems += error.problems or (Problem(str(path), 1, error.what),)
        return None


def _spec_problems(
    spec: ModelSpec, folder: str, contract: Contract, indicators: Indicators | None
) -> Iterator[Located]:
    """Find what only the folder, the contract and the indicators can tell about a model."""
    if spec.name != folder:
        yield ("name",), f"the model is named '{spec.name}' and its folder '{folder}'; give both one name"
    yield from _population_problems(spec, contract)
    if indicators is not None:
        yield from _family_problems(spec, indicators)
        yield from _feature_problems(spec, contract, indicators)
    audited = {name for _, name in contract.sensitive_columns()}
    for group in spec.audit.groups:
        if group not in audited:
            yield ("audit", "groups"), f"no table has a sensitive column '{group}'"
    by, known = spec.splits.by, fold_columns(contract)
    if by is not None and by not in known:
        yield ("splits", "by"), f"folds cannot leave out groups of '{by}'; name one of {', '.join(known)}"


def _population_problems(spec: ModelSpec, contract: Contract) -> Iterator[Located]:
    """Find what is wrong with what is warned of, for whom and when."""
    try:
        check_outcome(spec.outcome, contract, spec.as_of.stages)
    except DeclarationError as error:
        cause = error.__cause__
        located = cause.problems if isinstance(cause, ProblemsError) else [((), error.what)]
        for location, message in located:
            yield ("outcome", *location), message
    try:
        spec.cohort.condition(contract)
    except DeclarationError as error:
        yield ("cohort", "where"), error.what
    try:
        without_condition(contract, spec.cohort)
    except DeclarationError as error:
        yield ("cohort", "without"), error.what
    stages = contract.network.stages
    if not contract.network.has_dates and not spec.as_of.stages:
        yield ("as_of",), f"the network has stages instead of dates: name some of {', '.join(stages)}"
    for stage in spec.as_of.stages:
        if stage not in stages:
            nearest = next(iter(get_close_matches(stage, stages, n=1)), None)
            yield ("as_of", "stages"), f"the network has no stage '{stage}'{_suggested(nearest)}"


def _family_problems(spec: ModelSpec, indicators: Indicators) -> Iterator[Located]:
    for family in _unknown_families(spec, indicators):
        yield ("features", "families"), f"no indicator is of family '{family}'"


def _unknown_families(spec: ModelSpec, indicators: Indicators) -> list[str]:
    known = {*indicators.families, "calendar"}
    return [family for family in spec.features.families if family not in known]


def _feature_problems(spec: ModelSpec, contract: Contract, indicators: Indicators) -> Iterator[Located]:
    """Find the features that are named and that the model's families do not give."""
    # A misspelled family would make each of its features unknown: its own line says enough.
    families = None if _unknown_families(spec, indicators) else spec.features.families
    given = feature_names(contract, indicators, families)
    network = feature_names(contract, indicators)
    named: list[tuple[Location, str]] = [
        (("rules", index, "feature"), rule.feature) for index, rule in enumerate(spec.rules)
    ]
    named += [(("scoring", "needs_any"), name) for name in spec.scoring.needs_any]
    for location, name in named:
        if name not in given:
            yield location, _not_given(name, given, network)


def _not_given(name: str, given: FeatureNames, network: FeatureNames) -> str:
    if name in network:
        return f"the feature '{name}' is of a family that [features] families does not name"
    return f"no indicator gives the feature '{name}'{_suggested(given.nearest(name))}"


def _suggested(nearest: str | None) -> str:
    return f"; did you mean '{nearest}'?" if nearest else ""
