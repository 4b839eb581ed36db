# SPDX-License-Identifier: Apache-2.0
"""Plans for `hwgen codec build`, what it makes of them, and registers that record."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api.codec_core import codec_build, codec_core
from hwgen.codec.block import Format
from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.tables import Tables
from hwgen.codec.transform import Quantiser, Spatial, Transform
from hwgen.codec.wire import WEIGHTS, Coder
from hwgen.design.source_list import read_list
from hwgen.files import json_bytes
from hwgen.package.codec_engine.core import CodecCore
from hwgen.package.codec_engine.ip import codec_ip, codec_registers
from hwgen.package.registers import Register

MODEL = "0123456789abcdef" * 4
WEIGHT = tuple(int(w) for w in np.arange(WEIGHTS) * 7 % 40)


def tables_of(seed: int) -> Tables:
    rng = np.random.default_rng(seed)
    share = 1e6 * 0.6 ** np.arange(32)
    return Tables.of(np.array([rng.permutation(share) for _ in range(16)]).astype(np.int64))


def some_plan(coder: Coder = Coder.TANS) -> CodingPlan:
    """Two table sets; a lossless map, a raw one, and one of Haar coefficients with weights."""
    haar = Transform(
        6, 7, True, Quantiser(4, (16, 16, 16), (64, 64, 64)), Spatial.HAAR2, weights=WEIGHT
    )
    choices = (
        MapCoding("relu1", "relu1", (5, 6, 20), 8, False, coder=coder),
        MapCoding("pool \u00e9", "pool", (3, 3, 5), 6, True, "raw", coder),
        MapCoding("relu2", "relu2", (7, 5, 6), 8, False, "transform", coder, 1, haar),
    )
    return CodingPlan(MODEL, (tables_of(1), tables_of(2)), choices)


def plan_file(folder: Path, plan: CodingPlan) -> Path:
    file = folder / "plan.json"
    file.write_bytes(json_bytes(plan.as_json()))
    return file


@dataclass(frozen=True)
class Built:
    """A packaged engine, and what it was made of."""

    ip: Path
    core: CodecCore
    registers: tuple[Register, ...]
    plan: CodingPlan | None

    @property
    def vlnv(self) -> str:
        return codec_ip(self.core).identity.vlnv

    def form(self, name: str) -> Format:
        assert self.plan
        choice = self.plan[name]
        return choice.format(self.plan.tables_of(choice))

    def sources(self) -> list[Path]:
        listing = read_list((self.ip / "hdl" / "files.f").read_text("utf-8"))
        return [self.ip / "hdl" / name for name in listing]

    def driver(self) -> Any:
        """The PYNQ driver as a module."""
        file = self.ip / "drivers" / "pynq" / f"{self.core.base}.py"
        spec = importlib.util.spec_from_file_location(self.core.base, file)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def built(folder: Path, plan: CodingPlan | None, **given: Any) -> Built:
    """Build a package in a new folder."""
    file = plan_file(folder, plan) if plan else None
    codec_build(folder / "ip", plan=file, **given)
    core = codec_core(plan, **given)
    return Built(folder / "ip", core, codec_registers(core).registers, plan)


class Registers:
    """A register file as a driver sees it: what was written, and what it is to read."""

    def __init__(self, made: Built) -> None:
        self.names = {r.offset: r.name for r in made.registers}
        self.words = {r.offset: r.reset or 0 for r in made.registers}
        self.writes: list[tuple[str, int]] = []
        self.rest = -1  # reads of the state until both engines are at rest; -1: never

    def read(self, offset: int) -> int:
        if self.names[offset] == "status" and self.writes and self.rest > 0:
            self.rest -= 1
            if self.rest == 0:
                self.words[offset] &= ~3
        return self.words[offset]

    def write(self, offset: int, word: int) -> None:
        assert 0 <= word < 1 << 32
        assert isinstance(word, int)
        self.writes.append((self.names[offset], int(word)))

    def taken(self) -> list[tuple[str, int]]:
        """What was written since the last time."""
        found, self.writes = self.writes, []
        return found

    def set(self, name: str, word: int) -> None:
        offset = next(o for o, known in self.names.items() if known == name)
        self.words[offset] = word


def overlay(made: Built, registers: Registers) -> Any:
    """An overlay with the core in it."""
    return type("Overlay", (), {f"{made.core.ip}_0": registers})()


def python(made: Built) -> tuple[Any, Any, Registers]:
    """The Python driver's module, its object, and the registers behind it."""
    module, registers = made.driver(), Registers(made)
    klass = "".join(part.capitalize() for part in made.core.base.split("_"))
    return module, getattr(module, klass)(overlay=overlay(made, registers)), registers


KINDS: dict[str, dict[str, Any]] = {
    "planned": {"lanes": 2, "board": "pynq_z2", "transform": False},
    "reader": {"lanes": 1, "coder": "huffman", "bits": 15, "bus": 128, "writer": False},
    "writer": {"lanes": 5, "bits": 6, "sets": 4, "burst": 64, "reader": False, "board": "ulx3s"},
}


def package(folder: Path, kind: str) -> Built:
    return built(folder, some_plan() if kind == "planned" else None, **KINDS[kind])
