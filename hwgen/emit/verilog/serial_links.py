# SPDX-License-Identifier: Apache-2.0
"""Links of digits: which wire of a serial graph each of their fields is."""

from __future__ import annotations

from hwgen.design.stage_core import digit_links
from hwgen.design.types import Design
from hwgen.logic.nodes import Wire
from hwgen.logic.serial.graph import SerialGraph, Word


def places_of(design: Design, graph: SerialGraph, link: str) -> list[tuple[int, Wire]]:
    """Return the place and the wire of every field of a serial link that the graph knows."""
    part = design.serial
    assert part is not None
    for layer in part.layers:
        if layer.link == link:
            return [(place, tap.wire) for place, tap in enumerate(layer.exports)]
    words = words_of(design, graph)
    return sorted(words[link].items()) if link in words else []


def words_of(design: Design, graph: SerialGraph) -> dict[str, dict[int, Wire]]:
    """Return, by the link of its digits, the wires of the elements of every network input."""
    by_port: dict[str, dict[int, Wire]] = {port.link: {} for port in design.inputs}
    for wire, node in enumerate(graph.nodes):
        if isinstance(node, Word):
            by_port[node.link][node.index] = wire
    part = design.serial
    assert part is not None
    links = digit_links(part)
    return {links[port]: places for port, places in by_port.items() if port in links}
