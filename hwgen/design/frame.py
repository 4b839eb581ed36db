# SPDX-License-Identifier: Apache-2.0
"""AXI-Stream frames: how one sample of a port travels through the AXI-Stream top."""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd

from hwgen.design.types import Design, Port


@dataclass(frozen=True)
class Frame:
    """AXI-Stream frame of one sample of a port.

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


def word_params(design: Design, port: Port, leaving: bool) -> dict[str, int]:
    """Return the parameters of the unit between the frames of a port and its words.

    Args:
        design: in the stream style.
        port: of it.
        leaving: whether words become frames (``hwg_axis_from_words``); else frames become words
            (``hwg_axis_to_words``).
    """
    frame = Frame.of(port, design.data_width)
    lanes, beat = len(design.link(port.link).fields), design.data_width // 8
    word = lanes * frame.container // 8
    last = frame.bytes - (frame.beats - 1) * beat
    return {
        "DataWidth": design.data_width,
        "Container": frame.container,
        "Width": port.fixed.width,
        **({"Signed": int(port.fixed.signed)} if leaving else {}),
        "Count": port.size,
        "Lanes": lanes,
        "Grain": gcd(beat, word) if leaving else gcd(beat, word, last),
    }


def buffer_depth(design: Design) -> int:
    """Return how many samples core and FIFO must hold so that full rate is kept.

    A place is taken for ``latency + 2`` cycles, and samples follow each other no faster than their
    beats; one place more, because sink and source need not be in step.
    """
    beats = max(Frame.of(p, design.data_width).beats for p in (*design.inputs, *design.outputs))
    return -(-(design.latency + 2) // max(beats, design.interval)) + 1
