# SPDX-License-Identifier: Apache-2.0
"""The registers of a pipeline, by who keeps them."""

from __future__ import annotations

from hwgen.design.types import Pipeline
from hwgen.logic.bit_origins import output_bits, register_bits
from hwgen.logic.nodes import In


def registers(pipeline: Pipeline) -> dict[str, int]:
    """Return the register bits of every layer, and under ``top`` those around them.

    A bit counts where it is computed, once however many wires repeat it. Around the layers are the
    delays of network inputs, the rank that outputs leave through, and the valid bits.
    """
    logic = pipeline.logic
    bits = register_bits(logic, pipeline.cycle, pipeline.latency)
    inputs = sum(bits[w] for w, node in enumerate(logic.nodes) if isinstance(node, In))
    around = inputs + output_bits(logic) + pipeline.latency
    own = {layer.name: sum(bits[w] for w in layer.wires) for layer in pipeline.layers}
    return own | {"top": around}
