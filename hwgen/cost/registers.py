# SPDX-License-Identifier: Apache-2.0
"""The registers of a design, by who keeps them."""

from __future__ import annotations

from hwgen.design.types import Design
from hwgen.logic.bit_origins import output_bits, register_bits
from hwgen.logic.nodes import In


def registers(design: Design) -> dict[str, int]:
    """Return the register bits of every stage, and under ``top`` those around them.

    A bit counts where it is computed, once however many wires repeat it. Around the stages are the
    delays of network inputs, the rank that outputs leave through, and the valid bits.
    """
    logic = design.logic
    bits = register_bits(logic, design.cycle, design.latency)
    inputs = sum(bits[w] for w, node in enumerate(logic.nodes) if isinstance(node, In))
    around = inputs + output_bits(logic) + design.latency
    return {s.name: sum(bits[w] for w in s.wires) for s in design.stages} | {"top": around}
