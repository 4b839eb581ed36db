# SPDX-License-Identifier: Apache-2.0
"""Drives the top of a design whose AXI ports have a clock of their own."""

from __future__ import annotations

from typing import Any

from axis import value
from axis_driver import Axis
from bench_job import DESIGN, Failed
from cocotb.clock import Clock
from cocotb.triggers import Timer

STAGES = 2  # registers that a count passes on its way to the other clock


def period_of(mhz: float) -> int:
    """Return a period in picoseconds, an even number of them."""
    return 2 * round(5e5 / mhz)


AXI = period_of(float(DESIGN["axis"]["clock_mhz"]))
CORE = period_of(float(DESIGN["clock_mhz"]))
# Periods of the core's clock: as planned, slower and faster than AXI's, and next to it, where the
# phase drifts through all positions.
CORES = (CORE, 2 * round(1.585 * AXI), 2 * round(AXI / 5.42), 2 * round(0.505 * AXI))


class Clocks(Axis):
    """Sources and sinks on the AXI clock; the core's clock is of any period and phase.

    Attributes:
        core: period of the core's clock, in picoseconds.
    """

    def __init__(self, dut: Any, core: int = CORE) -> None:
        super().__init__(dut)
        self.core = core
        self._ticks: Clock | None = None

    async def start(self) -> None:
        """Start both clocks and reset."""
        # An asynchronous reset takes effect when it falls, before there is a clock.
        self.dut.aresetn.value = self.dut.core_aresetn.value = 1
        await Timer(AXI, unit="ps")
        self.dut.aresetn.value = 0
        await Timer(AXI, unit="ps")
        Clock(self.dut.aclk, AXI, unit="ps").start()
        await Timer(self.core // 3, unit="ps")
        self.tick(self.core)
        await self.reset(3)

    def tick(self, core: int) -> None:
        """Let the core's clock go on with another period."""
        if self._ticks is not None:
            self._ticks.stop()
        self.core = core
        self._ticks = Clock(self.dut.core_aclk, core, unit="ps")
        self._ticks.start()
        self.pace(core / AXI)

    async def reset_core(self, length: int) -> None:
        """Reset by the reset of the core alone, for some cycles of its clock.

        It falls behind an edge of AXI's clock, which a short one does not reach again.
        """
        await Timer(AXI // 2 + AXI // 20, unit="ps")
        self.dut.core_aresetn.value = 0
        for source in self.sources:
            source.idle()
        for sink in self.sinks:
            sink.idle()
        await Timer(length * self.core, unit="ps")
        for port, handle in zip(DESIGN["outputs"], self.valids, strict=True):
            if value(handle) != 0:
                raise Failed(f"tvalid of {port['name']} is not low in reset")
        self.dut.core_aresetn.value = 1
