# SPDX-License-Identifier: Apache-2.0
"""Stages of a serial design, each as a design of its own: its words are the samples.

Between them are flow links of whole words. A stage is a serial pipeline or a parallel one, and all
that is known of designs of one such stage, printing and pricing included, holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from hwgen.design.assemble import STAGE, of_pipeline
from hwgen.design.types import (
    Design,
    Field,
    Heading,
    Link,
    LinkKind,
    Pipeline,
    Port,
    SerialPipeline,
    Stage,
)
from hwgen.ir.fixed import Fixed
from hwgen.ir.names import Names, element
from hwgen.logic.serial.graph import Word
from hwgen.logic.serial.offsets import WORD_OFFSET


def stage_cores(design: Design) -> Mapping[str, Design]:
    """Return every stage of a serial design as a design of its own, by the name of the stage."""
    if len(design.stages) == 1:
        return {design.stages[0].name: design}
    names = Names(f"{design.name}_{suffix}" for suffix in ("axis", "pkg", "cdc"))
    cores = {}
    for stage in design.stages:
        name = f"{design.name}_{names.take(stage.name, f'{design.name}_')}"
        heading = Heading(name, design.target, design.clock_mhz, design.model, design.data_width)
        inputs = [_port(design.link(link)) for link in stage.reads]
        body = stage.body
        assert isinstance(body, Pipeline | SerialPipeline)
        leaving = (body.logic if isinstance(body, Pipeline) else body.graph).outputs
        outputs = [
            replace(_port(design.link(link)), name=own)
            for link, (own, _) in zip(stage.writes, leaving, strict=True)
        ]
        if isinstance(body, Pipeline):
            core = of_pipeline(heading, inputs, outputs, body)
        else:
            core = of_serial(heading, inputs, outputs, body)
        (only,) = core.stages
        cores[stage.name] = replace(core, stages=(replace(only, note=stage.note),))
    return cores


def _port(link: Link) -> Port:
    first = link.fields[0]
    return Port(link.name, (len(link.fields),), Fixed(first.width, 0, first.signed))


def digit_links(part: SerialPipeline) -> dict[str, str]:
    """Return, by the link of words that a serial pipeline reads, the link of its digits."""
    found = {}
    for layer in part.layers:
        for source in layer.sources:
            node = part.graph.nodes[source.taps[0].wire]
            if isinstance(node, Word):
                found[node.link] = source.link
    leaving = {result.wire for _, results in part.graph.outputs for result in results}
    for wire, node in enumerate(part.graph.nodes):
        if isinstance(node, Word) and wire in leaving:  # it passes by all layers
            found.setdefault(node.link, f"{node.link}_digits")
    return found


def of_serial(
    heading: Heading, inputs: Sequence[Port], outputs: Sequence[Port], part: SerialPipeline
) -> Design:
    """Return the design whose only stage is a serial pipeline, with all of its links."""
    graph, when = part.graph, part.offsets
    taken = Names([layer.link for layer in part.layers])
    for port in inputs:
        taken.take(port.name)
    words = digit_links(part)
    for link in words.values():
        taken.take(link)
    leaving = {port.name: taken.take(f"{port.name}_result") for port in outputs}
    links = [
        *(port_link(port.name, port, 0) for port in inputs),
        *(_digits(words[p.name], p, graph.digit_bits) for p in inputs if p.name in words),
        *(
            Link(
                layer.link,
                LinkKind.SERIAL,
                tuple(
                    Field(
                        graph.label(t.wire),
                        graph.width(t.wire),
                        graph.lo[t.wire] < 0,
                        when.of[t.wire],
                    )
                    for t in layer.exports
                ),
                digit_bits=graph.digit_bits,
            )
            for layer in part.layers
        ),
        *(port_link(leaving[port.name], port, part.latency) for port in outputs),
    ]
    ins = tuple(replace(port, link=port.name, interval=part.interval) for port in inputs)
    outs = tuple(replace(port, link=leaving[port.name], interval=part.interval) for port in outputs)
    stage = Stage(
        STAGE,
        part,
        tuple(p.link for p in ins),
        tuple(p.link for p in outs),
        part.latency,
        part.interval,
        serial_note(part),
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
        part.latency,
        part.interval,
        heading.data_width,
        heading.axi_mhz,
    )


def serial_note(part: SerialPipeline) -> str:
    """Return a line on a serial pipeline."""
    digit = part.graph.digit_bits
    bits = f"{digit} bit{'s' if digit > 1 else ''} a cycle"
    cycles = f"{part.interval} cycle{'s' if part.interval > 1 else ''}"
    return f"a serial pipeline, {bits}, a sample every {cycles} or later"


def port_link(name: str, port: Port, cycle: int) -> Link:
    """Return the flow link of a port's words."""
    return Link(name, LinkKind.FLOW, _fields(port, cycle))


def _digits(name: str, port: Port, digit_bits: int) -> Link:
    return Link(name, LinkKind.SERIAL, _fields(port, WORD_OFFSET), digit_bits=digit_bits)


def _fields(port: Port, cycle: int) -> tuple[Field, ...]:
    return tuple(
        Field(element(port.name, index), port.fixed.width, port.fixed.signed, cycle)
        for index in np.ndindex(port.shape)
    )
