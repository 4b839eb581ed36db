# SPDX-License-Identifier: Apache-2.0
"""AXI-Stream frames: how one sample of a port travels through the AXI-Stream top."""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.design.types import Port


@dataclass(frozen=True)
class Frame:
    """How one sample of a port travels as an AXI-Stream frame.

    Attributes:
        container: bits an element takes.
        bytes: of a sample.
        beats: of a sample.
    """

    container: int
    bytes: int
    beats: int

    @classmethod
    def of(cls, port: Port, data_width: int) -> Frame:
        """Lay out the frame: containers of 8, 16, 32 or a multiple of 64 bits, no gaps."""
        width = port.fixed.width
        container = next((c for c in (8, 16, 32) if width <= c), -(-width // 64) * 64)
        total = port.size * container
        return cls(container, total // 8, -(-total // data_width))
