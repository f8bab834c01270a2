"""Read declared TOML files, and say where each problem stands.

One job: text in, a checked value out, or every problem at once with its line. Knows no room's grammar.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from earlywarn.errors import DeclarationError, Problem

Location = Sequence[str | int]


class Declared(BaseModel):
    """A value read from TOML: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=BaseModel)


class ProblemsError(ValueError):
    """Several problems found by a model's own checks, each with the keys that lead to it."""

    def __init__(self, problems: list[tuple[Location, str]]) -> None:
        super().__init__("; ".join(message for _, message in problems))
        self.problems = problems


def load_declaration(path: Path, model: type[Model]) -> Model:
    """Read `path` as `model`.

    Raises:
        DeclarationError: The file is missing, is not TOML, or breaks the grammar; lists every problem.
    """
    text = read_declaration(path)
    document = _parse(path, text)
    try:
        return model.model_validate(document)
    except ValidationError as error:
        found = [item for detail in error.errors() for item in _located(dict(detail))]
    raise declaration_error(path, text, found)


def read_declaration(path: Path) -> str:
    """Return the text of a declared file."""
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        message = "there is no such file"
        raise DeclarationError(message, where=str(path), todo="check the name of the folder") from error
    except UnicodeDecodeError as error:
        message = "the file is not UTF-8"
        raise DeclarationError(message, where=str(path), todo="save it as UTF-8") from error


def declaration_error(path: Path, text: str, found: Sequence[tuple[Location, str]]) -> DeclarationError:
    """Turn located messages into one error that lists them by line."""
    problems = sorted(
        {Problem(str(path), line_of(text, location), message) for location, message in found},
        key=lambda problem: (problem.line, problem.message),
    )
    return DeclarationError(
        f"{len(problems)} problem(s)", where=str(path), todo="mend the lines", problems=tuple(problems)
    )


def _parse(path: Path, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        match = re.search(r"at line (\d+)", str(error))
        line = int(match.group(1)) if match else text.count("\n") + 1
        problem = Problem(str(path), line, f"not valid TOML: {error}")
        raise DeclarationError("not valid TOML", where=str(path), problems=(problem,)) from error


def _located(detail: dict[str, object]) -> list[tuple[Location, str]]:
    location = detail["loc"]
    assert isinstance(location, tuple)
    context = detail.get("ctx")
    cause = context.get("error") if isinstance(context, dict) else None
    if isinstance(cause, ProblemsError):
        return [((*location, *inner), message) for inner, message in cause.problems]
    if detail["type"] == "extra_forbidden":
        return [(location, f"unknown key '{location[-1]}'")]
    message = str(detail["msg"]).removeprefix("Value error, ")
    name = ".".join(str(part) for part in location)
    return [(location, f"{name}: {message}" if name else message)]


_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?$")
_KEY = re.compile(r"""^\s*((?:"[^"]*"|'[^']*'|[A-Za-z0-9_.\-]+)(?:\s*\.\s*[A-Za-z0-9_\-]+)*)\s*=""")


def line_of(text: str, location: Location) -> int:
    r"""Return the 1-based line where the keys of `location` stand, or the deepest of them that is written.

    >>> line_of('[a]\nb = 1\n[[c]]\nd = 2\n[[c]]\nd = 3\n', ("c", 1, "d"))
    6
    """
    wanted = tuple(location)
    best, depth = 1, 0
    counts: dict[tuple[str | int, ...], int] = {}
    table: tuple[str | int, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _indexed(_split(header.group(2)), counts, grows=header.group(1) == "[[")
            keys = table
        elif key := _KEY.match(line):
            keys = (*table, *_split(key.group(1)))
        else:
            continue
        common = _common(keys, wanted)
        # An inline table holds the rest of its keys on the same line.
        if common > depth and common in (len(keys), len(wanted)):
            best, depth = number, common
    return best


def _indexed(
    keys: tuple[str, ...], counts: dict[tuple[str | int, ...], int], *, grows: bool
) -> tuple[str | int, ...]:
    path: tuple[str | int, ...] = ()
    for position, key in enumerate(keys):
        path = (*path, key)
        if grows and position == len(keys) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path


def _split(dotted: str) -> tuple[str, ...]:
    parts = re.findall(r"\"[^\"]*\"|'[^']*'|[^.\s]+", dotted)
    return tuple(part.strip("\"'") for part in parts)


def _common(keys: tuple[str | int, ...], wanted: tuple[str | int, ...]) -> int:
    length = 0
    for mine, theirs in zip(keys, wanted, strict=False):
        if mine != theirs:
            break
        length += 1
    return length
