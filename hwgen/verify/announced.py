# SPDX-License-Identifier: Apache-2.0
"""Announced differences: where the framework's own float32 departs from the exact integers.

A note of the front end names the layer at which it may. There, and nowhere else, the framework's
own code takes the place of ours, if it is one code away, or within the rounding of a float32 sum;
the integer reference goes on with it. A sample whose outputs are then equal differs for the
announced reason alone, however far the difference has grown on the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.keras import live
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import traced
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import Codes
from hwgen.ops.base import Elementwise, Matmul, Movement
from hwgen.ops.reference import Reference
from hwgen.passes import run_passes

# Words of notes that announce what the framework computes on one machine, or without a mask.
_MACHINE = re.compile(r"last (float32 )?bit|by the mask")
# Words of notes that announce rounding of the model's own float32.
ROUNDING = ("float32 sums round", "float32 rounds", "straight-through sum", "last bit of")
_FLOAT32_BITS = 24
_FLOAT64_BITS = 53
_ROUNDINGS = 2.0**-22  # three float32 roundings, relative
Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Reasons:
    """Samples that are as the framework computes them, by what the notes of a build announced.

    Attributes:
        rows: the samples.
        notes: that say so.
    """

    rows: Rows
    notes: tuple[str, ...]


def reasons(
    model: live.Opened,
    options: Options,
    notes: Sequence[str],
    inputs: Mapping[str, Codes],
    found: Sequence[npt.NDArray[Any]],
) -> Reasons:
    """Return which of some samples that differ are as the framework computes them, by the notes.

    The model is converted once more as the framework computes it on this machine: with its own last
    bit of ``1 / sqrt(x)``, and without masks that it does not know. What still differs is followed
    from the layers at which float32 rounds, as a note says.

    Args:
        model: the Keras model.
        options: with which the graph was made.
        notes: of that graph.
        inputs: codes of the inputs, of the samples that differ.
        found: float32 outputs of the framework for them, in the order of the graph's.
    """
    try:
        trace = traced(model.stored, replace(options, root=live.own_root))
    except (ModelError, ConfigError):  # it has no exact form that way
        trace = traced(model.stored, options)
    graph = run_passes(trace.graph)
    machine = ~differing(graph.outputs, Reference(graph).run(inputs), found)
    rounded = np.zeros(len(machine), bool)
    rounding = tuple(note for note in notes if any(words in note for words in ROUNDING))
    left = np.flatnonzero(~machine)
    if len(left) and (room := places(graph, rounding, trace.outputs)):
        some = {name: codes[left] for name, codes in inputs.items()}
        wanted = {name: trace.outputs[name] for name in room if name in trace.outputs}
        values = live.tensors(model, floats_of(graph, some), wanted)
        done = follow(graph, some, values, room)
        ends = {name: n for name, n in room.items() if name not in values}
        still = differing(graph.outputs, done.outputs, [each[left] for each in found], ends)
        rounded[left] = ~done.strayed & ~still
    said = tuple(n for n in notes if _MACHINE.search(n)) if machine.any() else ()
    said += rounding if rounded.any() else ()
    return Reasons(machine | rounded, tuple(dict.fromkeys(said)))


def places(graph: Graph, notes: Sequence[str], known: Mapping[str, Any]) -> dict[str, int]:
    """Return the nodes at which the framework's own code may be another, and by how much.

    Args:
        graph: the integer graph.
        notes: those that announce rounding; each begins with the name of its layer.
        known: nodes whose value in the framework can be asked for. A node is a place where its
            layer, or one between it and the known nodes that it hangs on, has a note.
    """
    noted = {note.partition(": ")[0] for note in notes}
    open_: set[str] = set()  # nodes behind a note, with no known node in between
    found: dict[str, int] = {}
    for node in graph.nodes:
        here = node.layer in noted or any(name in open_ for name in node.inputs)
        if here and node.name in known and node.type.peak < 1 << _FLOAT64_BITS:
            found[node.name] = _room(graph, node)
        elif here:
            open_.add(node.name)
    for out in graph.outputs:
        if out.node in open_:
            found.setdefault(out.node, _room(graph, graph[out.node]))
    return found


def _room(graph: Graph, node: Node) -> int:
    """Return how far a code may be away: one, or what float32 rounds off a sum beyond 24 bits."""
    over = node.type.peak.bit_length() - _FLOAT32_BITS
    if over <= 0 or isinstance(node.op, Elementwise | Movement):
        return 1 << max(over, 0)
    types = graph.types(node)
    terms = sum(t.size for t in types)
    if isinstance(node.op, Matmul):
        terms = node.op.taps(types[0]).fan_in
    # Each of the terms and partial sums is off by half a unit in the last place at most.
    return (terms + 1) << over


@dataclass(frozen=True)
class Followed:
    """Reference of samples in which announced codes of the framework took the place of ours.

    Attributes:
        outputs: the codes by output name.
        strayed: samples in which a code of the framework was further away than announced.
    """

    outputs: Mapping[str, Codes]
    strayed: Rows


def follow(
    graph: Graph,
    inputs: Mapping[str, Codes],
    values: Mapping[str, npt.NDArray[Any]],
    room: Mapping[str, int],
) -> Followed:
    """Compute samples with the framework's own codes at the announced places.

    Args:
        graph: the integer graph.
        inputs: codes of the inputs.
        values: float32 values of the framework by node, shape ``(samples, *shape)``.
        room: by node, how far a code of the framework may be away from the one computed there.
    """
    strayed = np.zeros(len(next(iter(inputs.values()))), bool)

    def taking(name: str) -> Any:
        node, start = graph[name], 0
        theirs = np.ldexp(np.asarray(values[name], np.float64), node.type.frac)

        def take(codes: Codes) -> Codes:
            nonlocal start
            rows = slice(start, start + len(codes))
            start += len(codes)
            own = theirs[rows].reshape(codes.shape)
            inside = (own == np.rint(own)) & (np.abs(own - codes) <= room[name])
            inside &= (own >= node.type.lo) & (own <= node.type.hi)
            strayed[rows] |= ~inside.reshape(len(codes), -1).all(axis=1)
            return np.where(inside, own, codes).astype(np.int64)

        return take

    change = {name: taking(name) for name in values if name in room}
    return Followed(Reference(graph).run(inputs, change), strayed)


def differing(
    outputs: Sequence[Output],
    codes: Mapping[str, Codes],
    found: Sequence[npt.NDArray[Any]],
    room: Mapping[str, int] | None = None,
) -> Rows:
    """Return the samples of which an output of the framework is another than the reference's.

    Args:
        outputs: of the graph.
        codes: the reference's, by output name.
        found: float32 values of the framework, in the order of the outputs.
        room: by node, how far away an output's code may be; exact where it is not named.
    """
    rows = np.zeros(len(found[0]), bool)
    for out, values in zip(outputs, found, strict=True):
        near = distance(out, codes[out.name], values) <= (room or {}).get(out.node, 0)
        rows |= ~near.all(axis=1)  # NaN is near to nothing
    return rows


def output_codes(out: Output, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return the codes of float32 outputs, a row a sample; NaN where the scale of a port is zero.

    On a power-of-two grid float32 says the code itself; elsewhere its rounding is taken off.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = (values.astype(np.float64) - np.array(out.offset)) / np.array(out.scale)
    exact = np.where(np.array(out.scale) == 0, np.nan, exact)
    codes: npt.NDArray[np.float64] = exact.reshape(len(values), -1)
    return codes if out.exact else np.rint(codes)


def distance(out: Output, codes: Codes, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Return how many codes float32 outputs are away from the reference's, a row a sample.

    Behind the last quantizer the framework's own float32 rounds scale and offset: what three
    roundings can do is no distance.
    """
    have = np.asarray(codes, np.float64).reshape(len(values), -1)
    off = np.abs(output_codes(out, values) - have)
    if out.exact:
        return off
    scale, offset = np.abs(np.array(out.scale)), np.abs(np.array(out.offset))
    rounded = _ROUNDINGS * (np.abs(values.astype(np.float64)) + offset)
    with np.errstate(divide="ignore", invalid="ignore"):
        slack = np.where(scale == 0, 0, rounded / scale).reshape(off.shape)
    dead = np.broadcast_to(scale == 0, values.shape).reshape(off.shape)
    wrong = np.abs(values - np.array(out.offset)) > rounded
    off = np.where(dead, np.where(wrong.reshape(off.shape), np.inf, 0), off)
    return np.where(off <= slack, 0, off)


def floats_of(graph: Graph, inputs: Mapping[str, Codes]) -> dict[str, npt.NDArray[np.float64]]:
    """Return the values of input codes, in the order of the model's inputs."""
    return {
        node.name: np.ldexp(inputs[node.name].astype(np.float64), -node.type.frac)
        for node in graph.inputs
    }
