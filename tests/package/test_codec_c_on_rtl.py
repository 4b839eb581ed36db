# SPDX-License-Identifier: Apache-2.0
"""The engine's example in C runs on the packaged Verilog: maps, faults, aborts, and a cache."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from hwgen.verify import simulators
from tests.package.c_library import FLAGS, HOOKS
from tests.package.codec_package import KINDS, Built, built, some_plan
from tests.package.codec_turned import GIVEN, turned_plan
from tests.package.conftest import VERILATOR_OPTIONS
from tests.package.test_c_driver import CACHE
from tests.package.test_c_on_rtl import ran

SYSTEM = Path(__file__).with_name("codec_system.cpp")
HOOK = re.compile(r"HWG_CACHE_(?:FLUSH|INVALIDATE)")
NO_HOOK = "#define NO_HOOK(address, bytes) ((void)(address), (void)(bytes))\n"
# Reads of a state, and cycles, that are much for a simulation.
LIMITS = ("-DBASE=0x1000u", "-DTRIES=20000u", "-DPATIENCE=200u", "-DQUIET=500u")
CHANGED = 9


def made_of(folder: Path, kind: str) -> Built:
    if kind == "turned":
        return built(folder, turned_plan(), **GIVEN)
    return built(folder, some_plan(), **KINDS["planned"])


def without(text: str, hook: re.Match[str]) -> str:
    return text[: hook.start()] + "NO_HOOK" + text[hook.end() :]


@dataclass
class Program:
    """The example, linked to the engine.

    Attributes:
        made: the package.
        folder: of the objects and the program.
    """

    made: Built
    folder: Path

    @property
    def names(self) -> list[str]:
        base = self.made.core.base
        return [f"{base}.c", f"{base}_tables.c", "main.c"]

    def text(self, name: str) -> str:
        return (self.made.ip / "drivers" / "c" / name).read_text("utf-8")

    def compile(self, name: str, text: str) -> Path:
        """Compile a source of the driver without a warning."""
        source, to = self.folder / name, self.folder / f"{Path(name).stem}.o"
        source.write_text(text)
        (self.folder / "hooks.h").write_text(HOOKS + CACHE + NO_HOOK)
        # The core's addresses have 32 bits, and so must those of the program.
        command = [
            "gcc", *FLAGS, "-O1", "-fno-pie", *LIMITS, "-Dmain=example_main",
            "-I", str(self.made.ip / "drivers" / "c"), "-include", str(self.folder / "hooks.h"),
            "-c", str(source), "-o", str(to),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return to

    def build(self) -> None:
        objects = [self.compile(name, self.text(name)) for name in self.names]
        verilator = simulators.verilator()
        command = [
            str(verilator.path), "--cc", "--exe", "--build", "--prefix", "Vdut", "-Wno-fatal",
            "-CFLAGS", f"-fno-pie -DBEAT_BYTES={self.made.core.beat}u", "-LDFLAGS", "-no-pie",
            "--top-module", self.made.core.ip, *map(str, self.made.sources()), str(SYSTEM),
            *map(str, objects),
        ]  # fmt: skip
        ran(command, self.folder, **verilator.env, MAKEFLAGS=" ".join(VERILATOR_OPTIONS))

    def relink(self) -> None:
        (self.folder / "obj_dir" / "Vdut").unlink()
        ran(["make", "-C", "obj_dir", "-f", "Vdut.mk", "Vdut", *VERILATOR_OPTIONS], self.folder)

    def run(self) -> int:
        program = str(self.folder / "obj_dir" / "Vdut")
        return subprocess.run([program], check=False, timeout=300).returncode

    def noted(self) -> str:
        """Run a program that ends well, and return the hash of what it noted."""
        program = str(self.folder / "obj_dir" / "Vdut")
        done = subprocess.run([program], capture_output=True, text=True, check=True, timeout=300)
        return done.stdout


@pytest.mark.parametrize("kind", ["planned", "turned"])
def test_the_example_compiles_without_a_warning(kind: str, tmp_path: Path) -> None:
    program = Program(made_of(tmp_path, kind), tmp_path)
    for name in program.names:
        program.compile(name, program.text(name))


@pytest.mark.sim
@pytest.mark.ci
def test_the_example_meets_faults_and_no_hook_may_be_missing(tmp_path: Path) -> None:
    program = Program(made_of(tmp_path, "planned"), tmp_path)
    program.build()
    assert program.run() == 0
    tried = 0
    for name in program.names:
        text = program.text(name)
        for found in HOOK.finditer(text):
            program.compile(name, without(text, found))
            program.relink()
            line = text[found.start() :].splitlines()[0]
            assert program.run() != 0, f"{name} without {line}"
            tried += 1
        program.compile(name, text)
    assert tried == 7
    # What is compared is looked at: other values than those that were written.
    text = program.text("main.c")
    program.compile("main.c", text.replace("same(given, second", "same(first + 1, second"))
    program.relink()
    assert program.run() == CHANGED


@pytest.mark.sim
@pytest.mark.slow
def test_the_example_takes_maps_through_their_transforms(tmp_path: Path) -> None:
    program = Program(made_of(tmp_path, "turned"), tmp_path)
    program.build()
    assert program.run() == 0
    # A transform changes values, so the example cannot tell junk from them: look at what came back.
    noting = "extern void note(const void *bytes, size_t count);\nnote(second, sizeof second);\n"
    text = program.text("main.c")
    at = text.index("    /* A transform changes values, but each time in the same way. */")
    program.compile("main.c", text[:at] + noting + text[at:])
    program.relink()
    good = program.noted()
    assert program.noted() == good
    base = program.made.core.base
    text = program.text(f"{base}.c")
    for name in ("pack_map", "unpack_map"):
        found = HOOK.search(text, text.index(f"{base}_{name}(\n", text.index("turn_all")))
        assert found
        program.compile(f"{base}.c", without(text, found))
        program.relink()
        assert program.run() != 0 or program.noted() != good, name
