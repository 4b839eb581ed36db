# SPDX-License-Identifier: Apache-2.0
"""Energy of moving feature maps: DRAM energy from bytes, for the memories of docs/codec.md."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Memory:
    """A memory.

    Attributes:
        name: for tables.
        write, read: energy in pJ a bit.
        burst: bytes of a transfer; whatever is moved is rounded up to it.
        source: where the figures come from.
    """

    name: str
    write: float
    read: float
    burst: int
    source: str

    def energy(self, data: int, writes: int = 1, reads: int = 1) -> float:
        """Return the energy in mJ of moving so many bytes, in whole bursts."""
        whole = -(-data // self.burst) * self.burst
        return 8 * whole * (writes * self.write + reads * self.read) * 1e-9


MEMORIES = (
    Memory(
        "DDR3-1066",
        63.3,
        77.4,
        64,
        "the power script of the transform-coding paper's repository: 180 mA write, 220 mA read, "
        "1.5 V, 4 clocks of 1066 MHz for 16 bits",
    ),
    Memory("LPDDR4", 10.0, 10.0, 64, "literature, 5 to 10 pJ/bit; the upper end"),
)


def resnet18_maps(side: int = 224) -> tuple[tuple[str, int, int, int], ...]:
    """Return name, height, width and channels of the 17 maps behind the ReLUs of ResNet-18."""
    size = side // 2
    maps = [("conv1", size, size, 64)]
    size //= 2
    for stage, channels in enumerate((64, 128, 256, 512), 2):
        size = size if stage == 2 else size // 2
        maps += [(f"conv{stage}_{i}", size, size, channels) for i in range(1, 5)]
    return tuple(maps)
