# SPDX-License-Identifier: Apache-2.0
"""Composition: the designs of a network's regions become the stages of one design."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hwgen.design.check import check
from hwgen.design.stage_core import port_link
from hwgen.design.types import (
    Design,
    Heading,
    Layer,
    Link,
    Pipeline,
    Port,
    SerialPipeline,
    Source,
    Stage,
)
from hwgen.ir.names import Names


def composed(
    heading: Heading, inputs: Sequence[Port], outputs: Sequence[Port], parts: Sequence[Design]
) -> Design:
    """Return the checked design whose stages are the only stages of other designs.

    A stage begins when the last of its words is there; words that are there before are delayed. All
    outputs leave together.

    Args:
        heading: name, board, clock and model of the design.
        inputs: ports of the network.
        outputs: likewise; named like the outputs of the parts.
        parts: in data-flow order; their ports are named after the links between them.
    """
    interval = max(part.interval for part in parts)
    ins = tuple(replace(port, link=port.name, interval=interval) for port in inputs)
    names = Names([port.name for port in ins])
    names.take("valid")
    between = {port.name for part in parts for port in part.inputs}
    result = {}
    for part in parts:
        for port in part.outputs:
            name = port.name
            inner = name in between
            result[name] = names.take(name if inner else f"{name}_result")
    links: list[Link] = [port_link(port.name, port, 0) for port in ins]
    arrival = {port.link: 0 for port in ins}
    stages: list[Stage] = []
    for number, part in enumerate(parts):
        (only,) = part.stages
        body = only.body
        assert isinstance(body, Pipeline | SerialPipeline)
        new = _fresh(part, body, names)
        begin = max(arrival[port.name] for port in part.inputs)
        writes = tuple(result[port.name] for port in part.outputs)
        for port, written in zip(part.outputs, writes, strict=True):
            arrival[written] = begin + part.latency
            links.append(port_link(written, port, begin + part.latency))
        links += [replace(link, name=new[link.name]) for link in part.links if link.name in new]
        body = replace(body, layers=tuple(_renamed(layer, new) for layer in body.layers))
        kind = "serial" if isinstance(body, SerialPipeline) else "parallel"
        stages.append(
            Stage(
                f"{kind}{number}",
                body,
                tuple(port.name for port in part.inputs),
                writes,
                part.latency,
                part.interval,
                only.note,
            )
        )
    outs = tuple(replace(port, link=result[port.name], interval=interval) for port in outputs)
    latency = max(arrival[port.link] for port in outs)
    design = Design(
        heading.name,
        heading.target,
        heading.clock_mhz,
        heading.model,
        ins,
        outs,
        tuple(links),
        tuple(stages),
        latency,
        interval,
        heading.data_width,
        heading.axi_mhz,
    )
    check(design)
    return design


def _fresh(part: Design, body: Pipeline | SerialPipeline, names: Names) -> dict[str, str]:
    """Return names of their own for the links inside of a part."""
    ports = {port.link for port in (*part.inputs, *part.outputs)}
    inside = [link.name for link in part.links if link.name not in ports]
    return {name: names.take(name) for name in inside}


def _renamed(layer: Layer, new: dict[str, str]) -> Layer:
    sources = tuple(
        Source(new.get(source.link, source.link), source.taps) for source in layer.sources
    )
    return replace(layer, link=new[layer.link], sources=sources)
