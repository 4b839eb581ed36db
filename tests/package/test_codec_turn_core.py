# SPDX-License-Identifier: Apache-2.0
"""The packaged engine with transforms in simulation: a driver's writes, and its own bench."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.codec.block_scan import folded, to_stream
from hwgen.codec.tensor import encode
from hwgen.codec.transform import Spatial
from hwgen.codec.wire import Ints, pack_index
from hwgen.package.codec_engine.bench import READER, WRITER, beats_of
from hwgen.package.codec_engine.top import codec_ports
from hwgen.package.codec_engine.transform import in_engine
from hwgen.verify import compile_rtl
from tests.package.codec_package import Built, built
from tests.package.codec_turned import GIVEN, MAPS, mixed, turned_plan
from tests.package.test_codec_core import DATA, INDEX, Session
from tests.package.test_fusesoc import fusesoc
from tests.rtl.cocotb_bench import run

pytestmark = pytest.mark.sim


def steps_of(made: Built, rng: np.random.Generator) -> list[Any]:
    """What the PYNQ driver does with each transformed map: out, back, and back with damage."""
    session = Session(made)
    session.driver.load_tables(made.ip / "tables")
    session.replay()
    for turn, name in enumerate((*MAPS, "relu1", "mixed")):
        assert made.plan
        choice, form = made.plan[name], made.form(name)
        transform = in_engine(choice.transform) if choice.transform else None
        lo, hi = (transform.lo, transform.hi) if transform else (form.lo, form.hi)
        slope = np.add.outer(np.arange(choice.shape[0]), np.arange(choice.shape[1]))[..., None]
        values: Ints = np.clip(slope * 9 + rng.integers(0, 40, choice.shape), lo, hi)
        if choice.transform and transform is not choice.transform:
            choice = replace(choice, transform=folded(choice.transform))
        slotted = turn % 2 == 1
        session.steps.append(["pause", "random" if turn % 2 else "none"])
        tables = made.plan.tables_of(choice)
        coded = encode(choice.coefficients(values), choice.grid, form, slotted)
        assert coded.data == choice.encode(values, tables, slotted).data
        index = 0 if slotted else INDEX
        own = session.driver.maps[name]
        descriptor = own.descriptor
        if slotted:
            descriptor = made.plan[name].descriptor(0, 0, 0, coded.slot).pack()
        descriptor = session.module.place(descriptor, DATA, index, len(coded.data))
        session.steps += [["clear"], ["send", session.module.pack(
            descriptor, values, own.transform).tobytes().hex()]]  # fmt: skip
        session.driver.describe(WRITER, descriptor, form.fingerprint, transform=own.transform)
        session.driver.start(WRITER)
        session.replay()
        session.end(WRITER, 0, fault=0, **coded.modes)
        if not slotted:
            session.steps.append(["compare", DATA, coded.data.hex()])
            session.steps.append(["compare", INDEX, pack_index(list(coded.offsets)).hex()])
        # With a bit of the last block in error, then as it was.
        last = coded.grid.blocks - 1
        begin = last * coded.slot if slotted else 8 * coded.offsets[last]
        broken = bytearray(coded.data)
        broken[begin + 9] ^= 4
        for data, faults in ((bytes(broken), 1), (coded.data, 0)):
            back, damages = choice.decode(replace(coded, data=data))
            assert len(damages) == faults
            blocks = [back[choice.grid.where(n)] for n in range(choice.grid.blocks)]
            if transform:
                blocks = to_stream(back, transform, choice.grid)
            flow = beats_of(made.core, blocks)
            users = [user for _, user, _ in flow]
            users[-1] |= 2 * faults
            text = b"".join(word.to_bytes(made.core.beat, "little") for word, _, _ in flow).hex()
            session.steps.append(["memory", DATA, data.hex()])
            session.driver.describe(READER, descriptor, form.fingerprint, transform=own.transform)
            session.driver.start(READER)
            session.replay()
            session.steps.append(["take", text, users])
            told = {"fault": 0x15, "fault_block": last, "faults": 1} if faults else {"fault": 0}
            session.end(READER, 8 * faults, **told)
    return session.steps


@pytest.mark.ci
def test_the_packaged_core_transforms_with_the_drivers_writes(
    tmp_path: Path, rng: np.random.Generator, seed: int
) -> None:
    # Channels that only fill a group come out as anything: there are none here.
    plan = turned_plan()
    full = plan.choices[3]
    assert full.transform
    whole = replace(
        mixed(Spatial.HAAR2, 16, 8, np.random.default_rng(7)), weights=full.transform.weights
    )
    even = replace(full, shape=(7, 5, 16), transform=whole)
    core = built(
        tmp_path, replace(plan, choices=(*plan.choices[:3], even, plan.choices[4])), **GIVEN
    )
    ports = [port.name for port in codec_ports(core.core)]
    source = compile_rtl.Source(core.core.ip, tuple(core.sources()), tuple(ports))
    claim = "tensors_come_back_and_damage_is_told"
    facts = {
        "seed": seed, "bytes": core.core.beat,
        "sessions": {claim: steps_of(core, rng), "a_tensor_it_cannot_do_is_refused": [["clear"]]},
    }  # fmt: skip
    verdicts = run(tmp_path, "bench_codec_ip", source, facts)
    assert verdicts[claim]


@pytest.mark.slow
@pytest.mark.parametrize("given", [{}, {"writer": False}, {"reader": False}], ids=str)
def test_the_packages_own_bench_codes_a_map(tmp_path: Path, given: dict[str, Any]) -> None:
    made = built(tmp_path, turned_plan(), **GIVEN, **given)
    assert fusesoc(tmp_path, "library", "add", "mine", str(made.ip)).returncode == 0
    done = fusesoc(tmp_path, "run", "--target=sim", made.vlnv)
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    assert f"{made.core.ip}: PASSED, 3 tensors of" in done.stdout
    # Another last value of the map, or another last byte of its blocks.
    name = "beats" if made.core.reader else "images"
    file = made.ip / "sim" / f"tb_hwg_codec_ip_{name}.mem"
    lines = file.read_text("utf-8").splitlines()
    at = -1
    if name == "images":
        at = max(i for i, line in enumerate(lines) if not re.fullmatch("(a5)+", line))
    lines[at] = f"{int(lines[at], 16) ^ 1:0{len(lines[at])}x}"
    file.write_text("\n".join([*lines, ""]), "utf-8")
    assert fusesoc(tmp_path, "run", "--target=sim", made.vlnv).returncode != 0
