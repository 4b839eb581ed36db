# SPDX-License-Identifier: Apache-2.0
"""``design.json``: what a bench, a driver or a packager must know of a design. Schema 1."""

from __future__ import annotations

from typing import Any

from hwgen import __version__
from hwgen.design.frame import Frame
from hwgen.design.names import ModuleNames
from hwgen.design.types import Design, Port
from hwgen.files import json_bytes
from hwgen.logic.nodes import In

SCHEMA = 1


def _port(port: Port, lo: list[int], hi: list[int]) -> dict[str, Any]:
    return {
        "name": port.name,
        "shape": list(port.shape),
        "width": port.fixed.width,
        "frac": port.fixed.frac,
        "signed": port.fixed.signed,
        "lo": lo,
        "hi": hi,
        "scale": list(port.scale),
        "offset": list(port.offset),
    }


def _inputs(design: Design) -> list[dict[str, Any]]:
    # An element that nothing reads has no node; any code of the format will do for it.
    bounds = {p.name: ([p.fixed.lo] * p.size, [p.fixed.hi] * p.size) for p in design.inputs}
    logic = design.pipeline.logic
    for wire, node in enumerate(logic.nodes):
        if isinstance(node, In):
            lows, highs = bounds[node.port]
            lows[node.index], highs[node.index] = logic.lo[wire], logic.hi[wire]
    return [_port(p, *bounds[p.name]) for p in design.inputs]


def _outputs(design: Design) -> list[dict[str, Any]]:
    logic = design.pipeline.logic
    wires = dict(logic.outputs)
    return [
        _port(p, [logic.lo[w] for w in wires[p.name]], [logic.hi[w] for w in wires[p.name]])
        for p in design.outputs
    ]


def _frame(port: Port, data_width: int) -> dict[str, Any]:
    frame = Frame.of(port, data_width)
    return {
        "name": port.name,
        "container": frame.container,
        "bytes": frame.bytes,
        "beats": frame.beats,
    }


def design_json(design: Design, names: ModuleNames) -> bytes:
    """Return the description of *design*; stages go by the names of their links in the RTL."""
    pipeline, data_width = design.pipeline, design.data_width
    stages = [
        {
            "name": layer.link,
            "layer": layer.name,
            "note": layer.note,
            "start": layer.start,
            "end": layer.end,
            "exports": [
                {
                    "width": pipeline.width(tap),
                    "signed": pipeline.logic.signed(tap.wire) and not tap.sign,
                    "cycle": pipeline.arrives(tap),
                }
                for tap in layer.exports
            ],
        }
        for layer in pipeline.layers
    ]
    return json_bytes(
        {
            "hwgen": __version__,
            "schema": SCHEMA,
            "name": design.name,
            "style": "parallel",
            "model": design.model,
            "board": design.target,
            "clock_mhz": design.clock_mhz,
            "tops": {"flow": names.top, "axis": names.axis},
            "latency": design.latency,
            "interval": design.interval,
            "inputs": _inputs(design),
            "outputs": _outputs(design),
            "axis": {
                "data_width": data_width,
                "inputs": [_frame(p, data_width) for p in design.inputs],
                "outputs": [_frame(p, data_width) for p in design.outputs],
            },
            "stages": stages,
        }
    )
