"""What a contract without dates may say, and what would tell early what is known late."""

from __future__ import annotations

from pathlib import Path

import pytest

from earlywarn.errors import DeclarationError
from earlywarn.tables import load_contract
from tests.builders.intake import CONTRACT as DATED
from tests.builders.stages import CONTRACT


def _messages(tmp_path: Path, text: str) -> list[str]:
    path = tmp_path / "contract.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DeclarationError) as refusal:
        load_contract(path)
    return [problem.message for problem in refusal.value.problems]


def test_stages_stand_without_dates_and_periods(tmp_path: Path) -> None:
    """The tiny staged network has neither."""
    path = tmp_path / "contract.toml"
    path.write_text(CONTRACT, encoding="utf-8")

    network = load_contract(path).network

    assert not network.has_dates
    assert (network.starts_on, network.left_on) == ("", "")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'stages = ["start", "middle", "end"]\n',
            "",
            "give periods, or stages where",
        ),
        ('school = "school"\n', 'school = "school"\nleft_on = "left"\n', "has stages and no dates"),
        ('known_on = "always"', 'known_on = "seen_on"', 'known_on = "always", and a stage per column'),
        ("motivation = {", 'motivation = { known_on = "seen_on", ', "give a stage"),
        ('stage = "middle", derive', "derive", "'mark' is known from stage 'middle' on"),
        (
            'stage = "end" }\npassed',
            'stage = "end" }\nhigh = { type = "boolean", derive = "final > 12", stage = "middle" }\npassed',
            "'final' is known from stage 'end' on",
        ),
        (
            "motivation = {",
            'early = { type = "number", default = "final" }\nmotivation = {',
            "'final' is known from stage 'end' on",
        ),
        ('school = { type = "id"', 'school = { stage = "middle", type = "id"', "cannot wait for a stage"),
    ],
)
def test_what_needs_days_or_tells_early_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    """Each is named where it stands."""
    text = CONTRACT.replace("final = {", 'seen_on = { type = "date" }\nfinal = {', 1)

    found = _messages(tmp_path, text.replace(old, new, 1))

    assert [one for one in found if message in one]


def test_a_dated_network_names_when_a_stay_starts(tmp_path: Path) -> None:
    """Periods ask for the two dates of the membership."""
    text = DATED.replace('starts_on = "starts_on"\n', "", 1)

    assert "starts_on is missing: name a date of the membership" in _messages(tmp_path, text)


def test_what_derives_from_a_revealed_column_is_revealed_too(tmp_path: Path) -> None:
    """The days of a stay would tell on its first day when it ends."""
    left_on = 'left_on = { type = "date", known_on = "left_on" }'
    stay = 'stay_days = { type = "integer", derive = "left_on - starts_on"'

    early = DATED.replace(left_on, f"{left_on}\n{stay} }}")

    assert _messages(tmp_path, early) == [
        "'left_on' is known on 'left_on' only, so what is made from it needs a known_on"
    ]
    late = tmp_path / "late.toml"
    late.write_text(DATED.replace(left_on, f'{left_on}\n{stay}, known_on = "left_on" }}'), encoding="utf-8")
    assert "stay_days" in load_contract(late).reveals("enrollments")
