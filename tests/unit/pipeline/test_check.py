"""`check` reads every declared file of a network and lists what to mend."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from earlywarn.errors import DeclarationError, Problem
from earlywarn.pipeline.check import check

CODE = """
[[indicator]]
name = "last_school"
family = "conduct"
table = "enrollments"
value = "school_id"
functions = ["one_of"]
windows = ["all"]
direction = "none"
[indicator.text]
fr = "école : {code}"
en = "school: {code}"
"""


@pytest.fixture
def network(project: Path, tmp_path: Path) -> Path:
    """Return a copy of the Québec network's folder."""
    return Path(shutil.copytree(project / "models" / "quebec", tmp_path / "quebec"))


def change(path: Path, old: str, new: str) -> int:
    """Replace the first `old` of a file, and return the line where it stood."""
    before, found, after = path.read_text(encoding="utf-8").partition(old)
    assert found, f"{path.name} holds no {old}"
    path.write_text(before + new + after, encoding="utf-8")
    return before.count("\n") + 1


def only_problem(network: Path) -> Problem:
    """Return the one problem that `check` finds."""
    with pytest.raises(DeclarationError) as refusal:
        check(network)
    (problem,) = refusal.value.problems
    return problem


@pytest.mark.parametrize("name", ["quebec", "oulad", "uci320", "uci697", "star"])
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


def test_rule_on_an_unknown_feature_is_found(network: Path) -> None:
    """A rule's misspelled feature is named at its line, with the nearest that there is."""
    model = network / "dropout" / "model.toml"
    line = change(
        model, 'feature = "suspension_days__sum__period"', 'feature = "suspension_day__sum__period"'
    )

    message = (
        "no indicator gives the feature 'suspension_day__sum__period'; "
        "did you mean 'suspension_days__sum__period'?"
    )
    assert only_problem(network) == Problem(str(model), line, message)


def test_rule_on_a_family_that_the_model_leaves_out_is_found(network: Path) -> None:
    """A feature that exists, but in no family of the model, is told apart from a misspelling."""
    model = network / "dropout" / "model.toml"
    change(model, '"conduct", ', "")

    problem = only_problem(network)

    assert problem.line == model.read_text().split('"suspension_days__sum__period"')[0].count("\n") + 1
    assert problem.message == (
        "the feature 'suspension_days__sum__period' is of a family that [features] families does not name"
    )


def test_misspelled_family_is_said_once(network: Path) -> None:
    """The features of a misspelled family are not listed one by one beside it."""
    change(network / "dropout" / "model.toml", '"conduct"', '"conducts"')

    assert only_problem(network).message == "no indicator is of family 'conducts'"


def test_needed_feature_that_is_unknown_is_found(network: Path) -> None:
    """What scoring needs must be a feature of the model."""
    model = network / "difficulty" / "model.toml"
    change(model, '"mark_mean__mean__period"', '"marks_mean__mean__period"')
    line = change(model, "needs_any", "needs_any")

    message = (
        "no indicator gives the feature 'marks_mean__mean__period'; did you mean 'mark_mean__mean__period'?"
    )
    assert only_problem(network) == Problem(str(model), line, message)


def test_level_of_a_code_that_training_fits_may_be_named(network: Path) -> None:
    """Codes without declared levels have no names yet, so that only their beginning is checked."""
    with (network / "indicators.toml").open("a", encoding="utf-8") as indicators:
        indicators.write(CODE)
    model = network / "dropout" / "model.toml"
    change(model, '"suspension_days__sum__period"', '"last_school__one_of__all__s_101"')
    assert "no problem" in check(network)

    line = change(model, '"last_school__one_of__all__s_101"', '"last_school__one_of__all"')

    problem = only_problem(network)
    assert problem.line == line
    assert problem.message.endswith("did you mean 'last_school__one_of__all__other'?")


def test_model_that_is_not_named_as_its_folder_is_found(network: Path) -> None:
    """Commands name the folder and bundles the model: they must be one name."""
    model = network / "dropout" / "model.toml"
    line = change(model, 'name = "dropout"', 'name = "leaving"')

    message = "the model is named 'leaving' and its folder 'dropout'; give both one name"
    assert only_problem(network) == Problem(str(model), line, message)


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ("{values} {window}", "nothing fills '{values}'; a text may use "),
        ("{value} {a|b|c} {window}", "nothing fills '{a|b|c}'; a text may use "),
        ("{value} {} {window}", "nothing fills '{}'; a text may use "),
        ("{value {window}", "a brace of the text has no partner"),
        ("value} {window}", "a brace of the text has no partner"),
    ],
)
def test_placeholder_that_nothing_fills_is_found(network: Path, written: str, message: str) -> None:
    """A text that would show its braces to people is refused at its line."""
    indicators = network / "indicators.toml"
    line = change(indicators, 'en = "{value} {day|days} of suspension {window}"', f'en = "{written}"')

    problem = only_problem(network)

    assert (problem.path, problem.line) == (str(indicators), line)
    assert problem.message.startswith(message)


def test_every_allowed_placeholder_passes(network: Path) -> None:
    """A text may use each name that is filled, and a form for one and for many."""
    written = "{value} {window} {own_past} {peers} {column} {code} day{|s} {day|days}"
    change(network / "indicators.toml", "{value} {day|days} of suspension {window}", written)

    assert "no problem" in check(network)


@pytest.mark.parametrize("kept", ["CARD.md", "backtest.json"])
def test_outcome_folder_without_a_declaration_is_found(network: Path, kept: str) -> None:
    """What a training left, without the declaration of its model, is named."""
    folder = network / "dropout"
    for path in folder.iterdir():
        if path.name != kept:
            path.unlink()

    message = f"there is no such file beside {kept}; restore it or remove the folder"
    assert only_problem(network) == Problem(str(folder / "model.toml"), 1, message)


def test_folder_that_is_no_outcome_passes(network: Path) -> None:
    """A folder of anything else is nobody's mistake."""
    (network / "notes").mkdir()
    (network / "notes" / "minutes.md").write_text("")

    assert "no problem" in check(network)


def test_rule_of_leaving_out_that_reads_what_is_not_there_is_found(network: Path) -> None:
    """The table and the condition of [cohort.without] are checked, at their own line."""
    text = '[cohort.without]\ntable = "marks"\nwhere = "points < 3"\nfr = "f"\nen = "e"\n'
    path = network / "dropout" / "model.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    problem = only_problem(network)

    assert "names `points`, which is not a readable column of the table" in problem.message
    assert path.read_text(encoding="utf-8").splitlines()[problem.line - 1] == "[cohort.without]"


def test_unknown_stage_is_found(network: Path) -> None:
    """A model is looked at on stages of the network only."""
    change(
        network / "contract.toml", 'timezone = "America/Toronto"', 'stages = ["first_term", "second_term"]'
    )
    model = network / "dropout" / "model.toml"
    line = change(model, 'dates = ["10-15", "11-20", "03-15"]', 'stages = ["first_term", "secnd_term"]')

    message = "the network has no stage 'secnd_term'; did you mean 'second_term'?"
    assert only_problem(network) == Problem(str(model), line, message)


def test_days_are_no_moments_of_a_network_of_stages(project: Path, tmp_path: Path) -> None:
    """Where there are no dates, a model names stages."""
    network = Path(shutil.copytree(project / "models" / "uci320", tmp_path / "uci320"))
    shutil.rmtree(network / "fail_portuguese")
    model = network / "fail" / "model.toml"
    line = change(model, 'stages = ["start", "first_grade", "second_grade"]', 'dates = ["10-15"]')

    problem = only_problem(network)

    assert problem.line == line - 1
    assert problem.message.startswith("the network has stages instead of dates: name some of start, ")


def test_an_outcome_that_a_stage_knows_already_is_found(project: Path, tmp_path: Path) -> None:
    """Whoever looks at the end sees the final grade."""
    network = Path(shutil.copytree(project / "models" / "uci320", tmp_path / "uci320"))
    model = network / "fail" / "model.toml"
    change(model, '"second_grade"]', '"second_grade", "end"]')

    problem = only_problem(network)

    assert problem.message == "the outcome is known at stage 'end' already; give its column a later stage"


@pytest.mark.parametrize("by", ["sex", "shool"])
def test_folds_by_a_sensitive_or_unknown_column_are_found(network: Path, by: str) -> None:
    """Folds decide which model is chosen, so that a sensitive column never makes them."""
    model = network / "dropout" / "model.toml"
    line = change(model, 'test = "latest"', f'by = "{by}"')

    problem = only_problem(network)

    assert problem.line == line
    assert problem.message.startswith(
        f"folds cannot leave out groups of '{by}'; name one of school, student, "
    )


def test_two_features_of_one_name_are_found(network: Path) -> None:
    """Codes whose names are alike cannot be told apart as features."""
    change(network / "contract.toml", '"minor", "major"', '"minor", "Minor", "major"')
    indicators = network / "indicators.toml"
    code = CODE.replace("enrollments", "incidents").replace("school_id", "severity")
    indicators.write_text(indicators.read_text(encoding="utf-8") + code, encoding="utf-8")

    problem = only_problem(network)

    assert problem.path == str(indicators)
    assert problem.message == "two features are named 'last_school__one_of__all__minor'"
