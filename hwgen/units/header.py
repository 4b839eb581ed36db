# SPDX-License-Identifier: Apache-2.0
"""Reader of RTL headers: the facts of a hand-written unit, taken from its source.

A unit is one file of ``rtl/`` in the dialect of docs/dialect.md. From ``rtl/stream/hwg_fifo.sv``
comes a `Unit` with its parameters (``Width`` and ``Depth``, each an ``int`` of at least 1, because
the module refuses less at elaboration), its ports in order, and the units it instantiates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from hwgen import paths
from hwgen.errors import HwgenError

_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/', re.S)
_STRING = re.compile(r'"(?:\\.|[^"\\\n])*"')
_RANGE = re.compile(r"\[[^\]]*\]")
_PARAMETER = re.compile(
    r"(?:(?P<word>parameter|localparam)\s+(?P<kind>int|logic(?:\s+signed)?(?:\s*\[[^\]]*\])*)\s*)?"
    r"\b(?P<name>[A-Za-z_]\w*)\s*=\s*(?P<default>.+)",
    re.S,
)
_PORT = re.compile(
    r"(?:(?P<direction>input\s+wire|output)\s+logic(?:\s+signed)?\s*(?P<width>(?:\[[^\]]*\]\s*)*))?"
    r"\b(?P<name>[A-Za-z_]\w*)",
    re.S,
)
_IF = re.compile(r"(\belse\s+)?\bif\s*\(")
_REFUSES = re.compile(r"\s*(?:begin\b(?:\s*:\s*\w+)?)?\s*initial\s+\$fatal\b")
_LIMIT = re.compile(r"(\w+)\s*(<|<=|>|>=|!=)\s*(-?\d+)")
_NESTING = re.compile(r"\b(begin|end)\b")
_INSTANCE = re.compile(r"\b(hwg_\w+)\s*(#\s*\(|\w+\s*\()")


@dataclass(frozen=True)
class Parameter:
    """A parameter of a unit.

    Attributes:
        name: as in the module, such as ``InWidth``.
        kind: its type, such as ``int`` or ``logic signed [OutWidth:0]``.
        default: the text of its default, such as ``8`` or ``'0``.
        least, most: limits that the module checks at elaboration; None where it checks none.
    """

    name: str
    kind: str
    default: str
    least: int | None = None
    most: int | None = None

    @property
    def vector(self) -> bool:
        """Whether it is a constant vector, whose width may depend on other parameters."""
        return self.kind != "int"


@dataclass(frozen=True)
class Port:
    """A port of a unit.

    Attributes:
        name: with its suffix, such as ``in_data_i``.
        direction: ``input`` or ``output``.
        width: the text of its range, such as ``[Width-1:0]``; empty for a single bit.
    """

    name: str
    direction: str
    width: str = ""


@dataclass(frozen=True)
class Unit:
    """A hand-written unit, as its header states it.

    Attributes:
        module: its name; the file is named alike.
        folder: its subject, the folder below rtl/: ``arith``, ``stream``.
        parameters: in the order of the header, without local ones.
        ports: in the order of the header.
        uses: units that it instantiates itself, by first appearance.
    """

    module: str
    folder: str
    parameters: tuple[Parameter, ...]
    ports: tuple[Port, ...]
    uses: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        """Path below rtl/."""
        return f"{self.folder}/{self.module}.sv"

    @property
    def path(self) -> Path:
        """Path of the source that ships."""
        return paths.rtl() / self.file


def read_header(text: str, file: str) -> Unit:
    """Read the header of a unit.

    Args:
        text: the SystemVerilog source.
        file: its path below rtl/, such as ``stream/hwg_fifo.sv``.

    Raises:
        HwgenError: the source is not one module of the dialect, named like its file.
    """
    folder, _, name = file.rpartition("/")
    module = name.removesuffix(".sv")
    code = _COMMENT.sub(lambda match: match[1] or " ", text)
    heads = re.findall(r"\bmodule\s+(\w+)", _STRING.sub('""', code))
    if heads != [module]:
        raise _refusal(file, f"modules {', '.join(heads) or 'none'} instead of one named {module}")
    at = _after(code, r"\bmodule\s+\w+\s*", file)
    parameters: tuple[Parameter, ...] = ()
    if code[at] == "#":
        at = _after(code, r"#\s*", file, at)
        inside, at = _parenthesised(code, at, file)
        parameters = tuple(_parameters(inside, file))
        at = _after(code, r"\s*", file, at)
    inside, at = _parenthesised(code, at, file)
    body = code[at:]
    if not re.match(r"\s*;", body):
        raise _refusal(file, "no semicolon behind the list of ports")
    limits = _limits(body, file)
    return Unit(
        module,
        folder,
        tuple(_limited(parameter, limits) for parameter in parameters),
        tuple(_ports(inside, file)),
        tuple(dict.fromkeys(match[1] for match in _INSTANCE.finditer(_STRING.sub('""', body)))),
    )


def _refusal(file: str, what: str) -> HwgenError:
    return HwgenError(what, f"rtl/{file}", "docs/dialect.md shows the form of a header")


def _after(code: str, pattern: str, file: str, start: int = 0) -> int:
    """Return the position behind a pattern; more must follow."""
    match = re.compile(pattern).search(code, start)
    if match is None or match.end() >= len(code):
        raise _refusal(file, "the header ends too early")
    return match.end()


def _parenthesised(code: str, at: int, file: str) -> tuple[str, int]:
    """Return what stands between the parenthesis at *at* and its partner, and the place behind."""
    if code[at] != "(":
        raise _refusal(file, f"{code[at]!r} stands where a parenthesis opens")
    depth = 0
    for place in range(at, len(code)):
        if code[place] == "(":
            depth += 1
        elif code[place] == ")":
            depth -= 1
            if depth == 0:
                return code[at + 1 : place], place + 1
    raise _refusal(file, "a parenthesis is never closed")


def _split(text: str, separator: str) -> list[str]:
    """Return the parts of a text between separators that no bracket encloses."""
    parts, depth, start = [], 0, 0
    for place, letter in enumerate(text):
        depth += (letter in "([{") - (letter in ")]}")
        if depth == 0 and place >= start and text.startswith(separator, place):
            parts.append(text[start:place].strip())
            start = place + len(separator)
    return [*parts, text[start:].strip()]


def _words(text: str) -> str:
    return " ".join(text.split())


def _parameters(text: str, file: str) -> Iterator[Parameter]:
    """Yield the parameters of a list; one without a type has that of the one before it."""
    word = kind = ""
    for part in _split(text, ","):
        match = _PARAMETER.fullmatch(part)
        if match is None or not (match["word"] or word):
            raise _refusal(file, f"{_words(part)!r} is not a parameter of the dialect")
        if match["word"]:
            word, kind = match["word"], _words(match["kind"])
        if word == "parameter":
            yield Parameter(match["name"], kind, _words(match["default"]))


def _ports(text: str, file: str) -> Iterator[Port]:
    """Yield the ports of a list; one without a direction is like the one before it."""
    direction = width = ""
    for part in _split(text, ","):
        match = _PORT.fullmatch(part)
        if match is None or not (match["direction"] or direction):
            raise _refusal(file, f"{_words(part)!r} is not a port of the dialect")
        if match["direction"]:
            direction = match["direction"].split()[0]
            width = "".join(_RANGE.findall(match["width"]))
        yield Port(match["name"], direction, width)


def _limits(body: str, file: str) -> dict[str, tuple[int | None, int | None]]:
    """Return what the elaboration checks of a module allow, by parameter.

    A check is ``if (Width < 1 || Width > 64) begin : gen_check_width initial $fatal``. A limit is
    a comparison with a number, alone or joined by ``||``, that no other condition encloses.
    """
    limits: dict[str, tuple[int | None, int | None]] = {}
    depth, done = 0, 0
    for match in _IF.finditer(body):
        words = _NESTING.findall(body, done, match.start())
        depth += words.count("begin") - words.count("end")
        done = match.start()
        condition, behind = _parenthesised(body, match.end() - 1, file)
        if depth or match[1] or not _REFUSES.match(body, behind):
            continue
        for term in _split(condition, "||"):
            limit = _LIMIT.fullmatch(term)
            if limit is None:
                continue
            name, number = limit[1], int(limit[3])
            least, most = limits.get(name, (None, None))
            if limit[2] in ("<", "<=", "!="):
                least = max(number + (limit[2] == "<="), number if least is None else least)
            if limit[2] in (">", ">=", "!="):
                most = min(number - (limit[2] == ">="), number if most is None else most)
            limits[name] = (least, most)
    return limits


def _limited(parameter: Parameter, limits: dict[str, tuple[int | None, int | None]]) -> Parameter:
    least, most = limits.get(parameter.name, (None, None))
    return replace(parameter, least=least, most=most)
