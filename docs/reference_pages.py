"""Write docs/model-toml.md and docs/indicators-toml.md from the grammars themselves.

`python docs/reference_pages.py` writes both anew. A key's meaning is the text below it in the source, so that
a key without one is seen here first.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from earlywarn.declarations import Declared
from earlywarn.features import Indicators
from earlywarn.modeling import ModelSpec

DOCS = Path(__file__).resolve().parent
INTROS = {
    "model-toml.md": (
        "# model.toml, key by key",
        "`models/<network>/<model>/model.toml` declares one model.",
        "It says what the model warns of, for whom, when, by which candidates, and what must hold first.",
        "`earlywarn check models/<network>` reads it and names every problem with its line.",
    ),
    "indicators-toml.md": (
        "# indicators.toml, key by key",
        "`models/<network>/indicators.toml` declares each indicator once.",
        "It says what is counted, over which windows, which way it pushes, whether staff can act on it.",
        "A sensitive column can be named by no indicator.",
    ),
}
BY = "This page is written by `docs/reference_pages.py` (`make pages`) from the grammar in the source."


def reference(root: type[Declared], name: str) -> str:
    """Return the page of a grammar: one section per table, in the order of the file."""
    lines = [INTROS[name][0], "", *INTROS[name][1:], BY]
    for path, model in _tables(root, ""):
        heading = _heading(path, model)
        lines += [
            "",
            f"## {heading}",
            "",
            _summary(model),
            "",
            "| key | what it takes | by default | meaning |",
        ]
        lines += ["|---|---|---|---|"]
        said = _meanings(model)
        for key, field in model.model_fields.items():
            lines.append(f"| `{key}` | {_kind(field)} | {_default(field)} | {said.get(key, '')} |")
    return "\n".join(lines) + "\n"


def _heading(path: str, model: type[Declared]) -> str:
    """Name a table as TOML does; where one of several forms is declared, by its form too."""
    if not path:
        return "Top of the file"
    name = (
        f"`[{path}]`" if not path.startswith("[") or path.endswith("]") else f"`{path[1:].replace(']', '')}`"
    )
    form = model.model_fields.get("form")
    return f"{name} with form = {_written(form.annotation)}" if form is not None else name


def _tables(model: type[Declared], path: str) -> list[tuple[str, type[Declared]]]:
    """Return a grammar's tables depth first, each with the path that TOML gives it."""
    found = [(path, model)]
    for key, field in model.model_fields.items():
        for one, is_many in _models(field.annotation):
            inner = f"{path}.{key}" if path else key
            found += _tables(one, f"[{inner}]" if is_many and not path else inner)
    return found


def _models(annotation: Any, *, is_many: bool = False) -> list[tuple[type[Declared], bool]]:
    if inspect.isclass(annotation) and issubclass(annotation, Declared):
        return [(annotation, is_many)]
    many = is_many or get_origin(annotation) in (tuple, list)
    return [found for part in get_args(annotation) for found in _models(part, is_many=many)]


def _summary(model: type[Declared]) -> str:
    text = inspect.getdoc(model) or ""
    return "\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def _meanings(model: type[Declared]) -> dict[str, str]:
    """Return the text below each key in the source, those of the classes above included."""
    found: dict[str, str] = {}
    for one in reversed(model.__mro__):
        if not (inspect.isclass(one) and issubclass(one, Declared)):
            continue
        body = ast.parse(textwrap.dedent(inspect.getsource(one))).body[0]
        assert isinstance(body, ast.ClassDef)  # noqa: S101 - the source of a class is a class
        for before, after in zip(body.body, body.body[1:], strict=False):
            if (
                isinstance(before, ast.AnnAssign)
                and isinstance(after, ast.Expr)
                and isinstance(before.target, ast.Name)
            ):
                text = ast.literal_eval(after.value)
                found[before.target.id] = " ".join(str(text).split())
    return found


def _kind(field: FieldInfo) -> str:
    return _written(field.annotation)


def _written(annotation: Any) -> str:
    """Write a type as whoever fills in TOML thinks of it."""
    plain = {str: "text", int: "whole number", float: "number", bool: "true or false", NoneType: ""}
    if annotation in plain:
        return plain[annotation]
    if inspect.isclass(annotation) and issubclass(annotation, Declared):
        return "a table"
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return ", ".join(f'`"{one}"`' for one in parts)
    if origin in (tuple, list):
        inner = sorted({_written(part) for part in parts if part is not Ellipsis and part != ()})
        return f"list of: {' or '.join(inner)}"
    either = list(dict.fromkeys(_written(part) for part in parts))
    return " or ".join(one for one in either if one) or "text"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    if value is None or value == ():
        return "none"
    if isinstance(value, Declared):
        return "its own defaults"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)}`".replace("'", '"')
    return f'`"{value}"`' if isinstance(value, str) else f"`{value}`"


def main() -> None:
    """Write both pages."""
    for name, root in (("model-toml.md", ModelSpec), ("indicators-toml.md", Indicators)):
        (DOCS / name).write_text(reference(root, name), encoding="utf-8")


if __name__ == "__main__":
    main()
