# SPDX-License-Identifier: Apache-2.0
"""Registers of a packaged network: ``rtl/axi/hwg_axil_regs.rdl`` with its figures."""

from __future__ import annotations

from hwgen.package.network.core import ADDRESS_WIDTH, NetworkCore
from hwgen.package.registers import RegisterMap, filled
from hwgen.package.text import triple

DESCRIPTION = "axi/hwg_axil_regs.rdl"


def identity(core: NetworkCore) -> dict[str, int]:
    """Return the figures of a network in the registers, by parameter of the description."""
    major, minor, patch = triple(core.version)
    return {
        "MAJOR": major,
        "MINOR": minor,
        "PATCH": patch,
        "DIGEST_HI": int(core.model[:8], 16),
        "DIGEST_LO": int(core.model[8:16], 16),
        "LATENCY": core.latency,
        "INTERVAL": core.interval,
        "CLOCK_KHZ": core.clock_khz,
        "DATA_WIDTH": core.data_width,
        "INPUTS": len(core.inputs),
        "OUTPUTS": len(core.outputs),
    }


def network_registers(core: NetworkCore) -> RegisterMap:
    """Return the registers of a network.

    Raises:
        ToolMissing: PeakRDL is not installed.
    """
    name = f"{core.base}_regs"
    return RegisterMap.of(name, filled(DESCRIPTION, name, identity(core)), 1 << ADDRESS_WIDTH)
