# SPDX-License-Identifier: Apache-2.0
"""Assembly: a pipeline and its ports become a design of one stage, with all its links."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from hwgen.design.names import LinkNames
from hwgen.design.types import (
    Design,
    Field,
    Heading,
    Layer,
    Link,
    LinkKind,
    Pipeline,
    Port,
    Stage,
    Tap,
)
from hwgen.ir.graph import Graph
from hwgen.ir.names import element

STAGE = "core"  # the one stage of a parallel design


def ports_of(graph: Graph) -> tuple[tuple[Port, ...], tuple[Port, ...]]:
    """Return the ports of a network."""
    inputs = (Port(n.name, n.type.shape, n.type.fixed, (n.type.fixed.lsb,)) for n in graph.inputs)
    outputs = (
        Port(o.name, graph[o.node].type.shape, graph[o.node].type.fixed, o.scale, o.offset)
        for o in graph.outputs
    )
    return tuple(inputs), tuple(outputs)


def of_pipeline(
    heading: Heading, inputs: Sequence[Port], outputs: Sequence[Port], pipeline: Pipeline
) -> Design:
    """Return the design whose only stage is *pipeline*, with the links of ports and layers."""
    names = LinkNames.of([port.name for port in inputs], [port.name for port in outputs])
    ins = tuple(replace(port, link=port.name) for port in inputs)
    outs = tuple(replace(port, link=names.outputs[port.name]) for port in outputs)
    links = [
        *(_of_port(port, 0) for port in ins),
        *(
            Link(layer.link, LinkKind.FLOW, tuple(_fields(pipeline, layer)))
            for layer in pipeline.layers
        ),
        *(_of_port(port, pipeline.latency) for port in outs),
    ]
    stage = Stage(
        STAGE,
        pipeline,
        tuple(port.link for port in ins),
        tuple(port.link for port in outs),
        pipeline.latency,
        1,
        "all layers in one pipeline, a sample every cycle",
    )
    return Design(
        heading.name,
        heading.target,
        heading.clock_mhz,
        heading.model,
        ins,
        outs,
        tuple(links),
        (stage,),
        pipeline.latency,
        1,
        heading.data_width,
        heading.axi_mhz,
    )


def _of_port(port: Port, cycle: int) -> Link:
    fixed = port.fixed
    fields = (
        Field(element(port.name, index), fixed.width, fixed.signed, cycle)
        for index in np.ndindex(port.shape)
    )
    return Link(port.link, LinkKind.FLOW, tuple(fields))


def _fields(pipeline: Pipeline, layer: Layer) -> Iterator[Field]:
    for tap in layer.exports:
        signed = pipeline.logic.signed(tap.wire) and not tap.sign
        yield Field(_label(pipeline, tap), pipeline.width(tap), signed, pipeline.arrives(tap))


def _label(pipeline: Pipeline, tap: Tap) -> str:
    """Return the label of a wire; one that is no element of a layer's output goes by its number."""
    label = pipeline.logic.label(tap.wire)
    return f"sign of {label}" if tap.sign else label
