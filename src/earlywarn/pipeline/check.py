"""Check every declared file of a network at once, and name the lines to mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from earlywarn.declarations import Location, ProblemsError, declaration_error, read_declaration
from earlywarn.errors import DeclarationError, Problem
from earlywarn.features import Indicators, check_outcome, load_indicators
from earlywarn.modeling import ModelSpec, load_spec
from earlywarn.tables import Contract, load_contract, load_extracts

Loaded = TypeVar("Loaded")


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
    indicators = _loaded(
        problems, network_dir / "indicators.toml", lambda path: load_indicators(path, contract)
    )
    models = sorted(network_dir.glob("*/model.toml"))
    for path in models:
        spec = _loaded(problems, path, load_spec)
        if spec is not None:
            found = list(_spec_problems(spec, contract, indicators))
            if found:
                problems += declaration_error(path, read_declaration(path), found).problems
    return 2 + len(models)


def _loaded(problems: list[Problem], path: Path, load: Callable[[Path], Loaded]) -> Loaded | None:
    try:
        return load(path)
    except DeclarationError as error:
        problems += error.problems or (Problem(str(path), 1, error.what),)
        return None


def _spec_problems(
    spec: ModelSpec, contract: Contract, indicators: Indicators | None
) -> Iterator[tuple[Location, str]]:
    """Find what only the contract and the indicators can tell about a model."""
    try:
        check_outcome(spec.outcome, contract)
    except DeclarationError as error:
        cause = error.__cause__
        located = cause.problems if isinstance(cause, ProblemsError) else [((), error.what)]
        for location, message in located:
            yield ("outcome", *location), message
    try:
        spec.cohort.condition(contract)
    except DeclarationError as error:
        yield ("cohort", "where"), error.what
    known = {indicator.family for indicator in indicators.indicator} if indicators else None
    if known is not None:
        for family in spec.features.families:
            if family not in {*known, "calendar"}:
                yield ("features", "families"), f"no indicator is of family '{family}'"
    audited = {name for _, name in contract.sensitive_columns()}
    for group in spec.audit.groups:
        if group not in audited:
            yield ("audit", "groups"), f"no table has a sensitive column '{group}'"
