# SPDX-License-Identifier: Apache-2.0
"""Results of synthesis tools, as values: what a design takes, how fast it is, its bitstream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from hwgen.cost.figures import Resources


@dataclass(frozen=True)
class Taken:
    """Resources of mapped logic.

    Attributes:
        lut: look-up tables; a site of two counts as one, as with the vendor.
        ff: flip-flops.
        carry: positions of carry chains, each with its table.
        dsp, bram: blocks.
        depth: tables in a row on the longest path, a chain as one; None where no tool said.
    """

    lut: int
    ff: int
    carry: int
    dsp: int
    bram: int
    depth: int | None


@dataclass(frozen=True)
class VivadoRun(Taken):
    """Result of Vivado: resources, longest path in ns, clock where they are known."""

    ns: float | None
    routed: bool
    fmax_mhz: float | None = None


@dataclass(frozen=True)
class VitisRun(Taken):
    """Result of Vitis HLS: resources, longest path in ns, latency and interval in cycles."""

    ns: float | None
    latency: int | None
    interval: int | None


@dataclass(frozen=True)
class Routes:
    """Placements of one core by nextpnr.

    Attributes:
        tool: with its version.
        fmax_mhz: median over the seeds.
        seeds: clock of each seed.
        goal_mhz: clock of the build.
        lut, ff, dsp, bram: of the placement with the median clock, the harness included.
        used: of each kind of cell, how many are used of how many.
    """

    tool: str
    fmax_mhz: float
    seeds: Mapping[str, float]
    goal_mhz: float
    lut: int
    ff: int
    dsp: int
    bram: int
    used: Mapping[str, tuple[int, int]]


@dataclass(frozen=True)
class Bitstream:
    """Bitstream of a self-test.

    Attributes:
        file: below the build.
        bytes: its size.
        clock_mhz: of the test.
        fmax_mhz: that the placement reaches.
        seed: of the placement.
        samples: that the test compares.
        lut, ff, bram: of core and test together.
    """

    file: str
    bytes: int
    clock_mhz: float
    fmax_mhz: float
    seed: int
    samples: int
    lut: int
    ff: int
    bram: int


@dataclass(frozen=True)
class Modelled:
    """Estimate of the build, to stand beside synthesis: by stage and in total."""

    stages: Mapping[str, Resources]
    total: Resources


@dataclass(frozen=True)
class Synthesis:
    """Result of one synthesis.

    Attributes:
        tool: with its version.
        board, part, family: of the target.
        top: module.
        rtl: digest of the RTL.
        dsp: whether products could take DSP blocks.
        stages: resources by layer.
        total: of the whole, flat.
        estimate: of the build; None for another family.
        route, bitstream, vivado, vitis: of the other tools; None where they were not asked for.
    """

    tool: str
    board: str
    part: str
    family: str
    top: str
    rtl: str
    dsp: bool
    stages: Mapping[str, Taken]
    total: Taken
    estimate: Modelled | None = None
    route: Routes | None = None
    bitstream: Bitstream | None = None
    vivado: VivadoRun | None = None
    vitis: VitisRun | None = None

    def as_dict(self) -> dict[str, object]:
        """Return plain data, without what is None."""
        made: dict[str, object] = {k: v for k, v in asdict(self).items() if v is not None}
        if self.vivado is not None and self.vivado.fmax_mhz is None:
            made["vivado"] = {k: v for k, v in asdict(self.vivado).items() if k != "fmax_mhz"}
        return made
