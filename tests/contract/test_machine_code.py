"""Machine code that a compiler keeps on the disk is made of one file alone."""

from __future__ import annotations

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "earlywarn"


def _is_compiled(function: ast.FunctionDef) -> bool:
    return any("njit" in ast.unparse(one) for one in function.decorator_list)


def test_compiled_functions_use_nothing_of_other_files() -> None:
    """A compiler's cache sees that a file changed, not that another did: it would run what was."""
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        compiled = [function for function in functions if _is_compiled(function)]
        if not compiled:
            continue
        ours = {
            alias.asname or alias.name
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("earlywarn")
            for alias in node.names
        }
        used = {
            node.id
            for function in compiled
            for statement in function.body
            for node in ast.walk(statement)
            if isinstance(node, ast.Name)
        }
        found[path.name] = sorted(used & ours)

    assert len(found) >= 3
    assert {name: names for name, names in found.items() if names} == {}
