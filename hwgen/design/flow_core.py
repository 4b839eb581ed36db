# SPDX-License-Identifier: Apache-2.0
"""Flow cores of a stream design: each of its pipelines as a small design of its own.

A pipeline cannot stall, so in a stream design it stands behind a counter of credits
(``hwg_flow_buffer``), as the core of a parallel design does. Seen alone it is such a design: the
words of its links are the samples, and everything that is known about parallel designs, printing
and pricing included, holds for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hwgen.design.assemble import of_pipeline
from hwgen.design.types import Design, Heading, Link, Pipeline, Port, Stage, UnitRef
from hwgen.ir.fixed import Fixed
from hwgen.ir.names import Names

BUFFER = "hwg_flow_buffer"


def pipeline_of(stage: Stage) -> Pipeline | None:
    """Return the pipeline of a stage; None of a stage that is a unit alone."""
    return next((part for part in stage.parts if isinstance(part, Pipeline)), None)


def unit_of(stage: Stage) -> UnitRef | None:
    """Return the unit that a stage is; None of a pipeline with its buffer."""
    return stage.body if isinstance(stage.body, UnitRef) else None


def buffer_of(stage: Stage) -> UnitRef:
    """Return the buffer behind the pipeline of a stage."""
    (found,) = (p for p in stage.parts if isinstance(p, UnitRef) and p.unit == BUFFER)
    return found


def with_buffer(stage: Stage, **params: int) -> Stage:
    """Return a stage of a pipeline with other parameters of its buffer."""
    buffer = buffer_of(stage)
    made = replace(buffer, params={**buffer.params, **params})
    return replace(stage, body=tuple(made if part is buffer else part for part in stage.parts))


def flow_cores(design: Design) -> Mapping[str, Design]:
    """Return every pipeline of a stream design as a design of its own, by the name of its stage.

    Their names begin with that of the design, so that all modules of a build have names of their
    own.
    """
    names = Names(f"{design.name}_{suffix}" for suffix in ("axis", "pkg", "cdc"))
    cores = {}
    for stage in design.stages:
        pipeline = pipeline_of(stage)
        if pipeline is not None:
            name = names.take(f"{stage.name}_core", f"{design.name}_")
            cores[stage.name] = _core(design, stage, pipeline, f"{design.name}_{name}")
    return cores


def _core(design: Design, stage: Stage, pipeline: Pipeline, name: str) -> Design:
    heading = Heading(name, design.target, design.clock_mhz, design.model, design.data_width)
    inputs = [_port(design.link(link)) for link in stage.reads]
    outputs = [_port(design.link(link)) for link in stage.writes]
    core = of_pipeline(heading, inputs, outputs, pipeline)
    (only,) = core.stages
    return replace(core, stages=(replace(only, note=stage.note),))


def _port(link: Link) -> Port:
    first = link.fields[0]
    return Port(link.name, (len(link.fields),), Fixed(first.width, 0, first.signed))
