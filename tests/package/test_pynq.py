# SPDX-License-Identifier: Apache-2.0
"""The PYNQ driver on an invented board: registers, frames, the network's results."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.api.folder import BuildFolder
from hwgen.ops.reference import Reference
from hwgen.package.network.pynq_driver import pynq_driver
from hwgen.verify.vectors import Vectors
from tests.package.conftest import Packed, load

# ------------------------------------------------------------------ a board without a board


class Ip:
    """A core behind its registers, and behind its DMAs: the integer reference in numpy."""

    def __init__(self, packed: Packed, driver: Any) -> None:
        self.driver = driver
        self.reference = Reference(BuildFolder.open(packed.build).graph)
        self.words = {r.offset: r.reset or 0 for r in packed.registers}
        self.offsets = {r.name: r.offset for r in packed.registers}
        self.inputs: dict[str, Any] = {}
        self.outputs: dict[str, Any] = {}
        self.samples = 0
        self.stuck = False
        self.log: list[str] = []

    def read(self, offset: int) -> int:
        return self.words[offset]

    def write(self, offset: int, value: int) -> None:
        assert 0 <= value < 1 << 32
        self.words[offset] = value
        if offset == self.offsets["control"]:
            if value & 4:
                self.samples = 0
            if value & 2:
                self.log.append("core")
            self.words[offset] = value & 3
        self.count()

    def count(self) -> None:
        for way in ("in", "out"):
            self.words[self.offsets[f"samples_{way}_lo"]] = self.samples & 0xFFFFFFFF
            self.words[self.offsets[f"samples_{way}_hi"]] = self.samples >> 32

    def run(self) -> None:
        """Work when every input has come and every output is awaited."""
        awaited = self.inputs.keys() == self.driver.INPUTS.keys()
        if self.stuck or not awaited or self.outputs.keys() != self.driver.OUTPUTS.keys():
            return
        count = self.words[self.offsets["batch"]]
        codes = {}
        for name, buffer in self.inputs.items():
            port = self.driver.INPUTS[name]
            rows = np.array(buffer).reshape(count, -1)
            size = int(np.prod(port["shape"]))
            kind = np.dtype(f"<i{port['container'] // 8}")
            used = np.ascontiguousarray(rows[:, : size * port["container"] // 8]).view(kind)
            codes[name] = used.astype(np.int64).reshape(count, *port["shape"])
        for name, made in self.reference.run(codes).items():
            port = self.driver.OUTPUTS[name]
            rows = np.zeros((count, port["beats"] * self.driver.DATA_WIDTH // 8), np.uint8)
            kind = np.dtype(f"<i{port['container'] // 8}")
            data = np.ascontiguousarray(made.reshape(count, -1).astype(kind)).view(np.uint8)
            rows[:, : data.shape[1]] = data
            self.outputs[name][:] = rows.reshape(-1)
        self.samples += count
        self.inputs.clear()
        self.outputs.clear()
        self.count()


class Channel:
    def __init__(self, ip: Ip, side: str, port: str) -> None:
        self.ip, self.side, self.port = ip, side, port
        self.waited = 0
        self.running = True
        self.broken = False

    @property
    def idle(self) -> bool:
        return self.port not in getattr(self.ip, self.side)

    def halt(self) -> None:
        """A reset of the DMA: the transfer is gone, and the channel stands still."""
        getattr(self.ip, self.side).pop(self.port, None)
        self.running = self.broken = False

    def start(self) -> None:
        self.ip.log.append(f"start {self.port}")
        self.running = True

    def transfer(self, buffer: Any) -> None:
        assert self.idle
        assert self.running
        assert buffer.nbytes <= (1 << 14) - 1
        getattr(self.ip, self.side)[self.port] = buffer
        self.ip.run()

    def wait(self) -> None:
        assert self.idle
        if self.broken:
            raise RuntimeError("DMA decode error")
        self.waited += 1


class Dma:
    """The registers of an AXI DMA, as much of them as a reset takes; it resets both channels."""

    def __init__(self, ip: Ip) -> None:
        self.ip = ip
        self.reads = 3  # until a reset is over
        self.left: dict[int, int] = {}

    def write(self, offset: int, value: int) -> None:
        assert (offset, value) in ((0x00, 4), (0x30, 4))
        self.ip.log.append(f"reset {offset:#x}")
        self.left[offset] = self.reads
        for channel in (value for value in vars(self).values() if isinstance(value, Channel)):
            channel.halt()

    def read(self, offset: int) -> int:
        self.left[offset] -= 1
        return 4 if self.left[offset] > 0 else 0


class Buffer(np.ndarray):  # type: ignore[type-arg]
    """What pynq.allocate gives: an array that knows its cache."""

    def flush(self) -> None:
        pass

    def invalidate(self) -> None:
        pass


def overlay_of(packed: Packed, driver: Any) -> Any:
    """An overlay with the core and a DMA for each port; one DMA where there is one of each."""
    ip = Ip(packed, driver)
    made: dict[str, Any] = {f"{packed.core.ip}_0": ip}
    single = len(driver.INPUTS) == len(driver.OUTPUTS) == 1
    if single:
        made["axi_dma_0"] = Dma(ip)
    for side, ports, kind in (
        ("inputs", driver.INPUTS, "sendchannel"),
        ("outputs", driver.OUTPUTS, "recvchannel"),
    ):
        for port in ports:
            dma = made.setdefault("axi_dma_0" if single else f"dma_{port}", Dma(ip))
            setattr(dma, kind, Channel(ip, side, port))
    return types.SimpleNamespace(**made)


@pytest.fixture(autouse=True)
def pynq(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    """A module of that name, as much of it as the driver uses."""
    module = types.ModuleType("pynq")
    module.loaded = []  # type: ignore[attr-defined]

    def allocate(shape: tuple[int, ...], dtype: Any) -> Any:
        return np.full(shape, 0xEE, dtype).view(Buffer)  # a buffer holds anything at first

    module.allocate = allocate  # type: ignore[attr-defined]
    module.Overlay = lambda bitfile: module.loaded.append(bitfile)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pynq", module)
    return module


def opened(packed: Packed, **given: Any) -> tuple[Any, Any, Ip]:
    """The driver's module, its object on an invented board, and the core there."""
    module = load(packed)
    overlay = overlay_of(packed, module)
    klass = getattr(module, "".join(p.capitalize() for p in packed.core.base.split("_")))
    if len(module.INPUTS) > 1:
        given.setdefault("inputs", {name: f"dma_{name}" for name in module.INPUTS})
        given.setdefault("outputs", {name: f"dma_{name}" for name in module.OUTPUTS})
    return module, klass(overlay=overlay, **given), getattr(overlay, f"{packed.core.ip}_0")


# ------------------------------------------------------------------ PYNQ


def test_python_registers_are_the_description(packed: Packed) -> None:
    module = load(packed)
    assert {r.name: r.offset for r in packed.registers} == module.REGISTERS
    fields = {r.name: {f.name: (f.low, f.width) for f in r.fields} for r in packed.registers}
    assert fields == module.FIELDS
    assert packed.core.model == module.MODEL
    assert (packed.core.latency, packed.core.interval) == (module.LATENCY, module.INTERVAL)


def test_run_gives_the_codes_of_the_build(packed: Packed) -> None:
    vectors = Vectors.load(packed.build / "vectors.npz")
    _, core, _ = opened(packed)
    found = core.run(vectors.inputs)
    found = found if isinstance(found, dict) else {next(iter(vectors.outputs)): found}
    for name, wanted in vectors.outputs.items():
        np.testing.assert_array_equal(found[name], wanted)
    assert core.samples == (len(vectors), len(vectors))


def test_long_arrays_go_in_several_transfers(tiny: Packed) -> None:
    vectors = Vectors.load(tiny.build / "vectors.npz")
    _, core, ip = opened(tiny, max_bytes=5 * 8 + 7)
    assert core.batch == 5
    found = core.run(vectors.inputs)
    np.testing.assert_array_equal(found, next(iter(vectors.outputs.values())))
    assert ip.words[ip.offsets["batch"]] == len(vectors) % 5
    assert core.run({"x": np.zeros((0, 4), int)}).shape == (0, 3)


@pytest.mark.parametrize("name", ["tiny", "branchy", "scaled"])
def test_predict_is_hwgens_predict(name: str, request: pytest.FixtureRequest) -> None:
    packed = request.getfixturevalue(name)
    module, core, _ = opened(packed)
    rng = np.random.default_rng(3)
    x = {
        name: np.concatenate(
            [
                rng.normal(0, 3, (40, *port["shape"])),
                # ties, and far outside: rounded half to even, saturated
                np.ldexp(rng.integers(-200, 200, (40, *port["shape"])) + 0.5, -port["frac"]),
                np.full((1, *port["shape"]), 1e300),
            ]
        )
        for name, port in module.INPUTS.items()
    }
    assert any("scaler" in port for port in module.INPUTS.values()) == (name == "scaled")
    with pytest.warns(UserWarning, match="were saturated"):
        wanted = hwgen.predict(packed.build, x)
    found = core.predict(x)
    if isinstance(wanted, dict):
        for output in wanted:
            np.testing.assert_array_equal(found[output], wanted[output])
    else:
        np.testing.assert_array_equal(found, wanted)


def test_switches_and_state(tiny: Packed) -> None:
    _, core, ip = opened(tiny)
    control = ip.offsets["control"]
    core.enable(False)
    assert ip.words[control] == 0
    core.enable()
    assert ip.words[control] == 1
    core.reset()
    assert ip.words[control] == 1
    ip.samples = (5 << 32) + 3
    ip.count()
    assert core.samples == ((5 << 32) + 3,) * 2
    core.clear()
    assert core.samples == (0, 0)
    assert not core.frame_error
    ip.words[ip.offsets["status"]] = 1
    assert core.frame_error


def test_a_wrong_core_is_refused(tiny: Packed, pynq: Any) -> None:
    module = load(tiny)
    overlay = overlay_of(tiny, module)
    ip = getattr(overlay, f"{tiny.core.ip}_0")
    ip.words[ip.offsets["digest_lo"]] ^= 1
    with pytest.raises(RuntimeError, match="the core was made of model"):
        module.HwgTiny(overlay=overlay)
    ip.words[ip.offsets["id"]] = 0
    with pytest.raises(RuntimeError, match="no core of hwgen"):
        module.HwgTiny(overlay=overlay)
    with pytest.raises(AttributeError):  # the invented pynq has no overlay in any file
        module.HwgTiny("net.bit")
    assert pynq.loaded == ["net.bit"]


def test_wrong_samples_and_wrong_names_are_refused(tiny: Packed, branchy: Packed) -> None:
    _, core, _ = opened(tiny)
    for codes, text in (
        (np.zeros((2, 5), int), "has shape"),
        (np.full((2, 4), 32), "integers of its format"),
        (np.zeros((2, 4)), "integers of its format"),
        ({"y": np.zeros((2, 4), int)}, "one array is needed"),
    ):
        with pytest.raises(ValueError, match=text):
            core.run(codes)
    with pytest.raises(ValueError, match="not finite"):
        core.predict(np.full((1, 4), np.nan))
    with pytest.raises(ValueError, match="at most 3: give the DMA"):
        opened(tiny, max_bytes=3)
    for names in (None, {"x": "dma_x"}):
        with pytest.raises(ValueError, match="inputs= must name a DMA"):
            load(branchy).HwgBranchy(
                overlay=overlay_of(branchy, load(branchy)), inputs=names, outputs={}
            )
    _, core, _ = opened(branchy)
    with pytest.raises(ValueError, match="different numbers"):
        core.run({"x": np.zeros((2, 4), int), "z": np.zeros((3, 3), int)})


def test_after_a_timeout_the_driver_works_again(packed: Packed) -> None:
    vectors = Vectors.load(packed.build / "vectors.npz")
    module, core, ip = opened(packed, timeout=0.02)
    ip.stuck = True
    with pytest.raises(TimeoutError, match="does not move"):
        core.run(vectors.inputs)
    # The DMAs first, so that nothing enters the core; then the core; then they start.
    kinds = [line.split()[0] for line in ip.log]
    ports = len(module.INPUTS) + len(module.OUTPUTS)
    assert kinds == ["reset"] * ports + ["core"] + ["start"] * ports
    ip.stuck = False
    found = core.run(vectors.inputs)
    found = found if isinstance(found, dict) else {next(iter(vectors.outputs)): found}
    for name, wanted in vectors.outputs.items():
        np.testing.assert_array_equal(found[name], wanted)


def test_a_dma_that_complains_is_reset(tiny: Packed) -> None:
    _, core, ip = opened(tiny)
    core.overlay.axi_dma_0.recvchannel.broken = True
    with pytest.raises(RuntimeError, match="decode error"):
        core.run(np.zeros((2, 4), int))
    assert "core" in ip.log
    assert core.run(np.zeros((2, 4), int)).shape == (2, 3)


def test_a_dma_that_stays_in_its_reset_is_told(tiny: Packed) -> None:
    _, core, ip = opened(tiny, timeout=0.02)
    ip.stuck, core.overlay.axi_dma_0.reads = True, 1 << 60
    with pytest.raises(RuntimeError, match="axi_dma_0 stays in its reset") as caught:
        core.run(np.zeros((2, 4), int))
    assert isinstance(caught.value.__context__, TimeoutError)


@pytest.mark.parametrize("container", [8, 16, 32, 64, 128, 192])
def test_containers_of_any_size_are_packed_and_unpacked(tiny: Packed, container: int) -> None:
    module = load(tiny)
    for signed in (True, False):
        port = {"shape": (3,), "container": container, "signed": signed, "beats": 9}
        width = min(container, 63)
        low = -(1 << (width - 1)) if signed else 0
        codes = np.array([[low, low + 1, 5], [0, 7, (1 << (width - 1)) - 1]])
        data = module.pack(codes, port)
        assert data.shape == (2, 9 * module.DATA_WIDTH // 8)
        for row, numbers in zip(data, codes.tolist(), strict=True):
            text = b"".join(n.to_bytes(container // 8, "little", signed=signed) for n in numbers)
            assert row.tobytes()[: len(text)] == text
            assert not any(row[len(text) :])
        np.testing.assert_array_equal(module.unpack(data, port), codes)


def test_the_driver_is_the_same_each_time(packed: Packed) -> None:
    ((name, text),) = pynq_driver(packed.core, packed.whole.registers).files
    path = packed.ip / "drivers" / "pynq" / name
    assert path.read_text("utf-8") == packed.core.banner("#") + text
