"""`check` reads every declared file of a network and lists what to mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from earlywarn.errors import DeclarationError
from earlywarn.pipeline.check import check


@pytest.fixture
def network(project: Path, tmp_path: Path) -> Path:
    """Return a copy of the Québec network's folder."""
    return Path(shutil.copytree(project / "models" / "quebec", tmp_path / "quebec"))


@pytest.mark.parametrize("name", ["quebec", "oulad"])
def test_networks_of_the_project_hold_together(project: Path, name: str) -> None:
    """The declared networks have no problem."""
    assert "no problem" in check(project / "models" / name)


def test_problems_of_all_files_are_listed_with_their_lines(network: Path) -> None:
    """One run names the mistakes of mapping and models alike."""
    extracts, model = network / "extracts.toml", network / "dropout" / "model.toml"
    extracts.write_text(extracts.read_text().replace('school_id = "Code école"', 'site = "Code école"', 1))
    model.write_text(model.read_text().replace('"attendance"', '"attendence"'))

    with pytest.raises(DeclarationError) as refusal:
        check(network)

    named = {(Path(problem.path).name, problem.message) for problem in refusal.value.problems}
    assert ("extracts.toml", "the contract's table has no column 'site'") in named
    assert ("model.toml", "no indicator is of family 'attendence'") in named
    assert all(problem.line > 1 for problem in refusal.value.problems)


def test_contract_that_is_no_toml_is_named(network: Path) -> None:
    """A slip of the pen is found at its line."""
    (network / "contract.toml").write_text('[network]\nname = "x\n')

    with pytest.raises(DeclarationError, match=r"contract.toml:2: not valid TOML"):
        check(network)


def test_missing_network_is_named(tmp_path: Path) -> None:
    """A folder that is not there is named."""
    with pytest.raises(DeclarationError, match="there is no such file"):
        check(tmp_path / "nowhere")
