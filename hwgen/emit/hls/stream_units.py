# SPDX-License-Identifier: Apache-2.0
"""Stages of hand-written units in a stream design, as calls of their C++ twins."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import accumulate

import numpy as np

from hwgen import paths
from hwgen.design.types import Design, Link, Stage, UnitRef
from hwgen.emit.hls import cpp
from hwgen.errors import ConfigError
from hwgen.ir.fixed import bits_for
from hwgen.ir.tensor import Codes
from hwgen.units.facts import with_defaults
from hwgen.units.geometry import folds, reorder_words


def element(link: Link) -> str:
    """Return the type of an element of a word, ``hwg::ui<8>``."""
    first = link.fields[0]
    return f"hwg::{cpp.typed(first.width, first.signed)}"


def word(link: Link) -> str:
    """Return the type of a word, ``hwg::lanes<hwg::ui<8>, 3>``."""
    return f"hwg::lanes<{element(link)}, {len(link.fields)}>"


@cache
def parameters(unit: str) -> tuple[str, ...]:
    """Return the parameters of a twin, which its unit has by the same names."""
    text = (paths.hls_templates() / "include" / "hwg" / f"{unit}.h").read_text("utf-8")
    (found,) = re.findall(rf"template <([^>]*)>\s*struct {unit} \{{", text)
    return tuple(declared.split()[-1] for declared in found.split(","))


@dataclass(frozen=True)
class Call:
    """Statements of a stage that is a unit: mostly the call of its twin.

    Attributes:
        unit: the twin, without ``hwg_``; empty where the statements do all.
        lines: statements that call it.
        constants: declarations of its arrays.
        words: neighbours of each array that are read at once, by name.
    """

    unit: str
    lines: tuple[str, ...]
    constants: tuple[str, ...] = ()
    words: tuple[tuple[str, int], ...] = ()


def call_of(design: Design, stage: Stage, unit: UnitRef, prefix: str) -> Call:
    """Return the call of the twin of a stage.

    Args:
        design: with the stage.
        stage: a unit with links in and out.
        unit: of the stage.
        prefix: of the names of constants.

    Raises:
        ConfigError: the unit has no twin that a stage can be made of.
    """
    sources, sinks = (list(map(design.link, names)) for names in (stage.reads, stage.writes))
    source = sources[0]
    name = unit.unit.removeprefix("hwg_")
    arguments = [f"{link.name}_words" for link in (*sources, *sinks)]
    kind, lanes = element(source), len(source.fields)
    match name:
        case "fork":
            return Call("", tuple(_copies(source, arguments)))
        case "stream_concat":
            return Call("", tuple(_joined(sources, sinks[0], unit.constants["Counts"].tolist())))
        case "stream_extend":
            of = f"{_with_params(unit)}::of<{element(sinks[0])}>({arguments[0]}.read())"
            return Call(name, tuple(_every(source, f"{arguments[1]}.write({of});")))
        case "widen" | "narrow":
            width, parts, count = (unit.params[key] for key in ("Width", "Parts", "Count"))
            few = min(lanes, len(sinks[0].fields))
            of = f"hwg::{name}<{width}, {parts}, {count}>::of<{kind}, {few}>"
            taken = -(-count // parts) if name == "narrow" else count
            return Call(name, tuple(_loop(source.words // taken, f"{of}({', '.join(arguments)});")))
        case "upsample" | "crop":
            of = f"{_with_params(unit)}::of<{word(source)} >"
            return Call(name, (f"{of}({', '.join(arguments)});",))
        case "reorder":
            of = f"{_with_params(unit)}::of<{word(source)} >({', '.join(arguments)});"
            return Call(name, tuple(_loop(source.words // reorder_words(unit.params), of)))
        case "window" | "pad":
            pad = unit.constants.get("Pad", np.zeros(lanes, np.int64))
            table, made = _table(f"{prefix}_PAD", pad)
            of = f"{_with_params(unit)}::of<{kind}, {lanes}>"
            return Call(name, (f"{of}({', '.join([*arguments, table])});",), made)
        case "pool_blocks":
            of = f"{_with_params(unit)}::of<{element(sinks[0])}, {kind}>"
            return Call(name, (f"{of}({', '.join(arguments)});",))
        case "xnor_matvec":
            tables, made = _tables(unit, prefix, "WEIGHTS", "BIAS", "ROW_KINDS", "COLUMN_KINDS")
            of = f"{_with_params(unit)}::of<{element(sinks[0])}, {kind}>"
            text = f"{of}({', '.join([*arguments, *tables])});"
            bits = unit.params["PE"] * unit.params["SIMD"] * (1 + unit.params["Masked"])
            read = ((tables[0], bits), (tables[1], unit.params["PE"]))
            maps = _vectors(unit, sinks[0]) // (unit.params["Height"] * unit.params["Width"])
            return Call(name, tuple(_loop(maps, text)), made, read)
        case "matvec":
            tables, made = _tables(unit, prefix, "WEIGHTS", "BIAS")
            of = f"{_with_params(unit)}::of<{kind}>"
            text = f"{of}({', '.join([*arguments, *tables])});"
            bits = unit.params["PE"] * unit.params["SIMD"]
            read = ((tables[0], bits), (tables[1], unit.params["PE"]))
            return Call(name, tuple(_loop(_vectors(unit, sinks[0]), text)), made, read)
        case "stream_thresholds":
            tables, made = _tables(unit, prefix, "THRESHOLDS", "VALUES")
            turn = f"n % {unit.params['Turns']}"
            given = ", ".join([f"{arguments[0]}.read()", turn, *tables])
            of = f"{_with_params(unit)}::of<{element(sinks[0])}>({given})"
            text = f"{arguments[1]}.write({of});"
            return Call(name, tuple(_every(source, text)), made)
        case _:
            raise ConfigError(
                f"{unit.unit} is not printed as HLS C++ yet",
                stage.name,
                "build without --hls, or choose another realisation of the layer in config.toml",
            )


def _with_params(unit: UnitRef) -> str:
    name = unit.unit.removeprefix("hwg_")
    given: Mapping[str, int] = with_defaults(unit.unit, unit.params)
    return f"hwg::{name}<{', '.join(cpp.number(given[key]) for key in parameters(name))}>"


def _vectors(unit: UnitRef, sink: Link) -> int:
    """Return the vectors of a sample that a matrix-vector unit takes."""
    turns, _ = folds(unit.params)
    return sink.words // turns


def _loop(turns: int, text: str) -> Iterator[str]:
    if turns == 1:
        yield text
        return
    yield f"for (int n = 0; n < {turns}; ++n) {{"
    yield f"  {text}"
    yield "}"


def _copies(source: Link, arguments: Sequence[str]) -> Iterator[str]:
    """Yield what gives every word to each of several sinks."""
    taken, *sinks = arguments
    copied = f"const {word(source)} copied = {taken}.read();"
    yield from _every(source, copied, *(f"{sink}.write(copied);" for sink in sinks))


def _joined(sources: Sequence[Link], sink: Link, counts: Sequence[int]) -> Iterator[str]:
    """Yield what reads some words of each source in its turn, as one loop of a word a cycle."""
    ends = [*accumulate(counts)]
    heads = [f"if (i < {end}) {{" for end in ends[:-1]]
    heads = [*(f"{'} else ' * (n > 0)}{head}" for n, head in enumerate(heads)), "} else {"]
    yield f"for (int n = 0; n < {sink.words // ends[-1]}; ++n) {{"
    yield f"  for (int i = 0; i < {ends[-1]}; ++i) {{"
    yield "    HWG_PIPELINE_LOOP"
    for source, head in zip(sources, heads, strict=True):
        yield f"    {head}"
        yield f"      {sink.name}_words.write({source.name}_words.read());"
    yield "    }"
    yield "  }"
    yield "}"


def _every(source: Link, *lines: str) -> Iterator[str]:
    """Yield the loop of every word of a sample, one a cycle."""
    yield f"for (int n = 0; n < {source.words}; ++n) {{"
    yield "  HWG_PIPELINE_LOOP"
    yield from (f"  {line}" for line in lines)
    yield "}"


def _tables(unit: UnitRef, prefix: str, *names: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return arrays of a unit's constants, ``ROW_KINDS`` of ``RowKinds``: names, declarations."""
    made = [
        _table(f"{prefix}_{name}", unit.constants[name.title().replace("_", "")]) for name in names
    ]
    return tuple(name for name, _ in made), tuple(line for _, lines in made for line in lines)


def _table(name: str, codes: Codes) -> tuple[str, tuple[str, ...]]:
    """Return an array of constants: its name, and its declaration."""
    values = np.asarray(codes, object).reshape(-1)
    low, high = int(min(values)), int(max(values))
    kind = f"rom_{'s' if low < 0 else 'u'}<{bits_for(low, high)}>"
    head = f"static const hwg::{kind} {name}[{len(values)}]"
    return name, tuple(cpp.table(head, map(cpp.number, values)))
