"""The project keeps its own rules; each test is one of them."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

from earlywarn import errors

SOURCES = ("src", "api", "tests", "notebooks", "benchmarks", "docs")


def _tracked(project: Path, *patterns: str) -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--", *patterns], cwd=project, capture_output=True, text=True, check=True
    )
    return [project / line for line in listed.stdout.splitlines() if (project / line).is_file()]


def test_the_error_tree_equals_its_drawing() -> None:
    """The tree drawn in errors.py names every error below the one it derives from."""
    drawn: dict[str, str] = {}
    stack: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"^    ([│├└─ ]*)(\w+Error)$", line):
            depth = len(match.group(1)) // 4
            stack[depth:] = [match.group(2)]
            drawn[match.group(2)] = stack[depth - 1] if depth else "Exception"
    real = {
        name: kind.__bases__[0].__name__
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, errors.EarlywarnError)
    }

    assert real == drawn


def test_every_error_survives_a_process_border() -> None:
    """An error raised in a worker arrives with its fields."""
    import pickle

    before = errors.DeclarationError("broken", where="a.toml", problems=(errors.Problem("a.toml", 3, "no"),))

    after = pickle.loads(pickle.dumps(before))  # noqa: S301

    assert (str(after), after.where, after.problems) == ("a.toml:3: no", "a.toml", before.problems)


def test_no_file_is_over_400_lines(project: Path) -> None:
    """A file is one idea."""
    long = {
        str(path.relative_to(project)): count
        for path in _tracked(project, "src/*.py", "api/*.py", "tests/*.py", "notebooks/*.py")
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > 400
    }

    assert long == {}


def test_no_function_is_over_50_lines(project: Path) -> None:
    """A function fits on a screen."""
    long = []
    for path in _tracked(project, "src/*.py", "api/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                start = (
                    node.body[0].lineno if ast.get_docstring(node) is None else node.body[0].end_lineno or 0
                )
                if (node.end_lineno or 0) - start > 50:
                    long.append(f"{path.relative_to(project)}:{node.lineno} {node.name}")

    assert long == []


def test_locks_hold_hashes_and_no_address(project: Path) -> None:
    """Locks can be installed by plain pip from any mirror."""
    for path in project.glob("requirements*.txt"):
        text = path.read_text(encoding="utf-8")
        pinned = re.findall(r"^[a-z0-9][^\s]*==", text, flags=re.MULTILINE)

        assert "://" not in text
        assert pinned
        assert text.count("--hash=sha256:") >= len(pinned)


def test_no_network_is_named_in_the_sources(project: Path) -> None:
    """Connecting a network is a matter of TOML: the program knows none by name."""
    named = [
        str(path.relative_to(project))
        for path in _tracked(project, "src/*.py", "api/*.py")
        if re.search(r"oulad|studentvle|code_module", path.read_text(encoding="utf-8"), flags=re.IGNORECASE)
    ]

    assert named == []


def test_forbidden_words_about_people_are_nowhere(project: Path) -> None:
    """docs/language.md binds code, pages and cards."""
    words = (
        r"décrocheu(r|se)s?\b|élèves? à risque|at-risk student|high-risk student"
        r"|\bdebias|sans biais|va décrocher"
    )
    paths = _tracked(project, "src", "api", "models", "docs", "README.md")
    found = [
        str(path.relative_to(project))
        for path in paths
        if path.suffix in {".py", ".html", ".toml", ".md", ".po", ".json", ".css"}
        and path.name != "language.md"
        and re.search(words, path.read_text(encoding="utf-8"), flags=re.IGNORECASE)
    ]

    assert found == []


def test_help_loads_no_heavy_library() -> None:
    """`earlywarn --help` answers at once because the verbs import what they need when they run."""
    code = (
        "import sys\nfrom earlywarn import cli\n"
        "heavy = {'pandas','numpy','duckdb','pyarrow','lightgbm','mlflow','sklearn','sqlalchemy','fastapi'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )

    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_help_shows_every_verb_of_the_readme(project: Path) -> None:
    """What the README asks of the program is there."""
    from typer.testing import CliRunner

    from earlywarn.cli import app

    readme = (project / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^  ([a-z]+)\b", CliRunner().invoke(app, ["--help"]).output, flags=re.MULTILINE)

    assert {"synthesize", "demo", *re.findall(r"[$`] ?earlywarn ([a-z]+)", readme)} <= set(shown)


def test_the_readme_is_short_and_its_make_targets_exist(project: Path) -> None:
    """A README teaches by commands that run."""
    readme = (project / "README.md").read_text(encoding="utf-8")
    makefile = (project / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z-]+)", readme))

    assert len(readme.splitlines()) <= 150
    assert targets >= {"demo", "test"}
    assert {
        target for target in targets if not re.search(rf"^{target}:", makefile, flags=re.MULTILINE)
    } == set()
