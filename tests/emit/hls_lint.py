# SPDX-License-Identifier: Apache-2.0
"""Lint of synthesizable C++: what Vitis HLS and its kin refuse, or what the dialect leaves out."""

from __future__ import annotations

import re

# What is wrong, by a pattern that finds it in code without comments and texts.
_REFUSED = {
    "dynamic memory": r"\b(new|delete|malloc|calloc|realloc|free|alloca)\b",
    "the standard library": r"\bstd\s*::|#\s*include\s*<(?!ap_int\.h>|ac_int\.h>)",
    "a virtual function": r"\bvirtual\b",
    "an exception": r"\b(try|catch|throw)\b",
    "run-time type information": r"\b(typeid|dynamic_cast)\b",
    "a pointer cast": r"\breinterpret_cast\b|\(\s*\w+\s*\*\s*\)",
    "a pointer to a pointer": r"\*\s*\*\s*\w+\s*[,)=;\[]",
    "a pointer to a function": r"\(\s*\*\s*\w+\s*\)\s*\(",
    "a jump": r"\bgoto\b|\bsetjmp\b|\blongjmp\b",
    "assembler": r"\b(asm|__asm__)\b",
    "a thread": r"\b(thread_local|pthread_\w+|atomic)\b",
    "floating point": r"\b(float|double)\b|\b\d+\.\d+",
    "a loop without a counter": r"\b(while|do)\b",
    "a pragma that is no macro": r"#\s*pragma\b",
    "C++14 or later": (
        r"\bif\s+constexpr\b|\bdecltype\s*\(\s*auto\b|\bauto\b|\binline\s+(constexpr|static\s+const)"
        r"|\b(concept|requires|co_await)\b|\[[&=\w, ]*\]\s*\([^)]*\)\s*\{|\b0b[01]+|\d'\d"
    ),
    "a variable of the whole program": (
        r"^(?:static\s+)?(?!const|static const|typedef|using|struct|template|void|inline|namespace"
        r"|enum|HWG_|return|__extension__ typedef)\w[\w:<>, ]*\s+\w+\s*(?:=[^;(]*)?;"
    ),
}
_LOOP = re.compile(r"\bfor\s*\(([^;]*);([^;]*);([^)]*)\)")
_FUNCTION = re.compile(r"(?:void|\w+>?&?)\s+(\w+)\s*\(([^;{}]*)\)\s*\{")


def problems(source: str) -> list[str]:
    """Return what an HLS tool, or this project's dialect, refuses in a source."""
    text = _code(source)
    found = [what for what, pattern in _REFUSED.items() if re.search(pattern, text, re.M)]
    for start, end, step in _LOOP.findall(text):
        bound = re.fullmatch(r"\s*\w+\s*<\s*([\w\s*/+()-]+)", end)
        words = re.findall(r"\w+", bound[1]) if bound else [""]
        if not all(word.isdecimal() or word[:1].isupper() for word in words):
            found.append(f"a loop whose bound is no constant: {end.strip()}")
        if not re.fullmatch(r"\s*(int|unsigned)\s+\w+\s*=\s*0\s*", start):
            found.append(f"a loop that does not begin at 0: {start.strip()}")
        if not re.fullmatch(r"\s*\+\+\w+\s*", step):
            found.append(f"a loop that does not count by one: {step.strip()}")
    found += [f"recursion of {name}" for name in _recursive(text)]
    return found


def _code(source: str) -> str:
    """Return a source without comments and the contents of texts."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", source, flags=re.S)
    return re.sub(r'"[^"\n]*"', '""', text)


def _recursive(text: str) -> list[str]:
    """Return functions that reach themselves."""
    calls: dict[str, set[str]] = {}
    heads = list(_FUNCTION.finditer(text))
    names = {head[1] for head in heads} - {"if", "for", "switch", "of"}
    for head in heads:
        depth, at = 1, head.end()
        while depth and at < len(text):
            depth += {"{": 1, "}": -1}.get(text[at], 0)
            at += 1
        body = text[head.end() : at]
        calls.setdefault(head[1], set()).update(
            name for name in names if re.search(rf"\b{name}\s*\(", body)
        )
    found = []
    for name in sorted(names):
        seen, todo = set[str](), [name]
        while todo:
            for other in calls.get(todo.pop(), set()) - seen:
                seen.add(other)
                todo.append(other)
        if name in seen:
            found.append(name)
    return found
