# SPDX-License-Identifier: Apache-2.0
"""The packaged engine in simulation: with the PYNQ driver's writes, and under its own bench."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.codec.tensor import encode
from hwgen.codec.wire import Fault, Grid, pack_index
from hwgen.package.codec_engine.bench import READER, WRITER, beats
from hwgen.package.codec_engine.top import codec_ports
from hwgen.verify import compile_rtl
from tests.package.codec_package import KINDS, Built, Registers, overlay, package
from tests.package.test_fusesoc import fusesoc
from tests.rtl.cocotb_bench import run

pytestmark = pytest.mark.sim

CLAIMS = ("tensors_come_back_and_damage_is_told", "a_tensor_it_cannot_do_is_refused")
# Has its session in test_codec_recovery_rtl.py.
RECOVERS = "a_tensor_is_given_up_and_the_next_one_is_right"
DATA, INDEX = 0x1FC0, 0x100
Step = list[Any]


class Session:
    """Steps for sim/codec/bench_codec_ip.py: what the PYNQ driver does with the packaged files."""

    def __init__(self, made: Built) -> None:
        self.made, self.registers = made, Registers(made)
        self.offsets = {r.name: r.offset for r in made.registers}
        self.module = made.driver()
        self.driver = self.module.HwgCodec(overlay=overlay(made, self.registers))
        self.steps: list[Step] = []
        self.driver.interrupts(write_done=True, read_done=True)
        self.replay()

    def replay(self) -> None:
        """What the driver wrote is done."""
        self.steps += [["write", self.offsets[n], w] for n, w in self.registers.taken()]

    def begin(self, engine: int, descriptor: bytes, key: int, first: int = 0) -> None:
        self.driver.describe(engine, descriptor, key, first)
        self.driver.start(engine)
        self.replay()

    def end(self, engine: int, status: int, **tally: int) -> None:
        """Wait until an engine has done, look at state and tally, clear the event."""
        self.steps.append(["wait"])
        self.expect(status=status, **{f"tally{engine}_{k}": v for k, v in tally.items()})
        self.registers.set("irq_status", 15)
        self.driver.take_events()
        self.replay()

    def expect(self, **words: int) -> None:
        self.steps += [["expect", self.offsets[name], word] for name, word in words.items()]


def sessions(made: Built, rng: np.random.Generator) -> dict[str, list[Step]]:
    plain, wrong = Session(made), Session(made)
    assert made.plan
    plain.driver.load_tables(made.ip / "tables")
    plain.replay()
    for name in ("relu1", "pool \u00e9", "relu2"):
        form, grid, choice = made.form(name), made.plan[name].grid, made.plan[name]
        size = (grid.height, grid.width, grid.channels)
        values = np.where(rng.random(size) < 0.5, 0, rng.integers(form.lo, form.hi + 1, size) // 9)
        for slotted in (False, True):
            plain.steps.append(["pause", "random" if slotted else "none"])
            coded = encode(values, grid, form, slotted)
            index = 0 if slotted else INDEX
            descriptor = choice.descriptor(DATA, index, len(coded.data), coded.slot).pack()
            flow = plain.module.pack(descriptor, values).tobytes().hex()
            users = [user for _, user, _ in beats(made.core, values, grid)]
            counts = {"fault": 0, **coded.modes}
            plain.steps += [["clear"], ["send", flow]]
            plain.begin(WRITER, descriptor, form.fingerprint)
            plain.end(WRITER, 0, **counts)
            if not slotted:
                plain.steps.append(["compare", DATA, coded.data.hex()])
                plain.steps.append(["compare", INDEX, pack_index(list(coded.offsets)).hex()])
            else:
                plain.steps.append(["compare", DATA + len(coded.data), "a5" * 64])
            plain.begin(READER, descriptor, form.fingerprint)
            plain.steps.append(["take", flow, users])
            plain.end(READER, 0, **counts)

            if slotted:  # any block alone
                number = grid.blocks - 1
                alone = plain.module.block_of(descriptor, number)
                part = values[grid.where(number)]
                lone = Grid(*part.shape, *part.shape)
                last = [user for _, user, _ in beats(made.core, part, lone)]
                plain.begin(READER, alone, form.fingerprint, number)
                text = plain.module.pack(alone, part).tobytes().hex()
                plain.steps.append(["take", text, last])
                plain.end(READER, 0, fault=0)
                continue
            # The same from software's image, damaged in a block.
            plain.steps.append(["pause", "random"])
            number = grid.blocks - 1
            damaged = bytearray(coded.data)
            damaged[8 * coded.offsets[number] + 9] ^= 0x20
            broken = replace(coded, data=bytes(damaged))
            left, damages = broken.decode()
            assert [(d.block, d.fault) for d in damages] == [(number, Fault.CRC)]
            marks = [
                user | 2 * int(user & 1 and i == len(users) - 1) for i, user in enumerate(users)
            ]
            some = plain.module.pack(descriptor, left).tobytes().hex()
            plain.steps += [["clear"], ["memory", INDEX, pack_index(list(coded.offsets)).hex()]]
            for data, text, user, faults in (
                (broken.data, some, marks, 1), (coded.data, flow, users, 0)
            ):  # fmt: skip
                plain.steps.append(["memory", DATA, data.hex()])
                plain.begin(READER, descriptor, form.fingerprint)
                plain.steps.append(["take", text, user])
                told = {"fault": 0x15, "fault_block": number, "faults": 1} if faults else {}
                plain.end(READER, 8 if faults else 0, **told)
    form, choice = made.form("relu1"), made.plan["relu1"]
    descriptor = choice.descriptor(DATA, INDEX, 64).pack()
    at = wrong.offsets
    for engine in (WRITER, READER):
        wrong.driver.describe(engine, descriptor, form.fingerprint)
        wrong.driver.write(f"tensor{engine}_format", 9)  # Huffman, 9 bits
        wrong.driver.start(engine)
        wrong.replay()
        wrong.end(engine, (4, 12)[engine], fault=0x19, faults=1)
    wrong.steps += [
        ["write", at["table_addr"], 1 << 16 | 2 * 128],  # beyond the memory
        ["refused", at["table_data"], 1],
        ["write", at["table_addr"], 7 << 16],  # no memory
        ["refused", at["table_data"], 1],
        ["refused", 0x1F0, 1],
        ["write", at["table_addr"], 0],
        ["write", at["table_data"], 1],
        ["expect", at["table_addr"], 1],
    ]
    return dict(zip(CLAIMS, (plain.steps, wrong.steps), strict=True))


@pytest.mark.ci
def test_the_packaged_core_codes_with_the_packaged_tables(
    tmp_path: Path, rng: np.random.Generator, seed: int
) -> None:
    planned = package(tmp_path, "planned")
    ports = [port.name for port in codec_ports(planned.core)]
    source = compile_rtl.Source(planned.core.ip, tuple(planned.sources()), tuple(ports))
    facts = {"seed": seed, "bytes": planned.core.beat, "sessions": sessions(planned, rng)}
    facts["sessions"][RECOVERS] = [["clear"]]
    verdicts = run(tmp_path, "bench_codec_ip", source, facts)
    assert verdicts.keys() == {*CLAIMS, RECOVERS}
    assert all(verdicts.values()), verdicts


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(KINDS))
def test_fusesoc_runs_the_packages_own_bench(kind: str, tmp_path: Path) -> None:
    made = package(tmp_path, kind)
    assert fusesoc(tmp_path, "library", "add", "mine", str(made.ip)).returncode == 0
    done = fusesoc(tmp_path, "run", "--target=sim", made.vlnv)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert f"{made.core.ip}: PASSED, 2 tensors of" in done.stdout
    # A bench that could not fail would be none: another value in the table, another memory.
    steps = made.ip / "sim" / "tb_hwg_codec_ip_images.mem"
    lines = steps.read_text("utf-8").splitlines()
    at = next(i for i, line in enumerate(lines) if i > 400 and "a5a5a5a5" not in line)
    lines[at] = f"{int(lines[at], 16) ^ 1 << 40:016x}"
    steps.write_text("\n".join([*lines, ""]), "utf-8")
    done = fusesoc(tmp_path, "run", "--target=sim", made.vlnv)
    assert done.returncode != 0
