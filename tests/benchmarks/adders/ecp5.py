# SPDX-License-Identifier: Apache-2.0
"""Designs through place and route on an ECP5, ours and alkaid's by one script.

What a design takes is counted in its mapped netlist, which is simulated first; how fast it runs is
what nextpnr's timing analysis says of it between shift registers, for several seeds. Pipelines are
compared at an equal number of stages of logic: alkaid is asked for as many as ours turned out to
have, and registers its inputs in front of them. An ECP5
table has four inputs and no room for a third operand, so both build adders of two.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from hwgen.synth import nextpnr, placement
from hwgen.synth.board import harness
from hwgen.synth.count import Measured, count
from hwgen.synth.measure import flow_digest
from hwgen.target.board import Device, load_board
from hwgen.units.library import find_unit
from tests.benchmarks.adders.cases import Case, matrices, mlp
from tests.benchmarks.adders.designs import AREA, Asked, Text, keep, ours, rival
from tests.benchmarks.adders.measure import check, digest_of, mapped, written

FAMILY, BOARD = "ecp5", "ecp5_evn"
DEVICE = Device("85k", "CABGA381", "8")
TITLE = "LFE5U-85F, speed 8"
SEEDS = (1, 2, 4)  # of 3 the static placer does not end on alkaid's network, in half an hour
# Pins of a board with this part: from just any pin there may be no way left to the clock network.
PINS = nextpnr.harness_pins(FAMILY, load_board("ulx3s").pins)
AIM = 250.0  # MHz that the placer is asked for: beyond reach, so that it never stops early
# Longest path between our registers to aim at, in nanoseconds; 0 registers the outputs alone.
LAYER_CUTOFF, MLP_CUTOFF = 4.0, 7.0


@dataclass(frozen=True)
class Placed:
    """One design.

    Attributes:
        case: name of what was built.
        title: for people.
        by: who built it.
        measured: what it takes.
        latency: cycles from input to output.
        mhz: after routing, by seed.
        routed_lut, routed_ff: as nextpnr counts them at the first seed, shift registers included.
        model: LUT of our own cost model; None for rivals.
    """

    case: str
    title: str
    by: str
    measured: Measured
    latency: int
    mhz: tuple[float, ...]
    routed_lut: int
    routed_ff: int
    model: int | None = None

    @property
    def lut(self) -> int:
        """Return its look-up tables."""
        return self.measured.lut

    @property
    def drift(self) -> float:
        """Return how far our cost model is off, as a share of the mapped count."""
        assert self.model is not None
        return self.model / self.lut - 1


def cases() -> dict[str, Callable[[], Case]]:
    """Return what is placed and routed, by name."""

    def layer() -> Case:
        return next(case for case in matrices() if case.name == "s32x32b6p75")

    def cut(case: Case, ns: float) -> Case:
        return replace(case, title=f"{case.title}, cut at {ns:g} ns", cutoff=ns)

    return {
        "ecp5_layer": layer,
        "ecp5_layer_cut": lambda: cut(layer(), LAYER_CUTOFF),
        "ecp5_mlp_cut": lambda: cut(mlp(), MLP_CUTOFF),
    }


def run(name: str, tools: set[str], out: Path, python: Path) -> Iterator[Placed]:
    """Yield the designs of one case.

    Raises:
        HwgenError: a design computes something else, or a tool failed.
    """
    case = cases()[name]()
    text = ours(case, board_name=BOARD)
    assert text.latency is not None
    if "hwgen" in tools:
        yield _placed(name, case, "hwgen", text, out)
    if "alkaid" in tools:
        stages = text.latency if case.cutoff else 0
        asked = Asked("alkaid", AREA, ternary=False, stages=stages)
        text = rival(replace(case, cutoff=0.0), asked, out / "rivals", python)
        yield _placed(name, case, "alkaid", text, out)


def _placed(name: str, case: Case, by: str, text: Text, out: Path) -> Placed:
    netlist = mapped(text, out / "mapped", FAMILY)
    latency, _ = check(case, text, netlist)
    routed = _routed(text, out / "routed")
    first = routed[0]
    return Placed(
        name, case.title, by, count(netlist), latency, tuple(r.fmax_mhz for r in routed),
        first.lut, first.ff, text.model,
    )  # fmt: skip


def _routed(text: Text, cache: Path) -> list[placement.Routed]:
    """Place and route at every seed; each result is kept by digest."""
    shell = (Path(harness.__file__), find_unit(harness.UNIT).path)
    tools = (nextpnr.version(FAMILY), flow_digest(), str(DEVICE), f"{AIM}", PINS)
    keys = (*(file.read_text() for file in shell), *tools)
    digest = digest_of(text, FAMILY, *keys)
    results = []
    with tempfile.TemporaryDirectory() as name:
        netlist, top = Path(name) / "netlist.json", ""
        for seed in SEEDS:
            kept = cache / f"{digest}-{seed}.json"
            if not kept.is_file():
                if not top:
                    files = written(text, Path(name))
                    top = nextpnr.write_harnessed(
                        files, text.top, FAMILY, netlist, device=DEVICE.name, clock=text.clock
                    )
                made = nextpnr.place_and_route(
                    netlist, top, DEVICE, FAMILY, placement.Placement(seed, AIM, PINS)
                )
                keep(kept, json.dumps(asdict(made)).encode())
            known = json.loads(kept.read_text())
            results.append(placement.Routed(**{**known, "config": None}))
    return results


def table(rows: Sequence[Placed]) -> str:
    """Return the designs, and behind each pair ours over alkaid's."""
    seeds = ", ".join(map(str, SEEDS))
    lines = [
        f"| case | by | LUT4 | FF | latency | MHz, seeds {seeds} | median MHz | placed LUT4, FF | "
        "model |",
        "|---|---|--:|--:|--:|---|--:|--:|--:|",
    ]
    for row in rows:
        m = row.measured
        model = "" if row.model is None else f"{row.model} ({100 * row.drift:+.1f} %)"
        lines.append(
            f"| {row.title} | {row.by} | {m.lut} | {m.ff} | {row.latency} | "
            f"{', '.join(f'{mhz:.0f}' for mhz in row.mhz)} | {median(row.mhz):.0f} | "
            f"{row.routed_lut}, {row.routed_ff} | {model} |"
        )
        own = next((r for r in rows if r.case == row.case and r.by == "hwgen"), row)
        if row is not own:
            ff = f"{own.measured.ff / m.ff:.2f}" if m.ff else ""
            lines.append(
                f"| {row.title} | **ours over {row.by}** | **{own.lut / m.lut:.2f}** | {ff} | | | "
                f"**{median(own.mhz) / median(row.mhz):.2f}** | | |"
            )
    return "\n".join(lines)
