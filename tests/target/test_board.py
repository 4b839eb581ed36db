# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import json
import re
import tomllib
from dataclasses import asdict
from pathlib import Path

import pytest

import hwgen
from hwgen import paths
from hwgen.errors import ConfigError
from hwgen.target.board import TOOLCHAINS, board_from, boards, load_board
from tests.cli.models import tiny_h5


def test_shipped_boards_are_complete() -> None:
    found = {board.name: board for board in boards()}
    assert {"vcu118", "ecp5_evn"} <= set(found)
    for board in found.values():
        assert load_board(board.name) == board
        assert board.toolchain in TOOLCHAINS
        assert 0 < board.default_mhz <= board.max_mhz
    assert found["vcu118"].budget.lut == 1_182_240
    assert found["ecp5_evn"].family.lut_inputs == 4


FAMILIES = {"series7", "ultrascale", "ultrascale_plus", "ecp5", "nexus", "ice40", "gowin"}
# LUT, DSP, BRAM and URAM of the part, as its vendor's table of products has them.
PARTS = {
    "pynq_z2": (53_200, 220, 140, 0),
    "arty_a7_35t": (20_800, 90, 50, 0),
    "arty_a7_100t": (63_400, 240, 135, 0),
    "kv260": (117_120, 1_248, 144, 64),
    "zcu102": (274_080, 2_520, 912, 0),
    "zcu104": (230_400, 1_728, 312, 96),
    "alveo_u50": (871_680, 5_952, 1_344, 640),
    "alveo_u250": (1_728_000, 12_288, 2_688, 1_280),
    "alveo_u55c": (1_303_680, 9_024, 2_016, 960),
    "vu9p": (1_182_240, 6_840, 2_160, 960),
    "vu13p": (1_728_000, 12_288, 2_688, 1_280),
    "basys3": (20_800, 90, 50, 0),
    "ulx3s": (83_640, 156, 208, 0),
    "icebreaker": (5_280, 8, 30, 0),
    "tangnano9k": (8_640, 20, 26, 0),
    "tangnano20k": (20_736, 48, 46, 0),
    "orangecrab": (24_288, 28, 56, 0),
    "orangecrab_85": (83_640, 156, 208, 0),
    "crosslink_nx_evn": (32_256, 56, 84, 0),
}


def test_the_parts_hold_what_their_vendors_say() -> None:
    found = {b.name: (b.budget.lut, b.budget.dsp, b.budget.bram, b.budget.uram) for b in boards()}
    assert {name: found[name] for name in PARTS} == PARTS
    for board in boards():  # two flip-flops a LUT at AMD, one or fewer elsewhere
        ratio = board.budget.ff / board.budget.lut
        assert ratio == 2 if board.family.vendor == "amd" else 0.7 < ratio <= 1, board.name


def test_every_family_has_a_board_and_its_blocks() -> None:
    assert {board.family.name for board in boards()} == FAMILIES
    for board in boards():
        family = board.family
        assert family.adder_operands == (3 if family.vendor == "amd" else 2)
        assert family.lut_inputs == (6 if family.vendor == "amd" else 4)
        assert family.dsp_widths is not None
        assert family.dsp_widths >= (16, 16)
        assert family.bram_bits in (4096, 18432, 36864)
        assert family.bram_bits % family.bram_width == 0
        # One adder of 8 bits a stage meets the board's default clock.
        assert family.overhead_ns + family.adder_ns(8) < 1000 / board.default_mhz, board.name


def test_boards_of_the_open_flow_can_be_placed_and_lit() -> None:
    for board in boards():
        assert (board.device is None) == (board.toolchain == "vivado"), board.name
        if board.toolchain != "nextpnr":
            continue
        assert board.device is not None
        assert (board.device.chip != "") == (board.family.name == "gowin")
        pins = board.pins
        assert pins is not None
        assert pins.leds
        assert pins.buttons
        assert 10 <= pins.clock_mhz <= 100
        assert (pins.clock_io == "") == (board.family.name == "ice40")
        told = {key for key, _ in board.sources}
        assert {"device", "pins"} <= told


def test_memory_ports_are_those_of_the_device() -> None:
    found = {b.name: b.dma for b in boards() if b.dma is not None}
    zynq, mpsoc = found["pynq_z2"], found["kv260"]
    assert (zynq.ports, zynq.data_width, zynq.max_burst, zynq.address_bits) == (4, 64, 16, 32)
    assert (mpsoc.ports, mpsoc.data_width, mpsoc.max_burst) == (4, 128, 256)
    assert found["alveo_u50"].ports == 32
    assert "ulx3s" not in found


def test_a_board_comes_back_from_its_json() -> None:
    for board in boards():
        assert board_from(json.loads(json.dumps(asdict(board)))) == board
    data = json.loads(json.dumps(asdict(load_board("ulx3s"))))
    for spoil in ({"pins": {"clock": "A1"}}, {"family": {}}, {"sources": [["a"]]}, {"dma": 3}):
        with pytest.raises(ConfigError, match="no board of this version"):
            board_from({**data, **spoil})
    del data["budget"]
    with pytest.raises(ConfigError, match="no board of this version"):
        board_from(data)


OPEN = [
    (('"high"', '"on"'), "pins.led_active", "'high' or 'low'", ""),
    (("button_active = .*", ""), "pins.button_active", "missing key", "keys here: clock"),
    (("leds  ", "lads  "), "pins.lads", "unknown key", "did you mean 'leds'?"),
    (('"C2", "C1"', '"C2", "C2"'), "pins", "pin C2 is used twice", ""),
    (('"C2", "C1"', '"C2", 7'), "pins.leds", "names of pins", ""),
    (("clock_mhz     = 25.0", "clock_mhz = 0"), "pins.clock_mhz", "must be positive", ""),
    (("package = ", "pakage = "), "device.pakage", "unknown key", "did you mean 'package'?"),
    ((r"\[device\]\n", "[[device]]\n"), "device", "a table is expected", ""),
    ((r"(?s)\[device\].*?\n\n", ""), "device", "missing key", "needs a [device] table"),
    (("dsp    = 156", "dsp = -1"), "budget.dsp", "cannot be -1", ""),
    (("dsp    = 156", "dsp = 156\nuram = -2"), "budget.uram", "cannot be -2", ""),
]


@pytest.mark.parametrize(("edit", "where", "what", "hint"), OPEN)
def test_a_wrong_board_of_the_open_flow_names_the_key(
    tmp_path: Path, edit: tuple[str, str], where: str, what: str, hint: str
) -> None:
    path = mine(tmp_path, edit, base="ulx3s")
    with pytest.raises(ConfigError) as caught:
        load_board(str(path))
    assert caught.value.where == f"mine.toml: {where}"
    assert what in caught.value.what
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("edit", "where", "what"),
    [
        (("= 64\nmax_burst", "= 48\nmax_burst"), "dma.data_width", "a power of two"),
        (("ports        = 4", "ports = 0"), "dma.ports", "must be positive"),
        (("max_burst", "max_brust"), "dma.max_brust", "unknown key"),
    ],
)
def test_wrong_memory_ports_name_the_key(
    tmp_path: Path, edit: tuple[str, str], where: str, what: str
) -> None:
    old = edit[0].replace("= 64\nmax_burst", "= 64\nmax_burst   ")
    path = mine(tmp_path, (old, edit[1]), base="pynq_z2")
    with pytest.raises(ConfigError) as caught:
        load_board(str(path))
    assert caught.value.where == f"mine.toml: {where}"
    assert what in caught.value.what


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (("a_width = 18", "a_width = 17"), "dsp.a_width"),
        (("b_width = 18", "b_width = 0"), "dsp.b_width"),
        (("bits      = 18432", "bits = 0"), "bram.bits"),
        (("ns     = 0.24", "ns = -0.1"), "delay.lut.ns"),
        (("adder_operands = 2", "adder_operands = 4"), "lut.adder_operands"),
    ],
)
def test_a_wrong_family_names_the_key(tmp_path: Path, edit: tuple[str, str], where: str) -> None:
    text = (paths.boards() / "families" / "ecp5.toml").read_text("utf-8")
    assert edit[0] in text
    (tmp_path / "families").mkdir()
    own = text.replace('name   = "ecp5"', 'name = "own"').replace(*edit)
    (tmp_path / "families" / "own.toml").write_text(own, "utf-8")
    path = mine(tmp_path, (r'"ecp5"', '"own"'), base="ulx3s")
    with pytest.raises(ConfigError) as caught:
        load_board(str(path))
    assert caught.value.where == f"families/own.toml: {where}"


def test_every_figure_has_its_source() -> None:
    for board in boards():
        assert {"clock", "axis", "budget", "part"} <= {key for key, _ in board.sources}
        keys = {key for key, _ in board.family.sources}
        assert {"lut", "delay.net", "delay.margin", "delay.carry_in"} <= keys
        assert all(text.strip() for _, text in (*board.sources, *board.family.sources))


@pytest.mark.parametrize(
    ("board", "routed"),
    [
        ("ecp5_evn", (294, 200, 139)),
        ("icebreaker", (92, 63, 48)),
        ("tangnano9k", (202, 110, 77)),
    ],
)
def test_delays_reproduce_the_routed_frequencies(board: str, routed: tuple[int, ...]) -> None:
    family = load_board(board).family
    for adders, mhz in enumerate(routed, 1):
        model = 1000 / (family.overhead_ns + adders * family.adder_ns(12))
        assert abs(model / mhz - 1) < 0.05


def test_ultrascale_delays_are_the_path_model() -> None:
    family = load_board("vcu118").family
    # net, LUT, S to CO, three steps of four positions, CI to O
    assert family.adder_ns(12) == pytest.approx(0.32 + 0.12 + 0.15 + 3 * 0.012 + 0.10)
    assert family.adder_ns(9) == family.adder_ns(12) < family.adder_ns(13)
    assert family.logic_ns(2) == pytest.approx(2 * (0.32 + 0.12))
    assert family.logic_ns(0) == 0


def test_an_unknown_board_suggests_and_lists() -> None:
    with pytest.raises(ConfigError) as caught:
        load_board("vcu18")
    assert caught.value.what == "unknown board 'vcu18'"
    assert "did you mean 'vcu118'?" in caught.value.hint
    assert "ecp5_evn" in caught.value.hint
    with pytest.raises(ConfigError) as caught:
        load_board("zzz")
    assert caught.value.hint.startswith("known boards: ")


def mine(folder: Path, *edits: tuple[str, str], name: str = "mine", base: str = "vcu118") -> Path:
    """Write a copy of a shipped board, edited."""
    text = (paths.boards() / f"{base}.toml").read_text("utf-8")
    for old, new in ((f'"{base}"', f'"{name}"'), *edits):
        assert re.search(old, text), old
        text = re.sub(old, new, text, count=1)
    path = folder / f"{name}.toml"
    path.write_text(text, "utf-8")
    return path


def test_a_board_of_the_users_is_taken(tmp_path: Path) -> None:
    board = load_board(str(mine(tmp_path, (r"= 1182240", "= 1000"), (r"200\.0", "250"))))
    assert (board.name, board.budget.lut, board.default_mhz) == ("mine", 1000, 250.0)
    assert board.family == load_board("vcu118").family


def test_a_family_beside_the_users_board_is_taken(tmp_path: Path) -> None:
    text = (paths.boards() / "families" / "ecp5.toml").read_text("utf-8")
    (tmp_path / "families").mkdir()
    (tmp_path / "families" / "own.toml").write_text(
        text.replace('name   = "ecp5"', 'name = "own"'), "utf-8"
    )
    board = load_board(str(mine(tmp_path, (r'"ultrascale_plus"', '"own"'))))
    assert (board.family.name, board.family.lut_inputs) == ("own", 4)


@pytest.mark.parametrize(
    ("edit", "where", "what", "hint"),
    [
        (("toolchain  ", "toolchian"), "mine.toml: toolchian", "unknown key", "did you mean 'tool"),
        (("dsp  ", "dps"), "mine.toml: budget.dps", "unknown key", "did you mean 'dsp'?"),
        (("max_mhz .*", ""), "mine.toml: clock.max_mhz", "missing key", "keys here: default_mhz"),
        (("= 6840", '= "6840"'), "mine.toml: budget.dsp", "int is expected, not '6840'", ""),
        (("= 6840", "= 6840.5"), "mine.toml: budget.dsp", "int is expected", ""),
        (("= 6840", "= true"), "mine.toml: budget.dsp", "int is expected, not True", ""),
        (("= 725.0", '= "fast"'), "mine.toml: clock.max_mhz", "float is expected", ""),
        (("= 725.0", "= 100.0"), "mine.toml: clock.default_mhz", "above max_mhz", ""),
        (("= 200.0", "= 0.0"), "mine.toml: clock.default_mhz", "must be positive", ""),
        (("= 200.0", "= nan"), "mine.toml: clock.default_mhz", "must be positive", ""),
        (("= 1182240", "= -1"), "mine.toml: budget.lut", "must be positive", ""),
        (("= 64", "= 48"), "mine.toml: axis.data_width", "a power of two", ""),
        (('"-2L"', '""'), "mine.toml: speed_grade", "is empty", ""),
        (('"vivado"', '"ise"'), "mine.toml: toolchain", "unknown toolchain", "one of vivado"),
        (
            ('"ultrascale_plus"', '"ecp"'),
            "mine.toml: family",
            "unknown family",
            "did you mean 'ecp5'",
        ),
        (('"mine"', '"other"'), "mine.toml: name", "differs from the file's", ""),
        ((r"\[axis\]", "[axis"), "mine.toml", "cannot be read", ""),
    ],
)
def test_a_wrong_board_names_file_and_key(
    tmp_path: Path, edit: tuple[str, str], where: str, what: str, hint: str
) -> None:
    path = mine(tmp_path, edit)
    with pytest.raises(ConfigError) as caught:
        load_board(str(path))
    assert caught.value.where.endswith(where)
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_a_missing_table_and_a_value_in_its_place(tmp_path: Path) -> None:
    text = mine(tmp_path).read_text("utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text[: text.index("[budget]")], "utf-8")
    with pytest.raises(ConfigError, match=r"budget: missing key"):
        load_board(str(path))
    path.write_text("budget = 3\n" + text[: text.index("[budget]")], "utf-8")
    with pytest.raises(ConfigError, match=r"budget: a table is expected, not 3"):
        load_board(str(path))


def test_a_missing_board_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such board file"):
        load_board(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigError, match=r"cannot be read"):
        load_board(str(tmp_path / "bytes.toml"))


def test_board_files_are_plain_data() -> None:
    files = [*paths.boards().glob("*.toml"), *(paths.boards() / "families").glob("*.toml")]
    assert len(files) >= 4
    for file in files:
        assert tomllib.loads(file.read_text("utf-8"))["name"] == file.stem


def test_a_small_model_is_built_for_every_board(tmp_path: Path) -> None:
    graph = hwgen.load(tiny_h5(tmp_path / "tiny.h5"))
    for board in boards():
        built = hwgen.build(graph, board=board.name)
        assert built.goal.clock_mhz == board.default_mhz
        assert json.loads(built.files["design.json"])["axis"]["data_width"] == board.data_width
        assert board_from(json.loads(built.files["board.json"])) == board
