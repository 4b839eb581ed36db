# SPDX-License-Identifier: Apache-2.0
"""Trace: what every layer gives for some samples, by which a mismatch names the first wrong one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.design.types import Design, Tap
from hwgen.design.values import link_values, stage_words
from hwgen.logic.evaluate import evaluate_wires
from hwgen.logic.serial.evaluate import Digits

Trace = Callable[[Mapping[str, npt.NDArray[Any]]], Mapping[str, npt.NDArray[Any]]]


def trace_of(design: Design) -> Trace:
    """Return the function that tells what every layer of *design* gives, for `simulate`.

    By link it gives: of a parallel design ``(samples, exports)``, of a serial one ``(samples,
    exports, digits)``, or ``(samples, fields, 1)`` between its stages where it has several; of a
    stream design ``(samples, words, lanes)``.
    """
    given = {"stream": link_values, "serial": _digits}.get(design.style, _exports)
    return partial(given, design)


def _exports(design: Design, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    layers = design.pipeline.layers
    wires = [tap.wire for layer in layers for tap in layer.exports]
    values = evaluate_wires(design.pipeline.logic, inputs, wires)

    def value(tap: Tap) -> npt.NDArray[Any]:
        return (values[tap.wire] < 0).astype(np.int64) if tap.sign else values[tap.wire]

    return {x.link: np.stack([value(tap) for tap in x.exports], axis=1) for x in layers}


def _digits(design: Design, inputs: Mapping[str, npt.NDArray[Any]]) -> dict[str, npt.NDArray[Any]]:
    part = design.serial
    if part is None:
        known = stage_words(design, inputs)
        return {link: known[link][..., None] for stage in design.stages for link in stage.writes}
    graph = part.graph
    bits = Digits(graph, inputs).run()
    weights = 1 << np.arange(graph.digit_bits, dtype=np.int64)

    def value(tap: Tap) -> npt.NDArray[Any]:
        found = bits[tap.wire].reshape(-1, graph.digits, graph.digit_bits)
        numbers: npt.NDArray[Any] = found @ weights
        return numbers

    return {x.link: np.stack([value(tap) for tap in x.exports], axis=1) for x in part.layers}


def explaining(design: Design) -> str:
    """Return the claim of the bench that finds the first wrong layer."""
    return "first_wrong_digit" if design.style == "serial" else "first_wrong_layer"


def traced(design: Design) -> list[str]:
    """Return the signals of the core's top that the claim reads."""
    if design.style == "stream":
        names = [name for stage in design.stages for name in stage.writes]
        return [f"{name}_{wire}" for name in names for wire in ("valid", "ready", "data")]
    if design.serial is not None:
        return [layer.link for layer in design.serial.layers]
    if design.style == "serial":
        return [f"{name}_data" for stage in design.stages for name in stage.writes]
    return [f"{layer.link}_data" for pipeline in design.pipelines for layer in pipeline.layers]
