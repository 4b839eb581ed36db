# SPDX-License-Identifier: Apache-2.0
"""Wrong options, boards, goals and places to write: told, and nothing is left behind."""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen.cli import run
from tests.cli import models
from tests.cli.cases import Case, Cases, check, tree
from tests.cli.models import OPEN, act, dense, pair, sequential, source, tiny_h5
from tests.frontends.keras_files import full_h5

CASES = Cases()
bad = CASES.bad
BOARDS = Path(__file__).resolve().parents[2] / "boards"
BUILD = ["build", "m.h5", "-o", "out", "-q"]
TO_VCU = [*BUILD, "-b", "vcu118"]
FORMAT = "--input-format"


def words_of(case: Case) -> Case:
    """Let a model lie there before the words are said."""

    def make(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
        tiny_h5(folder / "m.h5")
        tiny_h5(folder / "open.h5", OPEN)
        np.savez(folder / "two.npz", a=np.zeros(3), b=np.zeros(3))
        np.save(folder / "one.npy", np.zeros(3))
        (folder / "junk.npz").write_bytes(b"PK\x03\x04 and so on")
        (folder / "notes.txt").write_text("mine")
        return case.make(folder, patch)

    return Case(case.name, make, case.code, case.what, case.where, case.hint)


# --- what is typed --------------------------------------------------------------------------------

TYPED = {
    "no_verb": ([], "verb is missing", "", "load, show, build"),
    "unknown_verb": (["biuld"], "no verb 'biuld'", "", "did you mean build?"),
    "unknown_option": ([*TO_VCU, "--latncy", "9ns"], "--latncy", "", "did you mean --latency?"),
    "cut_option": ([*TO_VCU, "--lat", "9ns"], "--lat", "", "did you mean --latency?"),
    "option_in_front": (["-q", "build", "m.h5"], "", "", ""),
    "no_model": (["show"], "required: MODEL", "", "hwgen show --help"),
    "no_board": ([*BUILD], "no board is named", "--board", "-b BOARD, or --config"),
    "no_out": (["build", "m.h5", "-b", "vcu118"], "-o/--out", "", "hwgen build --help"),
    "option_without_value": ([*TO_VCU, "--clock"], "expected one argument", "--clock", "--help"),
    "seed_text": ([*TO_VCU, "--seed", "lucky"], "invalid int value", "--seed", "--help"),
    "seed_below_zero": ([*TO_VCU, "--seed", "-1"], "seed -1", "--seed", "choose 0"),
    "seed_too_large": ([*TO_VCU, "--seed", "9" * 30], "out of range", "--seed", "choose 0"),
    "style_unknown": ([*TO_VCU, "--style", "wavy"], "invalid choice: 'wavy'", "--style", "--help"),
    "interval": ([*TO_VCU, "--interval", "often"], "is no interval", "--interval", "or auto"),
    "name_with_blank": ([*TO_VCU, "--name", "my net"], "'my net'", "--name", "letters, digits"),
    "name_too_long": ([*TO_VCU, "--name", "n" * 65], "is no name", "--name", "64 at most"),
    "name_path": ([*TO_VCU, "--name", "../x"], "'../x'", "--name", "letters, digits"),
}  # fmt: skip
CASES.each(2, TYPED, [])
for number, text in enumerate(
    ("", "8.4", "s8", "s0.0", "x8.4", "s8.4.1", "s-8.4", "s8.4,", "ap_fixed<8,4>", "s" + "9" * 5000)
):
    CASES.each(
        2,
        {
            f"input_format_{number}": (
                ["show", "open.h5", FORMAT, text],
                "is no number format",
                FORMAT,
                "write s8.4",
            )
        },
        [],
    )
FORMATS = {
    "input_format_wide": (["s54.0"], "out of range: 53 bits", FORMAT, "floats"),
    "input_format_fine": (["s8.65"], "out of range", FORMAT, "floats"),
    "input_format_coarse": (["s8.-65"], "out of range", FORMAT, "floats"),
    "input_format_twice": (["s8.4,u8.0"], "two formats for every input", FORMAT, "name=s8.4"),
    "input_format_twice_x": (["x=s8.4,x=u8.0"], "two formats for x", FORMAT, "name=s8.4"),
    "input_name_unknown": (["y=s8.4"], "no input 'y'", FORMAT, "inputs are x"),
}
CASES.each(2, FORMATS, ["show", "open.h5", FORMAT])

# --- training ---

CASES.each(
    2,
    {
        "training_without_data": (["gone.npz"], "no such file", "data", "check the path"),
        "training_seed": (["two.npz", "--seed", "-1"], "seed -1", "--seed", "choose 0"),
        "training_epochs": (
            ["two.npz", "--epochs", "1", "0", "3"],
            "without an epoch",
            "--epochs",
            "from 1 on",
        ),
        "training_without_pictures": (["two.npz"], "x_train is missing", "data", "whole numbers"),
        "training_without_epochs": (
            ["gone.npz", "--epochs", "1", "two", "3"],
            "invalid int value",
            "--epochs",
            "",
        ),
    },
    ["train", "-o", "out/net"],
)

# --- board and goal -------------------------------------------------------------------------------

CLOCKS = {
    f"clock_{text}": ([*TO_VCU, "--clock", text], what, "--clock", "200MHz")
    for text, what in {
        "0MHz": "must be positive",
        "-5MHz": "",
        "fast": "is no clock",
        "200": "a number with a unit",
        "3parsec": "unknown unit",
    }.items()
}
CLOCKS["clock_-5MHz"][0][-2:] = ["--clock=-5MHz"]
CASES.each(2, CLOCKS, [])
LATENCIES = {
    f"latency_{text}": ([*TO_VCU, "--latency", text], what, "--latency", "100ns")
    for text, what in {
        "soon": "is no time",
        "0ns": "must be positive",
        "100": "a number with a unit",
        "1.5cycles": "whole cycles",
    }.items()
}
CASES.each(2, LATENCIES, [])
CASES.each(
    4,
    {
        "clock_too_fast_for_the_board": (
            [*TO_VCU, "--clock", "900MHz"], "at most at 725 MHz", "--clock", "725 MHz or less"
        ),
        "clock_too_fast_for_the_logic": (
            [*BUILD, "-b", "ecp5_evn", "--clock", "370MHz"], "MHz", "", "clock"
        ),
        "latency_below_a_cycle": (
            [*TO_VCU, "--latency", "1ns"], "less than one cycle", "--latency", "allow more time"
        ),
        "latency_too_small": (
            [*TO_VCU, "--clock", "600MHz", "--latency", "2cycles"], "cycles", "", ""
        ),
    },
    [],
)  # fmt: skip
BOARD = {
    "board_unknown": (
        [*BUILD, "-b", "vcu117"],
        "unknown board",
        "--board",
        "did you mean 'vcu118'",
    ),
    "board_file_missing": ([*BUILD, "-b", "my.toml"], "no such board file", "my.toml", "path"),
}
CASES.each(2, BOARD, [])


def board(edit: Any) -> Any:
    """A case's maker: a user's board after *edit* of its text."""

    def make(folder: Path, _: Any) -> list[str]:
        given = (BOARDS / "vcu118.toml").read_text("utf-8").replace('"vcu118"', '"mine"')
        made = edit(given)
        assert made != given
        (folder / "mine.toml").write_text(made, "utf-8")
        return [*BUILD, "-b", "mine.toml"]

    return make


for name, old, new, what, where in (
    ("unknown_key", r"\npart ", "\nprat ", "unknown key", "mine.toml: prat"),
    ("missing_key", r"ff .*\n", "", "missing key", "mine.toml: budget.ff"),
    ("wrong_type", r"dsp .*", "dsp = true", "int is expected", "mine.toml: budget.dsp"),
    ("text_clock", r"max_mhz.*", 'max_mhz = "fast"', "float is expected", "clock.max_mhz"),
    ("no_luts", r"lut .*", "lut = 0", "must be positive", "mine.toml: budget.lut"),
    ("odd_width", r"data_width.*", "data_width = 48", "power of two", "axis.data_width"),
    ("bad_toml", r"\[clock\]", "[clock", "cannot be read", "mine.toml"),
    ("unknown_family", "ultrascale_plus", "ultrascales", "unknown family", "mine.toml: family"),
    ("other_name", '"mine"', '"yours"', "differs from the file's", "mine.toml: name"),
    ("no_table", r"\[axis\]\n", "", "", "mine.toml"),
):  # fmt: skip
    edit = board(lambda text, old=old, new=new: re.sub(old, new, text, count=1))
    CASES.append(Case(f"board_{name}", edit, 2, what, where, ""))


@bad(4, "LUT", "", "smallest board that holds it")
def board_too_small(folder, patch):
    return board(lambda text: re.sub("lut .*", "lut = 100", text))(folder, patch)


@bad(4, "2,250,000", "", "--style stream")
def model_too_large(folder, _):
    sizes = {"fc1": (1500, 1500)}
    config = sequential(source("x", (1500,)), act("q", models.GRID), dense("fc1", 1500))
    full_h5(folder / "m.h5", config, models.variables(sizes))
    return [*TO_VCU, "--style", "parallel"]


# --- masks and scaler -----------------------------------------------------------------------------

BINARY = sequential(
    source(), act("q", models.GRID), dense("fc1", 5, "binary(alpha=1)"), act("r"), dense("fc2", 3)
)


def masked(**arrays: Any) -> Any:
    def make(folder: Path, _: Any) -> list[str]:
        tiny_h5(folder / "m.h5", BINARY)
        np.savez(folder / "masks.npz", **arrays)
        return [*TO_VCU, "--masks", "masks.npz"]

    return make


def scaled(**arrays: Any) -> Any:
    def make(folder: Path, _: Any) -> list[str]:
        np.savez(folder / "scaler.npz", **arrays)
        return [*TO_VCU, "--scaler", "scaler.npz"]

    return make


@bad(3, "exactly zero", "m.h5", "pruning mask")
def pruned_binary_without_mask(folder, _):
    tiny_h5(folder / "m.h5", BINARY)
    return TO_VCU


ONES = np.ones((4, 5))
for name, make, code, what, where in (
    ("mask_of_wrong_shape", masked(fc1=np.ones((5, 4))), 3, "shape (5, 4)", ""),
    ("mask_of_unknown_layer", masked(fc1=ONES, fc9=ONES), 2, "'fc9'", "--masks"),
    ("mask_of_halves", masked(fc1=ONES / 2), 2, "other values than 0 and 1", "--masks"),
    ("mask_of_text", masked(fc1=np.full((4, 5), "yes")), 2, "other values than 0", "--masks"),
    ("mask_of_objects", masked(fc1=np.array([None])), 2, "cannot be read", "--masks"),
    ("scaler_without_std", scaled(mean=np.zeros(4)), 2, "holds mean", "--scaler"),
    ("scaler_std_zero", scaled(mean=np.zeros(4), std=np.zeros(4)), 2, "not above 0", "--scaler"),
    ("scaler_nan", scaled(mean=np.full(4, np.nan), std=np.ones(4)), 2, "finite", "--scaler"),
    ("scaler_text", scaled(mean=np.array(["a"]), std=np.ones(1)), 2, "finite", "--scaler"),
    (
        "scaler_empty",
        scaled(mean=np.zeros(0), std=np.zeros(0)),
        2,
        "0 means and 0 stds",
        "--scaler",
    ),
    (
        "scaler_uneven",
        scaled(mean=np.zeros(4), std=np.ones(3)),
        2,
        "4 means and 3 stds",
        "--scaler",
    ),
    ("scaler_too_long", scaled(mean=np.zeros(7), std=np.ones(7)), 2, "do not fit", "--scaler"),
):
    CASES.append(Case(name, make, code, what, where, ""))
FILES = {
    f"{option[2:]}_{name}": ([option, name], what, option, hint)
    for option in ("--masks", "--scaler")
    for name, what, hint in (
        ("gone.npz", "no such file", "check the path"),
        ("junk.npz", "cannot be read", "numpy.save"),
        ("notes.txt", "cannot be read", "numpy.save"),
        ("one.npy", "holds one array", "numpy.savez"),
    )
}
CASES.each(2, FILES, TO_VCU)

# --- places to write ------------------------------------------------------------------------------


def build_to(out: str) -> list[str]:
    return ["build", "m.h5", "-b", "vcu118", "-q", "-o", out]


WHERE = {
    "out_below_a_file": (build_to("notes.txt/out"), "cannot be written", "notes.txt", "-o"),
    "out_is_a_file": (build_to("notes.txt"), "must be a folder", "notes.txt", "-o"),
    "out_name_too_long": (build_to("n" * 300), "cannot be written", "nnn", "-o"),
    "out_is_here": (build_to("."), "the one that you are in", "", "-o"),
    "bundle_below_a_file": (["load", "m.h5", "-o", "notes.txt/b.json"], "cannot", "--out", "place"),
    "bundle_folder_missing": (["load", "m.h5", "-o", "gone/b.json"], "cannot", "--out", "place"),
    "bundle_of_another_name": (["load", "m.h5", "-o", "b.txt"], "NAME.json", "--out", "NAME.npz"),
}
CASES.each(2, WHERE, [])


@bad(2, "not empty", "theirs", "remove this one yourself")
def out_is_theirs(folder, _):
    (folder / "theirs").mkdir()
    (folder / "theirs" / "thesis.tex").write_text("years of work")
    return build_to("theirs")


@bad(2, "is no bundle, so it is not overwritten", "--out", "another name")
def bundle_over_the_model(folder, _):
    model, weights = pair(folder)
    return ["load", str(model), "--weights", str(weights), "-o", str(model)]


@bad(2, "no regular file", "--out", "place")
def bundle_half_is_a_folder(folder, _):
    (folder / "b.npz").mkdir()
    return ["load", "m.h5", "-o", "b.json"]


def fail(
    patch: pytest.MonkeyPatch, owner: Any, name: str, code: int, after: int = 0, times: int = 99
) -> None:
    """Let a system call fail, from its call number *after* on."""
    real, calls = getattr(owner, name), []

    def broken(*args: Any, **more: Any) -> Any:
        calls.append(args)
        if after < len(calls) <= after + times:
            raise OSError(code, os.strerror(code))
        return real(*args, **more)

    patch.setattr(owner, name, broken)


@bad(2, "Read-only file system", "new/out", "-o")
def out_on_a_read_only_disk(folder, patch):
    fail(patch, Path, "mkdir", errno.EROFS)
    return build_to("new/out")


for calls in (0, 1, 9, 20):

    def disk_full(folder, patch, calls=calls):
        fail(patch, Path, "write_bytes", errno.ENOSPC, calls)
        return build_to("new/out")

    CASES.append(Case(f"disk_full_{calls}", disk_full, 2, "No space left", "new/out", "-o"))

for calls in (0, 1):

    def bundle_disk_full(folder, patch, calls=calls):
        fail(patch, Path, "write_bytes", errno.ENOSPC, calls)
        return ["load", "m.h5", "-o", "b.json"]

    def bundle_not_renamed(folder, patch, calls=calls):
        fail(patch, os, "replace", errno.EIO, calls)
        return ["load", "m.h5", "-o", "b.json"]

    CASES.append(Case(f"bundle_full_{calls}", bundle_disk_full, 2, "No space", "--out", "place"))
    CASES.append(Case(f"bundle_error_{calls}", bundle_not_renamed, 2, "error", "--out", "place"))


@bad(2, "Permission denied", "out", "-o")
def out_not_renamed(folder, patch):
    fail(patch, Path, "rename", errno.EACCES)
    return build_to("out")


ALL = [words_of(case) for case in CASES]


@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_wrong_options_are_refused_and_leave_nothing(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    check(case, tmp_path, monkeypatch, capsys)


@pytest.mark.parametrize("fault", ["write_bytes", "rename"])
def test_a_build_that_fails_leaves_the_older_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    tiny_h5(tmp_path / "m.h5")
    words = ["build", str(tmp_path / "m.h5"), "-b", "vcu118", "-q", "-o", str(tmp_path / "out")]
    assert run(words) == 0
    before = tree(tmp_path)
    fail(monkeypatch, Path, fault, errno.EIO, 1, 1)
    assert run([*words, "--clock", "100MHz"]) == 2
    monkeypatch.undo()
    assert tree(tmp_path) == before
    assert run([*words, "--clock", "100MHz"]) == 0
    assert tree(tmp_path) != before


def test_there_are_many_cases() -> None:
    assert len({case.name for case in ALL}) == len(ALL) > 60
