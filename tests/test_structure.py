# SPDX-License-Identifier: Apache-2.0
"""House rules about functions: few parameters, typed results, one way to report progress."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

MOST = 8  # parameters of a function; more are a settings dataclass
Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(tree: ast.AST, public: bool = True) -> Iterator[tuple[Function, bool]]:
    """Yield every function, and whether it can be called from elsewhere."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, Function):
            open_ = public and (not node.name.startswith("_") or node.name.startswith("__"))
            yield node, open_
            yield from functions(node, public=False)  # what lies inside one is its own
        elif isinstance(node, ast.ClassDef):
            yield from functions(node, public and not node.name.startswith("_"))
        else:
            yield from functions(node, public)


def breaches(source: str) -> list[str]:
    """Return what the functions of a file do against the rules."""
    found = []
    for function, public in functions(ast.parse(source)):
        given = function.args
        names = [arg.arg for arg in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        where = f"{function.name} (line {function.lineno})"
        if len(names) > MOST:
            found.append(f"{where} has {len(names)} parameters")
        if "say" in names:
            found.append(f"{where} reports to 'say', not to 'progress'")
        returned = ast.unparse(function.returns) if function.returns else ""
        if public and "dict[str, Any]" in returned:
            found.append(f"{where} returns {returned}")
    return found


def test_functions_keep_the_rules(root: Path) -> None:
    files = sorted((root / "hwgen").rglob("*.py"))
    assert len(files) > 100
    found = {
        file.relative_to(root).as_posix(): said
        for file in files
        if (said := breaches(file.read_text("utf-8")))
    }
    assert found == {}


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("def f(a, b, c, d, e, f, g, h, i): ...", 1),
        ("def f(a, b, c, d, *, e, f, g, h, i): ...", 1),
        ("def f(a, b, c, d, e, f, g, h, **more): ...", 0),
        ("def f() -> dict[str, Any]: ...", 1),
        ("def f() -> tuple[dict[str, Any], str]: ...", 1),
        ("class A:\n    def f(self) -> dict[str, Any]: ...", 1),
        ("class _A:\n    def f(self) -> dict[str, Any]: ...", 0),
        ("def _f() -> dict[str, Any]: ...", 0),
        ("def f() -> None:\n    def g() -> dict[str, Any]: ...", 0),
        ("def f() -> dict[str, object]: ...", 0),
        ("def _f(say): ...", 1),
    ],
)
def test_a_breach_is_found(source: str, count: int) -> None:
    assert len(breaches(source)) == count


def unnamed(source: str) -> list[str]:
    """Return the docstrings that do not begin with the name of a thing."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = (node for node in ast.walk(ast.parse(source)) if isinstance(node, documented))
    texts = (ast.get_docstring(node) or "" for node in nodes)
    return [text for text in texts if text.split(" ")[0] in ("What", "Where", "How")]


def test_docstrings_name_the_thing_first(root: Path) -> None:
    files = [*(root / "hwgen").rglob("*.py"), *(root / "sim").rglob("*.py")]
    found = {file.name: texts for file in files if (texts := unnamed(file.read_text("utf-8")))}
    assert found == {}
    assert unnamed('"""How it is."""') == ["How it is."]


def test_modules_import_public_names_of_each_other(root: Path) -> None:
    files = sorted((root / "hwgen").rglob("*.py"))
    found = {file.name: said for file in files if (said := private(file.read_text("utf-8")))}
    assert found == {}
    assert private("from hwgen.api.load import _checked, load") == ["hwgen.api.load._checked"]
    assert private("from hwgen import __version__") == []


def private(source: str) -> list[str]:
    """Return the private names that a file imports from other modules of the package."""
    return [
        f"{node.module}.{alias.name}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("hwgen")
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]


# A number in braces and a noun in the plural: wrong for one, so `errors.count_of` says it.
PLURAL = re.compile(
    r"\{(?:len\([^{}]*\)|count|lost|dropped|zeros|cycles|total|wrong|bad)(?::,)?\} "
    r"(?:\w+ )?(?:weights|masks|layers|nodes|samples|values|cycles|channels|inputs|outputs|edges"
    r"|tensors|figures|points|designs|maps|problems|kernels|positions|adders|axes|integers)\b"
)
# Never one: said where more than one was asked for, or in the text of RTL and C++.
MANY = (
    *("hwgen/emit/", "hwgen/design/check.py", "hwgen/interop/", "hwgen/train/", "hwgen/logic/"),
    *("hwgen/synth/board/selftest", "hwgen/frontends/exact/builder.py"),
)


def test_messages_count_in_words(root: Path) -> None:
    found = {
        file.relative_to(root).as_posix(): said
        for file in sorted((root / "hwgen").rglob("*.py"))
        if not file.relative_to(root).as_posix().startswith(MANY)
        and (said := [m[0] for m in PLURAL.finditer(file.read_text("utf-8"))])
    }
    assert found == {}
    assert PLURAL.search("{len(masks)} pruning masks are stored")
