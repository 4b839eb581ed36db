# SPDX-License-Identifier: Apache-2.0
"""Hints in the source of the package: every way out that an error of it names."""

from __future__ import annotations

import ast
from pathlib import Path

ERRORS = {"ConfigError", "ModelError", "UnsupportedLayer", "UnsupportedQuantizer", "DoesNotFit"}
BETWEEN = "{}"  # stands for what a hint fills in


def texts(node: ast.expr, known: dict[str, list[str]]) -> list[str]:
    """Return the texts that an expression may be; a part that is filled in reads ``{}``."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    if isinstance(node, ast.JoinedStr):
        parts = [v.value if isinstance(v, ast.Constant) else BETWEEN for v in node.values]
        return ["".join(map(str, parts))]
    if isinstance(node, ast.BinOp):
        left, right = texts(node.left, known), texts(node.right, known)
        return [a + b for a in left for b in right]
    if isinstance(node, ast.IfExp):
        return texts(node.body, known) + texts(node.orelse, known)
    if isinstance(node, ast.Name) and node.id in known:
        return known[node.id]
    return []


def hints(root: Path, *folders: str) -> dict[str, str]:
    """Return every hint of the errors in some folders, and a place where it stands."""
    found: dict[str, str] = {}
    for folder in folders:
        for file in sorted((root / folder).rglob("*.py")):
            tree = ast.parse(file.read_text("utf-8"))
            known: dict[str, list[str]] = {}
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                    known.setdefault(node.targets[0].id, []).extend(texts(node.value, {}))
                elif isinstance(node, ast.FunctionDef) and not node.args.args:  # asked when read
                    said = [
                        n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value
                    ]
                    known.setdefault(node.name, []).extend(t for v in said for t in texts(v, {}))
            for node in ast.walk(tree):
                if isinstance(node, ast.Call) and (hint := _hint(node)) is not None:
                    place = f"{file.relative_to(root).as_posix()}:{node.lineno}"
                    found |= {text: place for text in texts(hint, known) if text}
    return found


def _hint(call: ast.Call) -> ast.expr | None:
    name = ast.unparse(call.func).split(".")[-1]
    if name == "refuse":
        return call.args[1] if len(call.args) > 1 else None
    if name not in ERRORS:
        return None
    named = next((k.value for k in call.keywords if k.arg == "hint"), None)
    return call.args[2] if len(call.args) > 2 else named
