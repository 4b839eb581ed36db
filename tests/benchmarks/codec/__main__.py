# SPDX-License-Identifier: Apache-2.0
"""`make bench-codec`: bits a value and DRAM energy of all coders; size and clock of our hardware.

``--only rates`` measures the coders alone, ``--only hardware`` size and clock of the units,
``--only engine`` those of the whole engine.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from hwgen.codec.block import Format
from hwgen.codec.energy import MEMORIES, Memory, resnet18_maps
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import compiled, encode
from hwgen.codec.wire import Coder, Grid
from tests.benchmarks.codec import hardware
from tests.benchmarks.codec.data import BITS, Net, images, rn06, trained
from tests.benchmarks.codec.measure import BUDGETS, OURS, PUBLISHED, WIDTHS, Lossy, Maps, at_error
from tests.benchmarks.page import write_marked

ROOT = Path(__file__).parents[3]
OUT, SHARED = ROOT / "out" / "bench-codec", ROOT.parent / "shared"
DOCUMENT, MARK = ROOT / "docs" / "codec.md", "bench-codec"
PARTS = ("rates", "hardware", "engine")
LOSSLESS_BAR, LOSSY_BAR = 0.20, 0.35
SPEED_BAR = 5e6
DRAWS = range(8)  # seeds of the crops that RN06 sees
SHOWN = 0.01  # the budget whose bytes enter the energy tables


def networks() -> list[Net]:
    """Return what is measured."""
    pictures = images(SHARED, OUT)
    other = rn06(SHARED)
    return [trained(pictures, bits, OUT) for bits in BITS] + ([other] if other else [])


def main() -> int:
    """Measure, print, and tell whether the bars were met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bless", action="store_true", help="write the report into the docs")
    parser.add_argument("--only", choices=("", *PARTS), default="", help="one part")
    given = parser.parse_args()
    failures: list[str] = []
    if given.only in ("", "rates"):
        failures += _rates(given.bless)
    if given.only in ("", "hardware"):
        failures += _hardware(given.bless)
    if given.only in ("", "engine"):
        failures += _engine(given.bless)
    for line in failures:
        print(f"FAILED: {line}", file=sys.stderr)
    return 1 if failures else 0


def _hardware(bless: bool) -> list[str]:
    """Measure the units, print, and return what misses its bar."""
    figures = []
    for unit in hardware.UNITS_MEASURED:
        figures.append(hardware.measure(unit))
        print(hardware.report(figures)[-1], flush=True)
    _told(hardware.LANE, hardware.report(figures), bless)
    return [line for one in figures for line in one.failures]


def _engine(bless: bool) -> list[str]:
    """Measure the whole engine, print, and return what misses its bar."""
    whole = hardware.measure_engine()
    _told(hardware.WHOLE, hardware.engine_report(whole), bless)
    return whole.failures


def _told(name: str, lines: Sequence[str], bless: bool) -> None:
    """Print a report, and write it between the document's markers of that name."""
    print("\n" + "\n".join(lines))
    if bless:
        write_marked(DOCUMENT, name, "\n".join(lines))


def _rates(bless: bool) -> list[str]:
    """Measure the coders, print, and return what misses its bar."""
    nets = networks()
    lossless: dict[str, dict[str, list[float]]] = {}
    curves: dict[str, tuple[list[Lossy], list[Lossy], list[Lossy]]] = {}
    sizes: dict[str, list[int]] = {}
    failures: list[str] = []
    for net in nets:
        start = time.perf_counter()
        maps = Maps(net)
        sizes[net.name] = [h * w * c for h, w, c in (one.shape for one in maps.maps)]
        lossless[net.name] = maps.lossless()
        ours = maps.ours()
        built = [maps.paper_built(width) for width in WIDTHS]
        published = [maps.paper_published(width) for width in WIDTHS]
        curves[net.name] = (ours, built, published)
        print(f"{net.name}: measured in {time.perf_counter() - start:.0f} s", flush=True)
    report = "\n".join(
        [
            *_lossless(lossless, sizes, failures),
            *_draws(),
            *_lossy(curves, failures),
            *_energy(lossless, curves),
            *_resnet18(lossless, sizes),
        ]
    )
    print("\n" + report)
    for coder in Coder:
        there, back = _speed(coder)
        print(f"{coder.name.lower()}: {there / 1e6:.1f} M values/s in, {back / 1e6:.1f} M out")
        if min(there, back) < SPEED_BAR:
            failures.append(f"{coder.name.lower()} is slower than {SPEED_BAR / 1e6:g} M values/s")
    if bless:
        write_marked(DOCUMENT, MARK, f"\n{report}")
    return failures


def _bits(sizes: Sequence[float], values: Sequence[int]) -> float:
    return 8 * sum(sizes) / sum(values)


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _head(*cells: object) -> list[str]:
    return [_row(*cells), "|" + "---|" * len(cells)]


def _lossless(
    found: Mapping[str, Mapping[str, list[float]]],
    sizes: Mapping[str, Sequence[int]],
    failures: list[str],
) -> list[str]:
    titles = ("raw", "ZVC", "zero-run", "EBPC", "Rice", "Huffman", "tANS")
    lines = ["### Lossless, bits a value", ""]
    lines += _head("maps of", *titles, "tANS below ZVC and EBPC")
    for name, row in found.items():
        bits = {coder: _bits(row[coder], sizes[name]) for coder in (*PUBLISHED, *OURS)}
        saving = 1 - bits["tans"] / min(bits["zvc"], bits["ebpc"])
        cells = [f"{bits[coder]:.2f}" for coder in (*PUBLISHED, *OURS)]
        lines.append(_row(name, *cells, f"{100 * saving:.0f} %"))
        if saving < LOSSLESS_BAR:
            failures.append(f"{name}: lossless saving {saving:.3f} below {LOSSLESS_BAR}")
    return [*lines, ""]


def _lossy(
    curves: Mapping[str, tuple[list[Lossy], list[Lossy], list[Lossy]]], failures: list[str]
) -> list[str]:
    lines = ["### With loss, bits a value at equal error of the outputs", ""]
    lines += _head(
        "maps of", "error", "same class", "ours", "paper, as published", "paper, as built", "saving"
    )
    for name, (ours, built, published) in curves.items():
        compared = 0
        for point in ours:
            theirs = at_error(published, point.error)
            hardware = at_error(built, point.error)
            saving = None if theirs is None else 1 - point.bits / theirs
            cells = [f"{bits:.2f}" if bits is not None else "-" for bits in (theirs, hardware)]
            lines.append(
                _row(
                    name,
                    f"{point.error:.4f}",
                    f"{100 * point.agreement:.1f} %",
                    f"{point.bits:.2f}",
                    *cells,
                    "-" if saving is None else f"{100 * saving:.0f} %",
                )
            )
            if saving is not None:
                compared += 1
                if saving < LOSSY_BAR:
                    failures.append(f"{name}: lossy saving {saving:.3f} below {LOSSY_BAR}")
        if not compared:
            failures.append(f"{name}: no error at which both can be compared")
    return [*lines, ""]


def _energy(
    found: Mapping[str, Mapping[str, list[float]]],
    curves: Mapping[str, tuple[list[Lossy], list[Lossy], list[Lossy]]],
) -> list[str]:
    lines = [
        "### DRAM energy of the maps, uJ an image: written once, read once, whole bursts",
        "",
        "Raw is the network's own width, so many bits a value as the lossless table says.",
        "",
    ]
    lines += _head(
        "maps of",
        "memory",
        "raw",
        "ZVC",
        "tANS",
        f"with loss ({SHOWN:g})",
        "tANS against raw",
        "against ZVC",
    )
    for name, row in found.items():
        lossy = curves[name][0][BUDGETS.index(SHOWN)].bytes
        for memory in MEMORIES:
            raw, zvc, tans, less = (
                1000 * sum(memory.energy(int(np.ceil(size))) for size in data)
                for data in (row["raw"], row["zvc"], row["tans"], lossy)
            )
            lines.append(
                _row(
                    name,
                    memory.name,
                    f"{raw:.2f}",
                    f"{zvc:.2f}",
                    f"{tans:.2f}",
                    f"{less:.2f}",
                    f"-{100 * (1 - tans / raw):.0f} %",
                    f"-{100 * (1 - tans / zvc):.0f} %",
                )
            )
    return [*lines, ""]


def _draws() -> list[str]:
    """Return what the draw of the crops does to RN06's saving, over `DRAWS`."""
    nets = [net for net in (rn06(SHARED, seed) for seed in DRAWS) if net is not None]
    savings = sorted(saving(Maps(net)) for net in nets)
    if not savings:
        return []
    return [
        f"RN06, lossless, tANS below the better of ZVC and EBPC, {len(savings)} draws of crops: "
        f"median {100 * float(np.median(savings)):.1f} %, "
        f"{100 * savings[0]:.1f} to {100 * savings[-1]:.1f} %.",
        "",
    ]


def saving(maps: Maps) -> float:
    """Return how far tANS is below the better of ZVC and EBPC, as a share."""
    row = maps.lossless()
    return 1 - sum(row["tans"]) / min(sum(row["zvc"]), sum(row["ebpc"]))


def _resnet18(
    found: Mapping[str, Mapping[str, list[float]]], sizes: Mapping[str, Sequence[int]]
) -> list[str]:
    maps = [h * w * c for _, h, w, c in resnet18_maps()]
    lines = [
        f"### ResNet-18, 224 x 224: {len(maps)} maps, {sum(maps):,} values, mJ an image",
        "",
        "At the bits a value measured above on the network named, frames included.",
        "",
    ]
    lines += _head("bits as of", "memory", "raw", "ZVC", "tANS", "saving")

    def energy(memory: Memory, bits: float) -> float:
        return sum(memory.energy(int(np.ceil(n * bits / 8))) for n in maps)

    for name, row in found.items():
        for memory in MEMORIES:
            raw, zvc, tans = (
                energy(memory, _bits(row[c], sizes[name])) for c in ("raw", "zvc", "tans")
            )
            cells = (f"{raw:.3f}", f"{zvc:.3f}", f"{tans:.3f}", f"-{100 * (1 - tans / raw):.0f} %")
            lines.append(_row(name, memory.name, *cells))
    return lines


def _speed(coder: Coder) -> tuple[float, float]:
    """Return values a second, encoding and decoding, on one core."""
    rng = np.random.default_rng(0)
    grid = Grid.of(56, 56, 256)
    shape = (grid.height, grid.width, grid.channels)
    values = np.clip(np.rint(rng.laplace(0, 3, shape)), 0, 255).astype(np.int64)
    form = Format(8, Tables.generic(), coder)
    best = [0.0, 0.0]
    for _ in range(3):
        start = time.process_time()
        coded = encode(values, grid, form, engine=compiled())
        middle = time.process_time()
        coded.decode(compiled())
        end = time.process_time()
        best = [
            max(best[0], grid.size / (middle - start)),
            max(best[1], grid.size / (end - middle)),
        ]
    return best[0], best[1]


if __name__ == "__main__":
    sys.exit(main())
