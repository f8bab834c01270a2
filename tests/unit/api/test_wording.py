"""Every sentence is French first, typographically clean, and has its English."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.pages.demonstration import LABELS
from api.pages.evidence import LABELS as EVIDENCE
from api.pages.quality import TO_SETTLE
from api.pages.routes import MINE, SCHOOL
from api.problems import KINDS
from api.shaping import BY_RULES, CONTEST, CONTEST_AT, DECISION_SUPPORT, NOT_SCORED
from api.wording import ENGLISH

API = Path(__file__).resolve().parents[3] / "api"
SAYS = {"say", "translate", "t"}


def said_in_templates() -> Iterator[str]:
    """Yield every sentence that a template shows."""
    for path in (API / "pages" / "templates").glob("*.html"):
        yield from re.findall(r"""t\((?:"([^"]*)"|'[^']*')""", path.read_text(encoding="utf-8"))
        yield from re.findall(r"""t\('([^']*)'""", path.read_text(encoding="utf-8"))


def said_in_code() -> Iterator[str]:
    """Yield every sentence that the code hands to a translation or a problem."""
    for path in API.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in SAYS or name == "ProblemError":
                yield from (
                    part.value
                    for argument in node.args
                    for part in ast.walk(argument)
                    if isinstance(part, ast.Constant) and isinstance(part.value, str)
                )


def said_in_constants() -> Iterator[str]:
    """Yield the sentences that are named before they are said."""
    yield from (kind.title for kind in KINDS)
    yield from (part for pair in LABELS.values() for part in pair)
    yield from EVIDENCE.values()
    yield from (BY_RULES, CONTEST, CONTEST_AT, DECISION_SUPPORT, NOT_SCORED, SCHOOL, *MINE, *TO_SETTLE)


def all_said() -> set[str]:
    """Return every sentence of the service."""
    said = {*said_in_templates(), *said_in_code(), *said_in_constants()}
    return {sentence for sentence in said if sentence}


def test_every_sentence_has_its_english() -> None:
    """Nothing that is shown stays French on an English page."""
    codes = {"teacher", "principal", "fr", "en"}

    assert sorted(all_said() - set(ENGLISH) - codes) == []


def test_no_english_is_left_over() -> None:
    """What is no longer said is no longer translated."""
    code = "".join(
        path.read_text(encoding="utf-8") for path in API.rglob("*.py") if path.name != "wording.py"
    )

    assert sorted(french for french in set(ENGLISH) - all_said() if french not in code) == []


def test_places_are_the_same_in_both_languages() -> None:
    """A sentence's named places are filled in either language."""
    places = {french: (_places(french), _places(english)) for french, english in ENGLISH.items()}

    assert [french for french, (one, other) in places.items() if one != other] == []


@pytest.mark.parametrize("french", sorted(ENGLISH))
def test_french_is_set_as_in_print(french: str) -> None:
    """No-break spaces before a colon and inside guillemets, typographic apostrophes, no straight quotes."""
    assert not re.search(r" [:»%]|« |'|\"| \?| !", french)


@pytest.mark.parametrize("french", sorted(ENGLISH))
def test_no_word_labels_a_child(french: str) -> None:
    """The words of docs/language.md that label a student appear in neither language."""
    banned = r"décrocheu|à risque|at.risk|high.risk|prédiction|prediction|will drop|va décrocher"

    assert not re.search(banned, f"{french} {ENGLISH[french]}", re.IGNORECASE)


def _places(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))
