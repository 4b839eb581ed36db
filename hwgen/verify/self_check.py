# SPDX-License-Identifier: Apache-2.0
"""Self-check of a build: its logic against the reference, on vectors made here."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from hwgen.design.types import Design
from hwgen.design.values import link_values, output_values, stage_words
from hwgen.errors import ConfigError, Mismatch
from hwgen.ir.graph import Graph, Node
from hwgen.ir.tensor import Codes
from hwgen.logic.evaluate import evaluate
from hwgen.ops.reference import Reference
from hwgen.plan.goal import check_seed
from hwgen.verify.vectors import (
    CORNERS,
    Vectors,
    corner_vectors,
    data_vectors,
    join,
    random_vectors,
)

SELF_CHECK = 256  # samples on which every build compares its logic with the reference
_FEWEST = 5  # one of each kind of random sample
_WORDS = 1 << 15  # of all samples of a map together
MAX_VALUES = 1 << 28  # of all samples together, inputs and outputs: 2 GiB


def make_vectors(
    graph: Graph,
    samples: int,
    seed: int,
    data: Mapping[str, Codes] | None = None,
    corners: int = CORNERS,
) -> Vectors:
    """Return corner, seeded random and data vectors with the reference's outputs.

    *corners* elements are extreme alone, at most, besides the corners of all elements together.

    Raises:
        ConfigError: fewer than one sample, more than memory holds, or a seed out of range.
    """
    check_counts(graph, samples, seed)
    types = {node.name: node.type for node in graph.inputs}
    parts = [corner_vectors(types, corners), random_vectors(types, samples, seed)]
    if data is not None:
        parts.append(data_vectors(types, data))
    inputs = join(parts)
    return inputs.with_outputs(Reference(graph).run(inputs.inputs))


def reached(graph: Graph, inputs: Mapping[str, Codes]) -> dict[str, float]:
    """Return which share of each node's proven interval some samples reached, from 0 to 1."""
    found = Reference(graph, [node.name for node in graph.nodes]).run(inputs)
    shares = {}
    for node in graph.nodes:
        low, high = (np.asarray(bound, np.float64) for bound in (node.type.lo, node.type.hi))
        codes = np.asarray(found[node.name], np.float64)
        room, seen = np.sum(high - low), np.sum(codes.max(axis=0) - codes.min(axis=0))
        shares[node.name] = round(float(seen / room), 4) if room else 1.0
    return shares


def check_counts(graph: Graph, samples: int, seed: int) -> None:
    """Refuse numbers of samples and seeds that cannot be used.

    Raises:
        ConfigError: they are out of range.
    """
    most = MAX_VALUES // sum(node.type.size for node in (*graph.inputs, *_leaving(graph)))
    if not 1 <= samples <= most:
        raise ConfigError(
            f"{samples} samples: 1 to {most:,} are possible for this model",
            "--samples",
            "ask for another number",
        )
    check_seed(seed)


def _leaving(graph: Graph) -> list[Node]:
    return [graph[out.node] for out in graph.outputs]


def _evaluated(design: Design, inputs: Mapping[str, Codes]) -> Mapping[str, Codes]:
    """Return the outputs of a design's logic; of a serial one, digit by digit."""
    if design.style == "stream":
        return output_values(design, link_values(design, inputs))
    if design.style == "serial":
        known = stage_words(design, inputs)
        return {port.name: known[port.link] for port in design.outputs}
    return evaluate(design.pipeline.logic, inputs, check=True)


def self_check(graph: Graph, design: Design, seed: int) -> None:
    """Compare the design's logic with the reference on random samples.

    Raises:
        Mismatch: they differ, which is a bug in hwgen; the message names the layer.
    """
    types = {node.name: node.type for node in graph.inputs}
    samples = checked_samples(design)
    vectors = random_vectors(types, samples, seed).inputs
    expected = Reference(graph).run(vectors)
    got = _evaluated(design, vectors)
    for out in graph.outputs:
        want = np.asarray(expected[out.name]).reshape(samples, -1)
        differs = np.argwhere(want != got[out.name])
        if len(differs):
            row, element = (int(i) for i in differs[0])
            raise Mismatch(
                f"the planned design gives {got[out.name][row, element]} for element {element} of "
                f"sample {row}, the reference {want[row, element]}",
                out.name,
                f"this is a bug in hwgen; replay with --seed {seed}",
            )


def checked_samples(design: Design) -> int:
    """Return on how many samples a build compares: fewer where one is a map of many words."""
    words = max(link.words for link in design.links)
    return max(_FEWEST, min(SELF_CHECK, _WORDS // words))
