# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hwgen import paths
from hwgen.errors import ConfigError
from hwgen.plan.board import TOOLCHAINS, boards, load_board


def test_shipped_boards_are_complete() -> None:
    found = {board.name: board for board in boards()}
    assert {"vcu118", "ecp5_evn"} <= set(found)
    for board in found.values():
        assert load_board(board.name) == board
        assert board.toolchain in TOOLCHAINS
        assert 0 < board.default_mhz <= board.max_mhz
    assert found["vcu118"].budget.lut == 1_182_240
    assert found["ecp5_evn"].family.lut_inputs == 4


def test_every_figure_has_its_source() -> None:
    for board in boards():
        assert {"clock", "axis", "budget", "part"} <= {key for key, _ in board.sources}
        keys = {key for key, _ in board.family.sources}
        assert {"lut", "delay.net", "delay.margin", "delay.carry_in"} <= keys
        assert all(text.strip() for _, text in (*board.sources, *board.family.sources))


def test_ecp5_delays_reproduce_the_routed_frequencies() -> None:
    family = load_board("ecp5_evn").family
    for adders, mhz in ((1, 294), (2, 200), (3, 139)):
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


def mine(folder: Path, *edits: tuple[str, str], name: str = "mine") -> Path:
    """Write a copy of a shipped board, edited."""
    text = (paths.boards() / "vcu118.toml").read_text("utf-8")
    for old, new in (('"vcu118"', f'"{name}"'), *edits):
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
