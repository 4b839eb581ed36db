# SPDX-License-Identifier: Apache-2.0
"""All files of a package, in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from hwgen import paths
from hwgen.files import FileSet, json_bytes
from hwgen.package.bench import ip_bench, trigger_bench
from hwgen.package.constraints import constraints
from hwgen.package.core import Core
from hwgen.package.drivers import c_driver, pynq_driver
from hwgen.package.fusesoc import core_file
from hwgen.package.ipxact import component
from hwgen.package.readme import readme
from hwgen.package.registers import c_header, description, register_map
from hwgen.package.top import UNITS, ip_top
from hwgen.package.trigger import trigger_entity, trigger_package, trigger_verilog
from hwgen.package.vivado import package_script
from hwgen.units.library import with_uses

FORMATS = ("ip-xact", "fusesoc", "vivado", "pynq", "c", "trigger")
KIND = "ip"  # in the manifest: what tells a package from a build
SCHEMA = 1


def package(core: Core, formats: Collection[str]) -> FileSet:
    """Return the files of a package.

    The sources, the benches, the registers, the constraints, README.md and manifest.json are in
    every package; *formats* adds the rest.

    Args:
        core: the built design.
        formats: of `FORMATS`.

    Raises:
        ConfigError: ``trigger`` for a core without flow ports.
        ToolMissing: PeakRDL is not installed.
    """
    registers = register_map(core)
    files: dict[str, bytes | str] = {}
    sets: dict[str, list[str]] = {}

    def add(name: str, folder: str, made: dict[str, str]) -> None:
        files.update({f"{folder}/{path}": text for path, text in made.items()})
        sets.setdefault(name, []).extend(f"{folder}/{path}" for path in made)

    _sources(core, files, sets)
    add("registers", "regs", {f"{core.base}_regs.rdl": description(core)})
    add("sim", "sim", ip_bench(core, registers))
    made = constraints(core, "vivado" in formats)
    add("constraints", "constraints", made)
    if "trigger" in formats:
        add("trigger", "hdl", {f"{core.trigger}.v": trigger_verilog(core)})
        add(
            "trigger_vhdl",
            "hdl",
            {
                f"{core.trigger}_pkg.vhd": trigger_package(core),
                f"{core.trigger}_vhdl.vhd": trigger_entity(core),
            },
        )
        # A folder of its own: a simulator may be given all of sim/.
        add("trigger_sim", "sim/trigger", trigger_bench(core))
    if "pynq" in formats:
        add("driver_pynq", "drivers/pynq", {f"{core.base}.py": pynq_driver(core, registers)})
    if "c" in formats:
        add("driver_c", "drivers/c", {**c_driver(core), f"{core.base}_regs.h": c_header(core)})
    if "vivado" in formats:
        xdc = [f"constraints/{name}" for name in made if name.endswith(".xdc")]
        script = package_script(core, registers, sets["rtl"], xdc)
        add("vivado", "vivado", {"package_ip.tcl": script})
    listing = [path.removeprefix("hdl/") for path in (*sets["rtl"], *sets.get("trigger", []))]
    files["hdl/files.f"] = "".join(f"{path}\n" for path in listing)
    if "fusesoc" in formats:
        known = ("rtl", "sim", "trigger", "trigger_sim")
        files[f"{core.base}.core"] = core_file(core, {k: sets[k] for k in known if k in sets})
    if "ip-xact" in formats:
        files["component.xml"] = component(core, registers, sets)
    files["README.md"] = readme(core, registers, formats)
    return FileSet.of(files) | FileSet.of({"manifest.json": _manifest(core, files, formats)})


def _sources(core: Core, files: dict[str, bytes | str], sets: dict[str, list[str]]) -> None:
    """Add the sources of the packaged module in compile order."""
    units = {
        f"units/{spec.module}.sv": (paths.rtl() / spec.file).read_bytes()
        for spec in with_uses(UNITS)
    }
    inner = dict(core.sources)
    assert not set(units) & set(inner), "a unit of the package is one of the core's"
    whole: dict[str, bytes | str] = {**inner, **units, f"{core.ip}.v": ip_top(core)}
    files.update({f"hdl/{path}": content for path, content in whole.items()})
    sets["rtl"] = [f"hdl/{path}" for path in whole]


def _manifest(core: Core, files: dict[str, bytes | str], formats: Collection[str]) -> bytes:
    plain = FileSet.of(files)
    return json_bytes(
        {
            "hwgen": core.version,
            "schema": SCHEMA,
            "kind": KIND,
            "name": core.name,
            "vlnv": core.vlnv,
            "model": core.model,
            "formats": [name for name in FORMATS if name in formats],
            "files": {path: hashlib.sha256(content).hexdigest() for path, content in plain},
        }
    )
