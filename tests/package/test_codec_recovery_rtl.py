# SPDX-License-Identifier: Apache-2.0
"""Both drivers' writes against the packaged engine in simulation: abort, timeout, recovery."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.codec.wire import pack_index
from hwgen.package.codec_engine.bench import READER, WRITER, beats
from hwgen.package.codec_engine.top import codec_ports
from hwgen.verify import compile_rtl
from tests.package.codec_mock import Bare, compiled
from tests.package.codec_package import Built, package
from tests.package.test_codec_core import DATA, INDEX, Session, Step
from tests.rtl.cocotb_bench import run

pytestmark = [pytest.mark.sim, pytest.mark.ci]

CLAIM = "a_tensor_is_given_up_and_the_next_one_is_right"
PATIENCE = 10  # reads of the state
Writes = list[tuple[str, int]]


class Python:
    """The Python driver, and what it writes."""

    def __init__(self, session: Session) -> None:
        self.session = session

    def __call__(self, name: str, *arguments: Any) -> Writes:
        getattr(self.session.driver, name)(*arguments)
        return self.session.registers.taken()


class C:
    """The C driver, and what it writes."""

    def __init__(self, bare: Bare) -> None:
        self.bare = bare

    def __call__(self, name: str, *arguments: Any) -> Writes:
        if name == "describe":
            engine, descriptor, fingerprint = arguments
            data = (ctypes.c_uint8 * len(descriptor)).from_buffer_copy(descriptor)
            assert self.bare.call(name, engine, data, ctypes.c_uint32(fingerprint), 0) == 0
        elif name in ("abort", "recover"):
            assert self.bare.call(name, *arguments, PATIENCE) == 0
        else:
            self.bare.call(name, *arguments)
        return self.bare.taken()


def steps_of(made: Built, driver: Any, session: Session, rng: np.random.Generator) -> list[Step]:
    """Return the steps of a session in which tensors are given up between good ones."""
    assert made.plan
    form, grid, choice = made.form("relu1"), made.plan["relu1"].grid, made.plan["relu1"]
    size = (grid.height, grid.width, grid.channels)
    steps, offsets = session.steps, session.offsets

    def act(name: str, *arguments: Any) -> None:
        steps.extend([["write", offsets[n], w] for n, w in driver(name, *arguments)])

    def begin(engine: int, descriptor: bytes) -> None:
        act("describe", engine, descriptor, form.fingerprint)
        act("start", engine)

    for nonce, how in enumerate(("abort", "timeout", "short", "reader"), 1):
        values = np.where(rng.random(size) < 0.5, 0, rng.integers(form.lo, form.hi + 1, size) // 9)
        coded = choice.encode(values, form.tables, nonce=nonce)
        descriptor = choice.descriptor(DATA, INDEX, len(coded.data), 0, nonce).pack()
        flow = session.module.pack(descriptor, values).tobytes()
        stays = 8 * int(nonce > 1)  # the reader's fault, until its next start
        users = [user for _, user, _ in beats(made.core, values, grid)]
        if how == "short":
            steps.append(["send", flow[: len(flow) // 2].hex()])
            begin(WRITER, descriptor)
            session.end(WRITER, 4 | stays, fault=0x1A)
        elif how != "reader":
            act("source_timeout", 300 if how == "timeout" else 0)
            steps += [["hold", 7], ["send", flow.hex()]]
            begin(WRITER, descriptor)
            if how == "abort":
                steps.append(["idle", 200])
                act("abort", WRITER)
            session.end(WRITER, 0x14 | stays, fault=0x1D if how == "abort" else 0x1C)
            steps += [["release"], ["sent"], ["idle", 4]]  # the tail of the packet is dropped
            session.expect(status=4 | stays)
            act("recover", WRITER)
        steps += [["clear"], ["send", flow.hex()]]
        begin(WRITER, descriptor)
        session.end(WRITER, stays, fault=0, **coded.modes)
        steps.append(["compare", DATA, coded.data.hex()])
        steps.append(["compare", INDEX, pack_index(list(coded.offsets)).hex()])
        if how == "reader":
            steps.append(["halt"])
            begin(READER, descriptor)
            steps.append(["idle", 300])
            act("recover", READER)
            session.end(READER, 8, fault=0x1D)
            steps += [["release"], ["given_up"]]
        begin(READER, descriptor)
        steps.append(["take", flow.hex(), users])
        session.end(READER, 0, fault=0, **coded.modes)
        # What an earlier tensor left is found: the same place, described with another nonce.
        stale = choice.descriptor(DATA, INDEX, len(coded.data), 0, nonce + 77).pack()
        zeros = session.module.pack(stale, np.zeros_like(values)).tobytes().hex()
        begin(READER, stale)
        steps.append(["take", zeros, [user | 2 * (user & 1) for user in users]])
        session.end(READER, 8, fault=0x15, faults=grid.blocks)
    return steps


@pytest.mark.parametrize("language", ["python", "c"])
def test_a_driver_gives_up_and_goes_on(
    language: str, tmp_path: Path, rng: np.random.Generator, seed: int
) -> None:
    made = package(tmp_path, "planned")
    session = Session(made)
    session.driver.load_tables(made.ip / "tables")
    session.replay()
    folder = tmp_path / "c"
    folder.mkdir()
    driver = Python(session) if language == "python" else C(compiled(made, folder))
    steps = steps_of(made, driver, session, rng)
    ports = [port.name for port in codec_ports(made.core)]
    source = compile_rtl.Source(made.core.ip, tuple(made.sources()), tuple(ports))
    facts = {"seed": seed, "bytes": made.core.beat, "sessions": {CLAIM: steps}}
    assert run(tmp_path, "bench_codec_ip", source, facts, [CLAIM]) == {CLAIM: True}
