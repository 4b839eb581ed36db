# SPDX-License-Identifier: Apache-2.0
"""The packaged engine with the transforms of a plan: drivers, tables, bench, what is refused."""

from __future__ import annotations

import ctypes
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen import tools
from hwgen.api.codec_core import codec_core
from hwgen.cli import run as cli
from hwgen.codec.block_scan import to_stream
from hwgen.codec.plan import MapCoding
from hwgen.codec.transform import Quantiser, Spatial, Transform
from hwgen.codec.wire import Coder, Descriptor
from hwgen.errors import DoesNotFit
from hwgen.package.codec_engine.bench import READER, WRITER, beats_of, codec_bench, describe
from hwgen.package.codec_engine.ip import codec_registers
from hwgen.package.codec_engine.transform import Turns, in_engine, row_words, transform_words
from hwgen.plan.coding.calibrate import calibrate
from hwgen.verify import simulators
from tests.codec.networks import convolutional, pictures
from tests.package.codec_mock import Bare, compiled
from tests.package.codec_package import Built, Registers, built, overlay, plan_file
from tests.package.codec_turned import GIVEN, MAPS, mixed, turned_plan
from tests.package.test_codec_driver import BUSY, DOES_NOT_FIT, OK, OTHER_CORE, c_bytes, python


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return built(tmp_path_factory.mktemp("turned"), turned_plan(), **GIVEN)


@pytest.fixture(scope="module")
def bare(made: Built, tmp_path_factory: pytest.TempPathFactory) -> Bare:
    return compiled(made, tmp_path_factory.mktemp("bare"))


class CTransform(ctypes.Structure):
    _fields_ = (
        ("down", ctypes.c_uint8), ("lo", ctypes.c_int32), ("hi", ctypes.c_int32),
        ("inputs", ctypes.c_uint32), ("order", ctypes.POINTER(ctypes.c_uint16)),
        ("there", ctypes.POINTER(ctypes.c_uint32)), ("back", ctypes.POINTER(ctypes.c_uint32)),
    )  # fmt: skip


class CMap(ctypes.Structure):
    _fields_ = (
        ("name", ctypes.c_char_p), ("descriptor", ctypes.c_uint8 * 72),
        ("fingerprint", ctypes.c_uint32), ("index_bytes", ctypes.c_uint32),
        ("transform", ctypes.POINTER(CTransform)),
    )  # fmt: skip


def choice_of(made: Built, name: str) -> tuple[MapCoding, Transform]:
    assert made.plan
    choice = made.plan[name]
    assert choice.transform
    return choice, in_engine(choice.transform)


def c_transform(bare: Bare, name: str) -> Any:
    assert bare.made.plan
    maps = (CMap * len(bare.made.plan.choices)).in_dll(bare.library, "hwg_codec_maps")
    found = next(one for one in maps if one.name == name.encode())
    return found.transform


def wanted(made: Built, name: str, engine: int, slotted: bool) -> tuple[bytes, list[Any]]:
    """A descriptor of a map, and all that is written for it."""
    choice, transform = choice_of(made, name)
    form = made.form(name)
    slot = choice.grid.slot(form.bits) if slotted else 0
    data, index, room = 0x12340040, 0 if slotted else 0x89ABCDC0, 0x3210
    words = describe(engine, choice.grid, form, slot, data, index, room)
    words |= transform_words(engine, transform, *choice.shape[:2])
    rows = row_words(transform, bool(engine))
    told = [("table_addr", 5 + engine << 16)] if rows else []
    writes = [*words.items(), *told, *(("table_data", row) for row in rows)]
    return choice.descriptor(data, index, room, slot).pack(), writes


# ------------------------------------------------------------------ what is built


def test_kinds_groups_and_width_are_those_of_the_plan(made: Built) -> None:
    assert made.core.turns == Turns(kinds=1, groups=2, width=18)
    assert (made.core.word, made.core.container, made.core.beat) == (18, 32, 8)
    registers = {r.name: r.reset for r in made.registers}
    assert registers["transforms"] == 2 << 16 | 18 << 8 | 1
    plain = codec_core(turned_plan(), transform=False, **GIVEN)
    assert plain.turns is None
    assert "Transform" not in plain.params
    assert codec_core(replace(turned_plan(), choices=turned_plan().choices[:2])).turns is None


def test_transforms_are_left_out_from_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(plan_file(tmp_path, turned_plan()))
    words = ["codec", "build", "--plan", file, "-o", str(tmp_path / "out"), "-q", "--json"]
    assert cli([*words]) == 0
    told = json.loads(capsys.readouterr().out)["parameters"]
    assert [told[name] for name in ("Transform", "Kinds", "Groups", "Width")] == [1, 1, 2, 18]
    assert cli([*words, "--overwrite", "--no-transform"]) == 0
    assert "Transform" not in json.loads(capsys.readouterr().out)["parameters"]
    assert "the transform is not in it" in (tmp_path / "out" / "README.md").read_text("utf-8")


def test_what_no_engine_can_transform_is_refused_and_not_without_a_hint() -> None:
    plan = turned_plan()
    one = plan.choices[3]
    assert one.transform
    wide = replace(one, transform=replace(one.transform, hi=1 << 40))
    cut = replace(one, block=(2, 2, 8))
    for bad, text in ((wide, "mixed has 11 channels of 42 bits"), (cut, "mixed: .*divide a patch")):
        with pytest.raises(DoesNotFit, match=f"(?s){text}.*--no-transform"):
            codec_core(replace(plan, choices=(bad,)))
        assert codec_core(replace(plan, choices=(bad,)), transform=False).turns is None


def test_readme_and_catalogue_tell_of_transforms(made: Built) -> None:
    text = (made.ip / "README.md").read_text("utf-8")
    assert "| transforms | quantiser, Haar2, KLT over up to 2 groups of 8 channels" in text
    assert "A damaged block is zeros of the map." in text
    assert "A KLT over all channels is not done" in text
    assert "the transform is not in it" not in text
    manifest = json.loads((made.ip / "manifest.json").read_text("utf-8"))
    told = {"TRANSFORM_KINDS": 1, "KLT_GROUPS": 2, "MAP_WIDTH": 18}
    assert manifest["parameters"] | told == manifest["parameters"]


def test_the_packaged_sources_are_free_of_warnings(made: Built) -> None:
    verilator = simulators.verilator()
    command = [str(verilator.path), "--lint-only", "-Wall", "--top-module", made.core.ip]
    text = tools.run([*command, *map(str, made.sources())], env=verilator.env, what=made.core.ip)
    assert "%Warning" not in text


# ------------------------------------------------------------------ drivers


@pytest.mark.parametrize("slotted", [False, True])
@pytest.mark.parametrize("engine", [WRITER, READER])
@pytest.mark.parametrize("name", MAPS)
def test_both_drivers_tell_of_a_transform_as_the_model_does(
    made: Built, bare: Bare, name: str, engine: int, slotted: bool
) -> None:
    descriptor, writes = wanted(made, name, engine, slotted)
    key = ctypes.c_uint32(made.form(name).fingerprint)
    assert bare.call("describe", engine, c_bytes(descriptor), key, 0) == OK
    assert bare.call("turn", engine, c_bytes(descriptor), c_transform(bare, name), 0) == OK
    assert bare.taken() == writes
    _, driver, registers = python(made)
    driver.load_tables(made.ip / "tables")
    registers.taken()
    one = driver.maps[name]
    driver.describe(engine, descriptor, one.fingerprint, transform=one.transform)
    assert registers.taken() == writes


@pytest.mark.parametrize("name", MAPS)
def test_both_drivers_lay_maps_as_the_engine_takes_them(
    made: Built, bare: Bare, name: str, rng: np.random.Generator
) -> None:
    choice, transform = choice_of(made, name)
    values = rng.integers(max(transform.lo, -3000), min(transform.hi, 70000) + 1, choice.shape)
    given = beats_of(made.core, to_stream(values, transform, choice.grid))
    flow = b"".join(word.to_bytes(made.core.beat, "little") for word, _, _ in given)
    module, driver, _ = python(made)
    driver.load_tables(made.ip / "tables")
    own, descriptor = driver.maps[name].transform, choice.descriptor(0, 0, 0).pack()
    assert module.pack(descriptor, values, own).tobytes() == flow
    np.testing.assert_array_equal(module.unpack(descriptor, flow, own), values)

    size = bare.plain("map_bytes", c_bytes(descriptor), result=ctypes.c_size_t)
    assert size == len(flow)
    assert bare.plain("is_map", c_bytes(descriptor)) == 1
    array = np.ascontiguousarray(values.astype(np.int32))
    stream, place = (ctypes.c_uint8 * size)(*([0xEE] * size)), ctypes.c_void_p
    told = c_transform(bare, name)
    data = array.ctypes.data_as(place)
    assert bare.plain("pack_map", c_bytes(descriptor), told, data, stream) == OK
    assert bytes(stream) == flow
    again = np.full_like(array, -1)
    data = again.ctypes.data_as(place)
    assert bare.plain("unpack_map", c_bytes(descriptor), told, c_bytes(flow), data) == OK
    np.testing.assert_array_equal(again, values)
    with pytest.raises(ValueError, match="values are"):
        module.pack(descriptor, values + transform.hi - transform.lo + 1, own)
    with pytest.raises(ValueError, match="its transform is needed"):
        module.pack(descriptor, values)


def test_both_drivers_describe_a_single_block_of_a_map(made: Built, bare: Bare) -> None:
    choice, transform = choice_of(made, "mixed")
    form, grid = made.form("mixed"), choice.grid
    slot, data = grid.slot(form.bits), 1 << 20
    whole = choice.descriptor(data, 0, grid.blocks * slot, slot).pack()
    module, driver, registers = python(made)
    driver.load_tables(made.ip / "tables")
    registers.taken()
    own, alone = driver.maps["mixed"].transform, (ctypes.c_uint8 * 72)()
    seen = set()
    for number in range(grid.blocks):
        h, w, c = grid.shape(number)
        y, x, first = (side.start for side in grid.where(number))
        group = first // 32
        seen.add(group)
        lone = replace(grid, height=h, width=w, channels=c, bh=h, bw=w, bc=c)
        words = describe(READER, lone, form, slot, data + number * slot, 0, slot, number)
        size = (min(2 * h, choice.shape[0] - 2 * y), min(2 * w, choice.shape[1] - 2 * x))
        words |= transform_words(READER, transform, *size)
        rows = row_words(transform, True)[32 * group : 32 * group + c]
        writes = [*words.items(), ("table_addr", 6 << 16), *(("table_data", r) for r in rows)]
        descriptor = module.block_of(whole, number)
        driver.describe(READER, descriptor, form.fingerprint, number, own.block(whole, number))
        assert registers.taken() == writes
        assert bare.plain("block", c_bytes(whole), number, alone) == OK
        assert bytes(alone) == descriptor
        assert bare.call("describe", READER, alone, ctypes.c_uint32(form.fingerprint), number) == OK
        assert bare.call("turn", READER, alone, c_transform(bare, "mixed"), group) == OK
        assert bare.taken() == writes
    assert seen == {0, 1}


def test_what_the_core_cannot_transform_is_refused(made: Built, bare: Bare) -> None:
    good, _ = wanted(made, "mixed", READER, False)
    told = Descriptor.unpack(good)
    _, driver, registers = python(made)
    driver.load_tables(made.ip / "tables")
    registers.taken()
    own, theirs = driver.maps["mixed"].transform, c_transform(bare, "mixed")
    for wrong in ({"transform": 128 + 4 + 2, "bc": 128}, {"channels": 17, "bc": 32}):
        bad = replace(told, **wrong).pack()
        assert bare.call("turn", READER, c_bytes(bad), theirs, 0) == DOES_NOT_FIT
        with pytest.raises(ValueError, match="cannot do that tensor"):
            driver.describe(READER, bad, 1, transform=own)
    assert bare.call("turn", READER, c_bytes(good), theirs, 1) == DOES_NOT_FIT  # beyond its groups
    plain = made.plan["relu1"].descriptor(64, 0, 64).pack() if made.plan else b""
    assert bare.call("turn", READER, c_bytes(plain), theirs, 0) == DOES_NOT_FIT
    with pytest.raises(ValueError, match="no transform of it"):
        driver.describe(READER, plain, 1, transform=own)
    bare.set("status", 2)
    assert bare.call("turn", READER, c_bytes(good), theirs, 0) == BUSY
    bare.set("status", 0)
    assert not bare.taken()
    assert not registers.taken()
    bare.set("transforms", 7)
    assert (
        bare.plain("open", ctypes.byref(ctypes.c_void_p()), ctypes.c_void_p(0x1000)) == OTHER_CORE
    )
    other = Registers(made)
    other.set("transforms", 7)
    with pytest.raises(RuntimeError, match="other transforms"):
        made.driver().HwgCodec(overlay=overlay(made, other))


def test_rows_in_c_are_the_files_and_the_models(made: Built, bare: Bare) -> None:
    for number, name in enumerate(("relu1", "pool \u00e9", *MAPS)):
        files = sorted((made.ip / "tables").glob(f"map{number}_*"))
        if name != "mixed":
            assert not files
            continue
        _, transform = choice_of(made, name)
        told = c_transform(bare, name).contents
        assert told.inputs == transform.inputs == 16
        assert tuple(told.order[:16]) == transform.order
        for way, inverse, array in (("there", False, told.there), ("back", True, told.back)):
            text = (made.ip / "tables" / f"map{number}_rows_{way}.hex").read_text("utf-8")
            words = [int(line, 16) for line in text.splitlines() if not line.startswith("//")]
            assert words == array[: len(words)] == row_words(transform, inverse)


@pytest.mark.parametrize("spatial", Spatial)
@pytest.mark.parametrize(("channels", "group"), [(40, 8), (3, 8), (100, 0), (2, 0), (40, 40)])
def test_a_bench_is_made_for_any_transform(spatial: Spatial, channels: int, group: int) -> None:
    rng = np.random.default_rng(5)
    transform = mixed(spatial, channels, group, rng) if group else Transform(
        channels, 14, True, Quantiser.of(1.0, spatial), spatial, lo=0, hi=255)  # fmt: skip
    choice = MapCoding(
        "map", "map", (9, 5, channels), 8, True, "transform", Coder.TANS, 0, transform
    )
    core = codec_core(replace(turned_plan(), choices=(choice,)))
    files = dict(codec_bench(core, codec_registers(core)).files)
    assert "PASSED, 3 tensors" in files["tb_hwg_codec_ip.sv"]


def test_what_calibration_chose_can_be_built(tmp_path: Path) -> None:
    graph = convolutional()
    plan = calibrate(graph, pictures(8, np.random.default_rng(3)), budget=0.02, sets=4)
    lossy = [choice.transform for choice in plan.choices if choice.transform]
    assert lossy
    made = built(tmp_path, plan)
    assert made.core.turns == Turns.of(lossy)
    assert made.core.params["Transform"] == 1
    assert [bool(each.transform) for each in made.core.maps] == [
        bool(choice.transform) for choice in plan.choices
    ]
