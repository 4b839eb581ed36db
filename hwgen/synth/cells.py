# SPDX-License-Identifier: Apache-2.0
"""Cost of a primitive cell, family by family, in the units that a board's budget counts.

Look-up tables and carry positions of AMD parts share sites and are counted in `hwgen.synth.count`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Cells:
    """Cells of a family.

    Attributes:
        lut: kind to look-up tables, memory in tables included.
        carry: kind to carry positions; each owns a table.
        dsp, bram: kind to half blocks.
        free: kinds that take nothing of what is counted; multiplexers that join tables, constants.
    """

    lut: Mapping[str, int] = field(default_factory=dict)
    carry: Mapping[str, int] = field(default_factory=dict)
    dsp: Mapping[str, int] = field(default_factory=dict)
    bram: Mapping[str, int] = field(default_factory=dict)
    free: frozenset[str] = frozenset()


def _each(kinds: Iterable[str], halves: int) -> dict[str, int]:
    return dict.fromkeys(kinds, halves)


_MULTIPLIERS = {"MULT9X9": 1, "MULT18X18": 2, "MULT18X36": 4, "MULT36X18": 4, "MULT36X36": 8}

# Memory in tables, UG574 and UG474: a dual port reads through a second set of tables.
_AMD = Cells(
    lut={
        **dict.fromkeys(("RAM32X1S", "RAM64X1S", "SRL16E", "SRLC16E", "SRLC32E"), 1),
        **dict.fromkeys(("RAM32X1D", "RAM64X1D", "RAM128X1S"), 2),
        **dict.fromkeys(("RAM128X1D", "RAM256X1S", "RAM32M", "RAM64M"), 4),
        **dict.fromkeys(("RAM256X1D", "RAM512X1S", "RAM32M16", "RAM64M8"), 8),
    },
    carry={"CARRY4": 4},
    dsp=_each(("DSP48E1", "DSP48E2"), 2),
    bram={**_each(("RAMB18E1", "RAMB18E2"), 1), **_each(("RAMB36E1", "RAMB36E2"), 2)},
    free=frozenset({"MUXF7", "MUXF8", "MUXF9", "VCC", "GND", "BUFG", "IBUF", "OBUF"}),
)

CELLS: Mapping[str, Cells] = {
    "ultrascale_plus": _AMD,
    "ultrascale": _AMD,
    "series7": _AMD,
    # A memory of 16 x 4 takes a slice pair for its words and one slice's tables for its write port.
    "ecp5": Cells(
        lut={"LUT4": 1, "TRELLIS_DPR16X4": 6},
        carry={"CCU2C": 2},
        dsp={"MULT9X9D": 1, "MULT18X18D": 2},
        bram=_each(("DP16KD", "PDPW16KD"), 2),
        free=frozenset({"PFUMX", "L6MUX21", "VHI", "VLO"}),
    ),
    "nexus": Cells(
        lut={"LUT4": 1, "INV": 1, "WIDEFN9": 2, "DPR16X4": 6},
        carry={"CCU2": 2},
        dsp={
            **_MULTIPLIERS,
            "MULTADDSUB9X9WIDE": 4, "MULTADDSUB18X18": 2, "MULTADDSUB18X18WIDE": 4,
            "MULTADDSUB18X36": 4, "MULTADDSUB36X36": 8, "MULTPREADD9X9": 1, "MULTPREADD18X18": 2,
        },
        bram=_each(("DP16K", "PDP16K", "PDPSC16K", "SP16K", "DP16K_MODE", "PDP16K_MODE",
                    "PDPSC16K_MODE", "SP16K_MODE"), 2),
        free=frozenset({"VHI", "VLO"}),
    ),
    "gowin": Cells(
        lut={
            "LUT1": 1, "LUT2": 1, "LUT3": 1, "LUT4": 1, "INV": 1,
            "RAM16SDP1": 1, "RAM16SDP2": 2, "RAM16SDP4": 4,
        },
        carry={"ALU": 1},
        dsp=_MULTIPLIERS,
        bram=_each(("SP", "SPX9", "SDPB", "SDPX9B", "DPB", "DPX9B", "pROM", "pROMX9"), 2),
        free=frozenset({"MUX2_LUT5", "MUX2_LUT6", "MUX2_LUT7", "MUX2_LUT8", "VCC", "GND"}),
    ),
    "ice40": Cells(
        lut={"SB_LUT4": 1},
        carry={"SB_CARRY": 1},
        dsp={"SB_MAC16": 2},
        bram=_each(("SB_RAM40_4K", "SB_RAM40_4KNR", "SB_RAM40_4KNW", "SB_RAM40_4KNRNW"), 2),
        free=frozenset({"SB_GB"}),
    ),
}  # fmt: skip

AMD = ("ultrascale_plus", "ultrascale", "series7")
