# SPDX-License-Identifier: Apache-2.0
"""Mapping: how each layer with weights is realised in hardware; chosen here, editable by the user.

A build writes its mapping to ``config.toml``, and ``hwgen build MODEL --config OUT/config.toml``
reads it back. A layer that the mapping does not name is chosen by price.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from hwgen.design.types import Design, Stage, UnitRef
from hwgen.errors import ConfigError, suggest
from hwgen.ir.graph import Graph
from hwgen.ops.base import Matmul

ADDERS, TABLES, SERIAL, FOLDED, XNOR = "adders", "tables", "serial", "folded", "xnor"
# What every kind is for. Those without a place in `BUILT` cannot be planned yet.
KINDS = {
    ADDERS: "a graph of adders that all outputs share",
    TABLES: "truth tables for neurons of few input bits, adders for the rest",
    SERIAL: "the graph of adders, some bits of every value a cycle",
    FOLDED: "a matrix-vector unit, weights in memory",
    "sparse": "a matrix-vector unit that skips weights of zero",
    XNOR: "binary weights and inputs, counted",
}
BUILT = (ADDERS, TABLES, SERIAL, FOLDED, XNOR)
_CHOSEN = {
    FOLDED: ("pe", "simd", "dsp", "memory"),
    XNOR: ("pe", "simd", "memory"),
}  # of a kind: what can be chosen beside it
UNITS = (FOLDED, XNOR)  # kinds of the stream style alone
STYLES = ("auto", "parallel", "serial", "stream")


@dataclass(frozen=True)
class Realisation:
    """Realisation of one layer.

    Attributes:
        kind: of `KINDS`.
        interval: cycles between two samples of the network.
        pe: outputs of a folded or sparse unit that are computed side by side.
        simd: inputs of it that are taken side by side.
        digit_bits: of a serial graph: bits of every value a cycle.
        memory: of a folded or sparse unit: where its weights lie, ``lut`` or ``block``.
        dsp: of a folded unit: products in tables (0), one in a DSP block (1), or two in one (2).
    """

    kind: str
    interval: int = 1
    pe: int = 1
    simd: int = 1
    digit_bits: int = 0
    memory: str = ""
    dsp: int = 0


_SIZES = [f for f in fields(Realisation) if f.name != "kind"]


def layers_of(graph: Graph) -> tuple[str, ...]:
    """Return the layers whose realisation can be chosen: those with weights."""
    return tuple(node.name for node in graph.nodes if isinstance(node.op, Matmul))


def mapping_of(design: Design) -> dict[str, Realisation]:
    """Return how the layers of a design are realised."""
    found = {
        layer.name: Realisation(layer.realisation) for layer in design.layers if layer.realisation
    }
    for stage in design.stages:
        for part in stage.parts:
            if isinstance(part, UnitRef) and "Weights" in part.constants:
                p = part.params
                memory = "block" if p["BlockRom"] else "lut"
                kind, dsp = (FOLDED, p["Dsp"]) if "Dsp" in p else (XNOR, 0)
                found[layer_of(design, stage)] = Realisation(
                    kind, pe=p["PE"], simd=p["SIMD"], memory=memory, dsp=dsp
                )
    return found


def layer_of(design: Design, stage: Stage) -> str:
    """Return the layer whose values a stage writes, by the labels on its link."""
    return design.link(stage.writes[0]).fields[0].label.rpartition("[")[0]


def of_style(style: str) -> dict[str, Realisation]:
    """Return the realisations that a style asks of every layer; they are left to prices.

    Raises:
        ConfigError: an unknown style.
    """
    if style not in STYLES:
        raise ConfigError(f"unknown style {style!r}", "--style", f"one of {', '.join(STYLES)}")
    return {}


def check_mapping(graph: Graph, mapping: Mapping[str, Realisation]) -> None:
    """Refuse a mapping that names what the graph has not, or what cannot be built.

    Raises:
        ConfigError: with the nearest name that exists, or the kinds that do.
    """
    known = layers_of(graph)
    for name, chosen in mapping.items():
        where = f"layers.{name}"
        if name not in known:
            there = ", ".join(known) or "none"
            hint = f"{suggest(name, known)}the layers with weights are {there}"
            raise ConfigError(f"the model has no layer {name!r} with weights", where, hint)
        if chosen.kind not in KINDS:
            hint = f"{suggest(chosen.kind, KINDS)}there are {' and '.join(BUILT)}"
            raise ConfigError(f"unknown realisation {chosen.kind!r}", where, hint)
        if chosen.kind not in BUILT:
            raise ConfigError(
                f"the realisation {chosen.kind!r} ({KINDS[chosen.kind]}) is not built yet",
                where,
                f"there are {' and '.join(BUILT)}",
            )
        may = _CHOSEN.get(chosen.kind, ())
        given = [f.name for f in _SIZES if getattr(chosen, f.name) != f.default]
        wrong = [name for name in given if name not in may]
        if wrong:
            what = f"{', '.join(wrong)} cannot be chosen for a layer of {chosen.kind}"
            raise ConfigError(what, where, "leave it out")
        if chosen.kind in UNITS:
            _check_folded(chosen, where)


def _check_folded(chosen: Realisation, where: str) -> None:
    fits = chosen.pe >= 1 and chosen.simd >= 1 and chosen.dsp in (0, 1, 2)
    if not fits or chosen.memory not in ("", "lut", "block"):
        raise ConfigError(
            f"pe {chosen.pe}, simd {chosen.simd}, dsp {chosen.dsp}, memory {chosen.memory!r} are "
            "no folding",
            where,
            'pe and simd are 1 or more, dsp is 0, 1 or 2, memory is "lut" or "block"',
        )


def read_mapping(tables: Any) -> dict[str, Realisation]:
    """Return the mapping of the ``layers`` table of a ``config.toml``.

    Raises:
        ConfigError: it is no table of tables, or has an unknown key or a value of another type.
    """
    if not isinstance(tables, dict):
        raise ConfigError("layers is a table", "layers", _EXAMPLE)
    return {str(name): _realisation(str(name), entry) for name, entry in tables.items()}


_EXAMPLE = 'write [layers.fc1] and below it realisation = "adders"'
_KEYS = {("realisation" if f.name == "kind" else f.name): f for f in fields(Realisation)}


def _realisation(name: str, entry: Any) -> Realisation:
    where = f"layers.{name}"
    if not isinstance(entry, dict) or "realisation" not in entry:
        raise ConfigError(f"{where} names no realisation", where, _EXAMPLE)
    values: dict[str, Any] = {}
    for key, value in entry.items():
        if key not in _KEYS:
            hint = f"{suggest(key, _KEYS)}the keys are {', '.join(_KEYS)}"
            raise ConfigError(f"unknown key {key!r}", where, hint)
        kind = str if _KEYS[key].type == "str" else int
        if not isinstance(value, kind) or isinstance(value, bool):
            words = "text" if kind is str else "a whole number"
            raise ConfigError(f"{key} is {words}, not {value!r}", where, _EXAMPLE)
        values[_KEYS[key].name] = value
    return Realisation(**values)


def rows_of(chosen: Realisation) -> list[tuple[str, str | int]]:
    """Return a realisation as keys and values, as `read_mapping` reads them; defaults left out."""
    rows: list[tuple[str, str | int]] = [("realisation", chosen.kind)]
    values = ((f.name, getattr(chosen, f.name)) for f in _SIZES)
    may = _CHOSEN.get(chosen.kind, ())
    return rows + [(name, value) for name, value in values if name in may and value != ""]
