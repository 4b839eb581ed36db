# SPDX-License-Identifier: Apache-2.0
"""Coded files and the verbs on them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.api.codec_files import Calibrated, own_choice
from hwgen.cli import run
from hwgen.codec.container import Container, stacked
from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.tables import Tables
from hwgen.codec.wire import Coder
from hwgen.errors import ConfigError
from hwgen.frontends.bundle import write_bundle
from tests.cli.cases import tree
from tests.codec.networks import convolutional, pictures

Capture = pytest.CaptureFixture[str]


def answer(capsys: Capture, *words: object, code: int = 0) -> dict[str, Any]:
    capsys.readouterr()
    assert run([*map(str, words), "--json"]) == code
    return dict(json.loads(capsys.readouterr().out))


def sample(rng: np.random.Generator, shape: tuple[int, ...], dtype: Any = np.uint8) -> Any:
    values = np.rint(rng.laplace(0, 3, shape))
    low = np.iinfo(dtype).min
    return np.clip(values, max(low, -100), 63).astype(dtype)


def coded(rng: np.random.Generator, slotted: bool = False) -> tuple[Any, Container]:
    """Return three maps of eight small blocks each, and their file."""
    array = sample(rng, (3, 8, 10, 16))
    choice, tables = own_choice(array)
    return array, Container.of(array, replace(choice, block=(4, 5, 8)), tables, slotted)


@pytest.mark.parametrize("slotted", [False, True])
def test_files_come_back(slotted: bool, rng: np.random.Generator) -> None:
    for shape in ((7,), (5, 6), (4, 5, 6), (3, 4, 5, 6)):
        for dtype in (np.uint8, np.int16, np.uint64, np.int64):
            array = sample(rng, shape, dtype)
            made = Container.of(array, *own_choice(array), slotted)
            again = Container.unpack(made.pack())
            assert again == made
            found, damages = again.decode()
            assert not damages
            assert found.dtype == array.dtype
            assert np.array_equal(found, array)


def test_less_than_three_axes_are_one_map(rng: np.random.Generator) -> None:
    assert stacked(sample(rng, (7,))).shape == (1, 1, 1, 7)
    assert stacked(sample(rng, (5, 7))).shape == (1, 1, 5, 7)
    assert stacked(sample(rng, (4, 5, 7))).shape == (1, 4, 5, 7)
    for wrong, words in (
        (np.zeros((1, 1, 1, 1, 1), int), "no feature maps"),
        (np.zeros((0, 3), int), "no feature maps"),
        (np.zeros(3), "float64 cannot be coded"),
        (np.array([1 << 63], np.uint64), "beyond 62 bits"),
    ):
        with pytest.raises(ConfigError, match=words):
            stacked(wrong)


def test_no_damage_of_a_file_goes_unnoticed(rng: np.random.Generator) -> None:
    for slotted in (False, True):
        array, made = coded(rng, slotted)
        data = made.pack()
        blocks = made.choice.grid
        refused = zeros = 0
        for _ in range(150):
            broken = bytearray(data)
            if rng.random() < 0.2:
                del broken[int(rng.integers(len(data))) :]
            else:
                place = int(rng.integers(min(len(data), 3000) if rng.random() < 0.5 else len(data)))
                broken[place] ^= 1 << int(rng.integers(8))
            try:
                found, damages = Container.unpack(bytes(broken), "x.hfm").decode()
            except ConfigError:
                refused += 1
                continue
            zeros += bool(damages)
            wrong = {(i, d.block) for i, d in damages}
            for i in range(3):
                for number in range(blocks.blocks):
                    part = found[i][blocks.where(number)]
                    want = array[i][blocks.where(number)]
                    assert np.array_equal(part, want * ((i, number) not in wrong))
        assert refused
        assert zeros


def test_maps_cannot_change_places(rng: np.random.Generator) -> None:
    array = np.stack([sample(rng, (4, 4, 8))] * 2)
    made = Container.of(array, *own_choice(array))
    data = made.pack()
    begin = data.index(b"TENS")
    size = (len(data) - begin) // 2
    swapped = data[:begin] + data[begin + size :] + data[begin : begin + size]
    with pytest.raises(ConfigError, match="map 1 stands where 0 should"):
        Container.unpack(swapped)
    with pytest.raises(ConfigError, match="behind the last map"):
        Container.unpack(data + bytes(8))


def test_verbs_go_there_and_back(tmp_path: Path, capsys: Capture, rng: np.random.Generator) -> None:
    array = sample(rng, (2, 20, 18, 24), np.int16)
    np.save(tmp_path / "x.npy", array)
    for more in ([], ["--slotted"], ["--coder", "huffman", "--bits", "12"]):
        told = answer(
            capsys, "codec", "encode", tmp_path / "x.npy", "-o", tmp_path / "x.hfm", *more
        )
        assert told["maps"] == 2
        assert told["bits_per_value"] < told["value_bits"]
        assert told["blocks"]["coded"] > 0
        back = answer(capsys, "codec", "decode", tmp_path / "x.hfm", "-o", tmp_path / "y.npy")
        assert back["shape"] == [2, 20, 18, 24]
        assert np.array_equal(np.load(tmp_path / "y.npy"), array)
        seen = answer(capsys, "codec", "inspect", tmp_path / "x.hfm")
        assert seen["damaged"] == 0
        assert len(seen["blocks"]) == sum(told["blocks"].values())
        assert sum(row["values"] for row in seen["blocks"]) == array.size
        assert seen["bytes"] == told["bytes"]


def test_inspection_finds_the_damage(
    tmp_path: Path, capsys: Capture, rng: np.random.Generator
) -> None:
    _, made = coded(rng)
    data = bytearray(made.pack())
    file = tmp_path / "x.hfm"
    hurt = made.maps[1].block(2)
    assert hurt is not None
    data[data.index(hurt) + 20] ^= 1
    file.write_bytes(data)
    told = answer(capsys, "codec", "inspect", file, "--only-damaged", code=6)
    assert told["damaged"] == 1
    (row,) = told["blocks"]
    assert (row["map"], row["block"], row["fault"]) == (1, 2, "CRC")
    assert row["at"] == [side.start for side in made.choice.grid.where(2)]
    assert run(["codec", "inspect", str(file)]) == 6
    out, err = capsys.readouterr()
    lines = out.splitlines()
    total = 3 * made.choice.grid.blocks
    assert lines[-1] == f"{total} blocks, 1 damaged"
    assert len([line for line in lines if line.endswith(" CRC")]) == 1
    assert len(lines) == total + 5
    assert f"1 block of {total} damaged" in err


def test_damaged_files_are_not_decoded_unless_asked(
    tmp_path: Path, capsys: Capture, rng: np.random.Generator
) -> None:
    array, made = coded(rng)
    data = bytearray(made.pack())
    data[-20] ^= 1
    file, to = tmp_path / "x.hfm", tmp_path / "y.npy"
    file.write_bytes(data)
    told = answer(capsys, "codec", "decode", file, "-o", to, code=6)
    assert told["what"].startswith("1 damaged block; the first is block")
    assert not to.exists()
    told = answer(capsys, "codec", "decode", file, "-o", to, "--keep-going")
    assert told["damaged"] == 1
    found = np.load(to)
    differs = found != array
    assert differs.any()
    assert not found[differs].any()


def test_calibration_writes_a_plan_that_encodes(
    tmp_path: Path, capsys: Capture, rng: np.random.Generator
) -> None:
    graph = convolutional()
    write_bundle((graph, tmp_path / "net.json"))
    inputs = pictures(12, rng)["image"]
    np.save(tmp_path / "x.npy", inputs / 256)
    words = ["codec", "calibrate", tmp_path / "net.json", "--data", tmp_path / "x.npy"]
    plan = tmp_path / "plan.json"
    exact = answer(capsys, *words, "-o", plan)
    assert exact["facts"]["error"] == 0
    assert set(exact["facts"]["bits"]) == {"relu0", "relu1"}
    from hwgen.ops.reference import Reference

    maps = Reference(graph, ["relu1"]).run({"image": inputs})["relu1"]
    np.save(tmp_path / "m.npy", maps.astype(np.uint8))
    encode = ["codec", "encode", tmp_path / "m.npy", "-o", tmp_path / "m.hfm", "--plan", plan]
    told = answer(capsys, *encode, "--map", "relu1")
    assert told["bits_per_value"] < 6
    answer(capsys, "codec", "decode", tmp_path / "m.hfm", "-o", tmp_path / "n.npy")
    assert np.array_equal(np.load(tmp_path / "n.npy"), maps)
    answer(capsys, *words, "-o", plan, "--paper", "6", "--maps", "relu1")
    assert json.loads(plan.read_text())["maps"][0]["source"] == "conv1"
    loss = answer(
        capsys, *words, "-o", plan, "--error", "0.05", "--samples", "8", "--tables", "1",
        "--coder", "huffman", "--maps", "relu1",
    )  # fmt: skip
    assert 0 < loss["facts"]["error"] <= 0.05
    assert loss["facts"]["samples"] == 8


def test_calibration_says_where_coding_is_no_gain() -> None:
    maps = tuple(
        MapCoding(name, name, (4, 4, 8), 4, False, "lossless", Coder.TANS) for name in ("a", "b")
    )
    bits = {"a": 5.22, "b": 3.9}
    facts = (("bits", bits), ("method", {"a": "", "b": ""}), ("error", 0.0))
    told = Calibrated(CodingPlan("0" * 64, (Tables.generic(),), maps, facts), "plan.json")
    assert told.no_gain == ("a",)
    assert told.as_dict()["no_gain"] == ["a"]
    first, second = told.text().splitlines()[1:3]
    assert first.endswith("5.22 of 4, no gain")
    assert second.endswith("3.90 of 4")
    assert "coding is not worth it for a: " in told.text()


def test_wrong_use_is_told_and_nothing_is_written(
    tmp_path: Path, capsys: Capture, rng: np.random.Generator
) -> None:
    array, made = coded(rng)
    np.save(tmp_path / "x.npy", array)
    np.save(tmp_path / "float.npy", array / 2)
    np.savez(tmp_path / "many.npz", a=array, b=array)
    (tmp_path / "x.hfm").write_bytes(made.pack())
    (tmp_path / "cut.hfm").write_bytes(made.pack()[:1000])
    (tmp_path / "tables.hfm").write_bytes(
        (lambda d: d[:600] + bytes([d[600] ^ 1]) + d[601:])(made.pack())
    )
    (tmp_path / "bad.json").write_text("{}")
    (tmp_path / "none.json").write_text("{")
    e, d, i = ["codec", "encode"], ["codec", "decode"], ["codec", "inspect"]
    to = ["-o", tmp_path / "o"]
    cases: list[tuple[list[object], str]] = [
        ([*e, tmp_path / "no.npy", *to], "no such file"),
        ([*e, tmp_path / "float.npy", *to], "float64 cannot be coded"),
        ([*e, tmp_path / "many.npz", *to], "several arrays"),
        ([*e, tmp_path / "x.npy", *to, "--bits", "4"], "values of this tensor are 0 to 15"),
        ([*e, tmp_path / "x.npy", *to, "--bits", "15", "--coder", "tans"], "up to 14 bits"),
        ([*e, tmp_path / "x.npy", *to, "--bits", "0"], "values of 0 bits"),
        ([*e, tmp_path / "x.npy", *to, "--map", "a"], "no plan"),
        ([*e, tmp_path / "x.npy", *to, "--plan", tmp_path / "bad.json"], "no codec plan"),
        ([*e, tmp_path / "x.npy", *to, "--plan", tmp_path / "none.json"], "cannot be read"),
        ([*e, tmp_path / "x.npy", *to, "--plan", tmp_path / "gone.json"], "cannot be read"),
        ([*e, tmp_path / "x.npy", "-o", tmp_path / "no" / "o"], "cannot be written"),
        ([*d, tmp_path / "no.hfm", *to], "cannot be read"),
        ([*d, tmp_path / "x.npy", *to], "no section HFMF at byte 0"),
        ([*d, tmp_path / "cut.hfm", *to], "byte"),
        ([*d, tmp_path / "tables.hfm", *to], "section TABL at byte"),
        ([*i, tmp_path / "tables.hfm"], "section TABL at byte"),
    ]
    before = tree(tmp_path)
    for words, expected in cases:
        told = answer(capsys, *words, code=2)
        assert expected in f"{told['where']}: {told['what']} {told['hint']}", words
    assert tree(tmp_path) == before


def test_wide_values_go_by_huffman(rng: np.random.Generator) -> None:
    array = np.array([[[0, 20000]]])
    choice, _ = own_choice(array)
    assert (choice.bits, choice.coder) == (15, Coder.HUFFMAN)
    with pytest.raises(ConfigError, match="16 bits cannot be coded"):
        own_choice(np.array([0, 40000]))


def test_choices_say_what_they_are() -> None:
    with pytest.raises(ConfigError, match="no mode 'zip'"):
        MapCoding("a", "a", (1, 1, 1), 8, False, "zip")
    with pytest.raises(ConfigError, match="go together"):
        MapCoding("a", "a", (1, 1, 1), 8, False, "transform")
    choice = MapCoding("a", "a", (1, 1, 4), 8, False)
    coded = choice.encode(np.zeros((1, 1, 4), np.int64), Tables.generic())
    assert coded.modes["zero"] == 1
