# SPDX-License-Identifier: Apache-2.0
"""The engine's drivers through the life of a tensor: start, wait, fault, abort, recovery."""

from __future__ import annotations

import ctypes

import pytest

from hwgen.package.codec_engine.bench import READER, WRITER
from tests.package.codec_mock import Bare, compiled
from tests.package.codec_package import KINDS, Built, built, python, some_plan

OK, BUSY, TIMEOUT, FAULT = 0, 5, 6, 7


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(tmp_path_factory.mktemp("codec"), some_plan(), **KINDS["planned"])


@pytest.fixture(scope="module")
def bare(made: Built, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    return compiled(made, tmp_path_factory.mktemp("bare"))


def test_c_driver_starts_waits_and_tells(bare: Bare) -> None:
    assert bare.call("start", READER) == OK
    assert bare.call("start", WRITER) == OK
    assert bare.taken() == [("control", 2), ("control", 1)]
    bare.set("status", 1)
    assert bare.call("busy", WRITER) == 1
    assert bare.call("busy", READER) == 0
    assert bare.call("start", WRITER) == BUSY
    assert bare.call("wait", WRITER, 5) == TIMEOUT
    bare.patience(4)
    assert bare.call("wait", WRITER, 5) == OK
    bare.set("status", 8)
    assert bare.call("wait", READER, 1) == FAULT
    assert bare.call("wait", WRITER, 1) == OK
    names = ("fault", "fault_block", "faults", "words", "raw", "zero", "coded", "stalls")
    for number, name in enumerate(names):
        bare.set(f"tally1_{name}", 0x15 if name == "fault" else 100 + number)
    tally = (ctypes.c_uint32 * 8)()
    bare.call("read_tally", READER, tally)
    assert list(tally) == [5, 101, 102, 103, 104, 105, 106, 107]
    bare.set("tally1_fault", 5)  # not valid
    bare.call("read_tally", READER, tally)
    assert tally[0] == 0
    bare.set("status", 0)
    assert not bare.taken()
    bare.set("status", 1)
    bare.patience(4)
    assert bare.call("abort", WRITER, 5) == OK
    bare.set("status", 2)
    assert bare.call("abort", READER, 5) == TIMEOUT
    bare.set("status", 16)  # the tail of a packet
    assert bare.call("tail") == 1
    assert bare.call("recover", WRITER, 5) == OK
    bare.call("source_timeout", 1234)
    bare.call("bus_was_reset")
    assert bare.taken() == [
        ("control", 4), ("control", 8), ("control", 4), ("control", 4), ("timeout", 1234),
        ("control", 16),
    ]  # fmt: skip
    bare.set("status", 0)
    bare.call("fast", 1)
    bare.call("fast", 0)
    bare.call("interrupts", 9)
    bare.set("irq_status", 6)
    assert bare.call("take_events") == 6
    assert bare.taken() == [("mode", 1), ("mode", 0), ("irq_enable", 9), ("irq_status", 6)]


def test_python_driver_starts_waits_and_tells(made: Built) -> None:
    module, driver, registers = python(made)
    driver.start(READER)
    driver.start(WRITER)
    assert registers.taken() == [("control", 2), ("control", 1)]
    assert driver.wait(WRITER) == {
        "fault": "none", "fault_block": 0, "faults": 0, "words": 0, "raw": 0, "zero": 0,
        "coded": 0, "stalls": 0,
    }  # fmt: skip
    registers.set("status", 2)
    assert (driver.busy(WRITER), driver.busy(READER)) == (False, True)
    with pytest.raises(RuntimeError, match="at work"):
        driver.start(READER)
    driver.timeout = 0.02
    with pytest.raises(RuntimeError, match="does not answer"):
        driver.wait(READER)
    assert registers.taken() == [("control", 8)]
    registers.rest = 3  # reads of the state until the abort has its effect
    with pytest.raises(TimeoutError, match="gave its tensor up"):
        driver.wait(READER)
    assert registers.taken() == [("control", 8)]
    registers.set("status", 16)
    assert driver.tail
    assert driver.recover(WRITER)["fault"] == "none"
    driver.source_timeout(1234)
    driver.bus_was_reset()
    assert registers.taken() == [
        ("control", 4), ("control", 4), ("timeout", 1234), ("control", 16)
    ]  # fmt: skip
    assert (driver.nonce() + 1) % (1 << 32) == driver.nonce()
    registers.set("status", 8)
    registers.set("tally1_fault", 0x15)
    registers.set("tally1_fault_block", 77)
    registers.set("tally1_faults", 2)
    with pytest.raises(module.CodecFault, match=r"2 blocks at fault.*block 77: checksum") as found:
        driver.wait(READER)
    assert found.value.tally["faults"] == 2
    driver.fast()
    driver.interrupts(write_done=True, read_fault=True)
    registers.set("irq_status", 5)
    assert driver.take_events() == {
        "read_fault": False, "write_fault": True, "read_done": False, "write_done": True
    }  # fmt: skip
    assert registers.taken() == [("mode", 1), ("irq_enable", 9), ("irq_status", 5)]
