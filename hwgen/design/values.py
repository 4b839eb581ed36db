# SPDX-License-Identifier: Apache-2.0
"""Values on the links between stages, computed stage by stage from the integers that enter."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hwgen.design.flow_core import pipeline_of, unit_of
from hwgen.design.types import Design, Pipeline, SerialPipeline, Stage
from hwgen.ir.tensor import Codes
from hwgen.logic.evaluate import evaluate
from hwgen.logic.serial.evaluate import evaluate as evaluate_digits
from hwgen.units.models import MODELS


def link_values(design: Design, inputs: Mapping[str, Codes]) -> dict[str, Codes]:
    """Return the words of every stream link, (samples, words, lanes).

    Args:
        design: in the stream style.
        inputs: codes by input port, (samples, *shape).

    Raises:
        AssertionError: a value leaves its proven interval.
    """
    values: dict[str, Codes] = {}
    for port in design.inputs:
        codes = np.asarray(inputs[port.name])
        values[port.link] = _words(design, port.link, codes)
    for stage in design.stages:
        ins = [values[name] for name in stage.reads]
        unit = unit_of(stage)
        if unit is None:
            values |= _pipeline(design, stage, ins)
        else:
            outs = MODELS[unit.unit](unit.params, unit.constants, ins)
            values |= {
                name: _words(design, name, out)
                for name, out in zip(stage.writes, outs, strict=True)
            }
    return values


def stage_words(design: Design, inputs: Mapping[str, Codes]) -> dict[str, Codes]:
    """Return the words of every flow link of a serial design, (samples, fields).

    Args:
        design: in the serial style; its digits are computed as the adders do it.
        inputs: codes by input port, (samples, *shape).
    """
    known = {port.link: np.asarray(inputs[port.name], object) for port in design.inputs}
    for stage in design.stages:
        read = {link: known[link].reshape(len(known[link]), -1) for link in stage.reads}
        body = stage.body
        if isinstance(body, SerialPipeline):
            got = evaluate_digits(body.graph, read)
        else:
            assert isinstance(body, Pipeline)
            got = evaluate(body.logic, read, check=True)
        known |= dict(zip(stage.writes, got.values(), strict=True))
    return known


def output_values(design: Design, values: Mapping[str, Codes]) -> dict[str, Codes]:
    """Return the codes of every output port, (samples, elements), from those of the links."""
    return {
        port.name: values[port.link].reshape(len(values[port.link]), -1) for port in design.outputs
    }


def _words(design: Design, link: str, codes: Codes) -> Codes:
    found = design.link(link)
    return codes.reshape(len(codes), found.words, len(found.fields))


def _pipeline(design: Design, stage: Stage, ins: list[Codes]) -> dict[str, Codes]:
    """Return what a pipeline writes: each word is a sample of its logic."""
    pipeline = pipeline_of(stage)
    assert pipeline is not None
    samples = len(ins[0])
    pairs = zip(stage.reads, ins, strict=True)
    words = {name: codes.reshape(-1, codes.shape[-1]) for name, codes in pairs}
    made = evaluate(pipeline.logic, words, check=True)
    return {
        name: np.asarray(made[name]).reshape(samples, -1, len(design.link(name).fields))
        for name in stage.writes
    }
