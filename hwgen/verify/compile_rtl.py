# SPDX-License-Identifier: Apache-2.0
"""Compiles generated Verilog for a cocotb bench, quickly, and runs the bench in its own process.

cocotb's runner would make every signal of a design public, which forbids Verilator nearly every
optimisation (42 s instead of 8 s for 25,000 lines); here only the ports of the top are. Verilator's
run-time library is the same for every design and is compiled once a machine.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hwgen import paths, tools
from hwgen.design.source_list import read_list
from hwgen.design.types import Design
from hwgen.errors import ConfigError, ProtocolViolation, ToolFailed
from hwgen.verify import simulators
from hwgen.verify.plain import is_plain, linked, plain_path

TIMESCALE = ("1ns", "1ps")
# Optimised C++ simulates about 3 ns a node and cycle faster, and compiles about 0.5 ms a node
# slower.
ROWS_WORTH_OPTIMISING = 100_000


@dataclass(frozen=True)
class Source:
    """Source of a simulation: files, top and parameters to compile.

    Attributes:
        top: module name.
        files: in dependency order.
        signals: of the top, that the bench reads or writes.
    """

    top: str
    files: tuple[Path, ...]
    signals: tuple[str, ...]


def files(out: Path) -> tuple[Path, ...]:
    """Return the sources that ``rtl/files.f`` names, in order.

    Raises:
        ConfigError: the list, or a file of it, is missing.
    """
    listing = out / "rtl" / "files.f"
    if not listing.is_file():
        raise ConfigError("there is no rtl/files.f here", str(out), "run `hwgen build` first")
    found = []
    for name in read_list(listing.read_text("utf-8")):
        path = next((p for p in (out / "rtl" / name, out / name) if p.is_file()), None)
        if path is None:
            raise ConfigError(f"files.f names {name}, which is missing", str(out), "build it again")
        found.append(path)
    return tuple(found)


def port_names(design: Design, top: str) -> list[str]:
    """Return the ports of the ``flow``, ``stream``, ``axis`` or ``cdc`` top of a design."""
    ins, outs = ([port.name for port in side] for side in (design.inputs, design.outputs))
    if top == "stream":
        taken = [f"{n}_{w}" for n in ins for w in ("valid_i", "ready_o", "data_i")]
        given = [f"{n}_{w}" for n in outs for w in ("valid_o", "ready_i", "data_o")]
        return ["clk_i", "rst_ni", *taken, *given]
    if top == "flow":
        data = [f"{n}_data_i" for n in ins] + [f"{n}_data_o" for n in outs]
        told = ["interval_error_o"] if design.style == "serial" else []
        return ["clk_i", "rst_ni", "in_valid_i", "out_valid_o", *data, *told]
    prefixes = [f"s_axis_{n}" for n in ins] if len(ins) > 1 else ["s_axis"]
    prefixes += [f"m_axis_{n}" for n in outs] if len(outs) > 1 else ["m_axis"]
    wires = ("tdata", "tkeep", "tlast", "tvalid", "tready")
    more = ["core_aclk", "core_aresetn", "aresetn_o"] if top == "cdc" else []
    data = [f"{p}_{w}" for p in prefixes for w in wires]
    return ["aclk", "aresetn", *more, "frame_error_o", *data]


def _defines(source: Source) -> list[str]:
    # The handshake checkers, where the design brings them along.
    return ["HWG_ASSERT"] if any(f.name == "hwg_stream_check.sv" for f in source.files) else []


def verilate(source: Source, folder: Path, *, waves: bool, rows: int, timeout: float) -> None:
    """Compile with Verilator into *folder*; the executable is named after the top.

    Raises:
        ToolMissing, ToolFailed: a tool is absent, or does not accept the sources.
    """
    with plain_path(folder) as place:
        _verilate(source, place, waves=waves, rows=rows, timeout=timeout)


def _verilate(source: Source, folder: Path, *, waves: bool, rows: int, timeout: float) -> None:
    import cocotb_tools.config as cocotb  # where its library and main program are

    verilator = simulators.verilator()
    public = folder / "public.vlt"
    lines = [f'public_flat_rw -module "{source.top}" -var "{name}"' for name in source.signals]
    public.write_text("\n".join(["`verilator_config", *lines, ""]), encoding="utf-8")
    main = linked(Path(cocotb.share_dir)) / "lib" / "verilator" / "verilator.cpp"
    libs = linked(Path(cocotb.libs_dir))
    command = [
        *tools.DEEP, str(verilator.path), "--cc", "--exe", "--vpi", "--assert",
        "-Mdir", str(folder), "--prefix", "Vtop", "--top-module", source.top, "-o", source.top,
        "--timescale", "/".join(TIMESCALE),
        # Lint is a test of its own. Registers without reset start at random.
        "-Wno-fatal", "--x-initial", "unique", "--x-assign", "unique",
        *(["--trace-vcd"] if waves else []),  # FST needs a library that may be absent
        *(f"-D{name}" for name in _defines(source)),
        "-LDFLAGS", f"-Wl,-rpath,{libs} -L{libs} -lcocotbvpi_verilator",
        str(main), str(public), *map(str, source.files),
    ]  # fmt: skip
    log = folder / "verilate.log"
    tools.run(command, env=verilator.env, log=log, timeout=timeout, what=source.top)
    # The main program sees nothing of a design but its ports, which are what this header declares.
    seen = hashlib.sha256(main.read_bytes() + (folder / "Vtop.h").read_bytes())
    compiled_main = {f"main-{seen.hexdigest()[:16]}.o": folder / "verilator.o"}
    speed = "-O1" if rows >= ROWS_WORTH_OPTIMISING else "-O0"
    make_model(folder, "Vtop", source.top, speed, compiled_main, waves=waves, timeout=timeout)


def make_model(
    folder: Path,
    prefix: str,
    program: str,
    speed: str,
    more: Mapping[str, Path] | None = None,
    *,
    waves: bool = False,
    timeout: float = 1800.0,
) -> None:
    """Compile the C++ that Verilator wrote into *folder*; its run-time library is in a cache.

    Args:
        folder: of the C++, of the makefile, and of what is made.
        prefix: of Verilator's files.
        program: to make.
        speed: the compiler's option for the model.
        more: files that the cache keeps beside the library: name there, place in the folder.
        waves: the model writes waveforms.
        timeout: seconds.

    Raises:
        ToolMissing, ToolFailed: a tool is absent, or does not accept the sources.
    """
    verilator, make, compiler = simulators.verilator(), simulators.make(), simulators.compiler()
    stored = _library(verilator, compiler, waves)
    wanted = {**(more or {})}
    wanted |= {item.name: folder / item.name for item in stored.glob("verilated*.o")}
    for name, place in wanted.items():
        with suppress(OSError):
            shutil.copyfile(stored / name, place)  # not copy2: newer than the makefile
    options = [
        f"OPT_FAST={speed}", "OPT_SLOW=-O0", "OPT_GLOBAL=-O1", f"CXX={compiler.path}",
        f"LINK={compiler.path}", f"PYTHON3={linked(Path(sys.executable))}",
        # The wheel was configured for another compiler: g++ takes a precompiled header this way.
        "CFG_CXXFLAGS_PCH_I=-include", "CFG_GCH_IF_CLANG=",
    ]  # fmt: skip
    command = [str(make.path), "-j2", "-C", str(folder), "-f", f"{prefix}.mk", program, *options]
    log = folder / "make.log"
    tools.run(command, env=verilator.env, log=log, timeout=timeout, what=program)
    wanted |= {item.name: item for item in folder.glob("verilated*.o")}
    _store(stored, wanted)


def library_ready(waves: bool) -> bool:
    """Tell whether the run-time library need not be compiled."""
    return (
        _library(simulators.verilator(), simulators.compiler(), waves) / "verilated.o"
    ).is_file()


def _library(verilator: tools.Tool, compiler: tools.Tool, waves: bool) -> Path:
    """Return the folder that keeps the compiled run-time library of these tools."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    seen = hashlib.sha256(f"{compiler.version()} {waves}".encode())
    root = verilator.env.get("VERILATOR_ROOT")
    if root is None:
        seen.update(verilator.version().encode())
    else:
        for item in sorted((Path(root) / "include").glob("verilated*")):
            if item.is_file():
                seen.update(item.read_bytes())
    return Path(home) / "hwgen" / f"verilated-{seen.hexdigest()[:16]}"


def _store(stored: Path, items: Mapping[str, Path]) -> None:
    # A cache: where it cannot be written, all works without. A file appears whole or not at all.
    with suppress(OSError):
        stored.mkdir(parents=True, exist_ok=True)
        for name, item in items.items():
            if not (stored / name).exists():
                handle, fresh = tempfile.mkstemp(dir=stored, prefix="fresh-")
                os.close(handle)
                shutil.copyfile(item, fresh)
                os.replace(fresh, stored / name)


def icarus_job(source: Source, folder: Path, *, waves: bool) -> Mapping[str, object]:
    """Return the arguments with which cocotb's runner compiles for Icarus."""
    return {
        "sources": [str(path) for path in source.files],
        "hdl_toplevel": source.top,
        "build_dir": str(folder),
        "timescale": TIMESCALE,
        "defines": dict.fromkeys(_defines(source), 1),
        "always": True,
        "waves": waves,
    }


def bench_environment() -> dict[str, str]:
    """Return the environment of a bench: the modules of ``sim/`` find each other.

    cocotb rewrites the assertions of every module that a bench imports, NumPy's too (0.5 s each
    time); here it rewrites those of the benches alone.
    """
    inherited = os.environ.get("PYTHONPATH")
    folders = [*map(str, paths.sim_folders()), *([inherited] if inherited else [])]
    return {
        "PYTHONPATH": os.pathsep.join(folders),
        "COCOTB_REWRITE_ASSERTION_FILES": "bench_*.py",
        **_libraries(),
    }


def _libraries() -> dict[str, str]:
    """Return where cocotb's library is found, if no program can have been linked with its path."""
    import cocotb_tools.config as cocotb

    if is_plain(cocotb.libs_dir):
        return {}
    inherited = os.environ.get("LD_LIBRARY_PATH")
    return {"LD_LIBRARY_PATH": os.pathsep.join(filter(None, [str(cocotb.libs_dir), inherited]))}


@cache
def _users() -> str:
    """Return what cocotb's library loads: Python's own library, and how cocotb is entered.

    Raises:
        ToolFailed: there is no shared library of this Python.
    """
    import cocotb_tools.config as cocotb
    from find_libpython import find_libpython

    python = os.environ.get("LIBPYTHON_LOC") or find_libpython()
    if python is None:
        raise ToolFailed("this Python has no shared library, which cocotb needs", "simulation")
    return f"{python};{cocotb.pygpi_entry_point()}"


@dataclass(frozen=True)
class BenchRun:
    """Simulator of a run, whether it writes waveforms, the seed of its random start, the bench."""

    simulator: str
    waves: bool
    seed: int
    module: str = "bench_design"


def run_bench(
    source: Source, folder: Path, run: BenchRun, *, build: Mapping[str, object] | None,
    claims: Sequence[str], job: Path, timeout: float,
) -> str:  # fmt: skip
    """Run *claims* of a bench (all, if there are none) and return the log.

    ``results.xml`` is in *folder*, and so is the log, ``sim.log``.

    Raises:
        ProtocolViolation: an assertion in the hardware fired.
        ToolFailed: the simulator crashed, or took too long.
    """
    log = folder / "sim.log"
    chosen = rf"(^|\.)({'|'.join(claims)})$" if claims else ""
    env = {**bench_environment(), "HWG_JOB": str(job)}
    if run.simulator == "verilator":
        command = [str(folder / source.top), *(["--trace"] if run.waves else []), *_random(run)]
        env |= _cocotb(source, folder, run, chosen)
    else:
        command = _runner(source, folder, run, build, chosen)
    try:
        return tools.run(command, folder, env=env, log=log, timeout=timeout, what=source.top)
    except ToolFailed:
        said = log.read_text(encoding="utf-8").splitlines() if log.is_file() else []
        fired = next((line for line in said if "Assertion failed" in line), None)
        if fired is None:
            raise
        hint = "see sim.log in the build folder"
        raise ProtocolViolation(fired.strip(), source.top, hint) from None


def _random(run: BenchRun) -> list[str]:
    """Return the options with which registers without reset start at random."""
    return ["+verilator+rand+reset+2", f"+verilator+seed+{run.seed % (1 << 31 - 1) + 1}"]


def _cocotb(source: Source, folder: Path, run: BenchRun, chosen: str) -> dict[str, str]:
    """Return what cocotb reads in a program that Verilator made, which needs no runner.

    The variables are those of cocotb's "custom flows". A runner of cocotb would be a process more,
    which imports half a second of Python for a dictionary.
    """
    return {
        "COCOTB_TOPLEVEL": source.top,
        "COCOTB_TEST_MODULES": run.module,
        "COCOTB_TEST_FILTER": chosen,
        "COCOTB_RANDOM_SEED": str(run.seed),
        "COCOTB_RESULTS_FILE": str(folder / "results.xml"),
        "COCOTB_TRUST_INERTIAL_WRITES": "1",
        "TOPLEVEL_LANG": "verilog",
        "PYGPI_PYTHON_BIN": sys.executable,
        "GPI_USERS": _users(),
    }


def _runner(
    source: Source, folder: Path, run: BenchRun, build: Mapping[str, object] | None, chosen: str
) -> list[str]:
    """Return the command that builds and runs with cocotb's runner, and write its job."""
    test = {
        "test_module": run.module,
        "hdl_toplevel": source.top,
        "hdl_toplevel_lang": "verilog",
        "build_dir": str(folder),
        "test_dir": str(folder),
        "results_xml": str(folder / "results.xml"),
        "test_filter": chosen or None,
        "seed": run.seed,
        "waves": run.waves,
    }
    order = folder / "runner.json"
    order.write_text(
        json.dumps({"simulator": run.simulator, "build": build, "test": test}), encoding="utf-8"
    )
    return [sys.executable, str(paths.sim() / "lib" / "runner.py"), str(order)]
