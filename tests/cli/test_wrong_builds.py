# SPDX-License-Identifier: Apache-2.0
"""Wrong bundles, builds and samples: told, and nothing is written or lost."""

from __future__ import annotations

import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.api import sim as sim_module
from hwgen.cli import run
from hwgen.errors import ToolFailed, ToolMissing
from hwgen.frontends.bundle import write_bundle
from hwgen.verify import simulators
from tests.cli.cases import Case, Cases, check
from tests.cli.models import (
    GRID,
    TINY,
    act,
    branchy_h5,
    dense,
    sequential,
    source,
    tiny_h5,
    variables,
)
from tests.frontends.keras_files import full_h5

CASES = Cases()
bad = CASES.bad
X = np.zeros((3, 4))


# --- bundles --------------------------------------------------------------------------------------


def bundle(folder: Path, name: str = "b", config: Any = TINY) -> Path:
    graph = hwgen.load(tiny_h5(folder / "m.h5", config))
    write_bundle((graph, folder / f"{name}.json"))
    return folder / f"{name}.json"


def edited(edit: Any) -> Any:
    """A case's maker: a bundle after *edit* of its JSON half."""

    def make(folder: Path, _: Any) -> list[str]:
        path = bundle(folder)
        document = json.loads(path.read_text("utf-8"))
        edit(document)
        path.write_text(json.dumps(document), "utf-8")
        return ["show", "b.json"]

    return make


for name, edit, what in (
    ("cyclic", lambda d: d["nodes"][1].update(inputs=["fc2"]), "no earlier node"),
    ("dangling", lambda d: d["nodes"][1].update(inputs=["gone"]), "no earlier node"),
    ("same_name", lambda d: d["nodes"][2].update(name="fc1"), "two nodes have this name"),
    ("output", lambda d: d["outputs"][0].update(node="gone"), "unknown node 'gone'"),
    ("no_outputs", lambda d: d.update(outputs=[]), "outputs []"),
    ("kind", lambda d: d["nodes"][1].update(kind="densest"), "unknown operation 'densest'"),
    ("future", lambda d: d.update(schema=99), "schema 99"),
    ("key", lambda d: d.update(colour="red"), "unknown keys ['colour']"),
    ("no_key", lambda d: d.pop("nodes"), "key 'nodes' is missing"),
    ("scale", lambda d: d["outputs"][0].update(scale=["big"]), "finite numbers"),
    ("no_inputs", lambda d: d["nodes"][1].update(inputs=[]), ""),
    ("array", lambda d: d["nodes"][1]["fields"]["weight"].update(array="gone"), "is missing"),
    ("name", lambda d: d["nodes"][1].update(name="rm -rf"), "is no identifier"),
):
    CASES.append(Case(f"bundle_{name}", edited(edit), 3, what, "", ""))


@bad(3, "b.npz is missing", "b.json", "copy both files")
def bundle_without_arrays(folder, _):
    bundle(folder).with_suffix(".npz").unlink()
    return ["show", "b.json"]


@bad(3, "numpy .npz archive", "b.npz", "hwgen reads")
def bundle_without_json(folder, _):
    bundle(folder).unlink()
    return ["show", "b.npz"]


@bad(3, "", "", "")
def bundle_of_two_models(folder, _):
    other = sequential(source(), act("q", GRID), dense("fc1", 5), act("relu1"), dense("fc3", 3))
    bundle(folder, "b")
    tall = folder / "tall"
    tall.mkdir()
    sizes = {"fc1": (4, 5), "fc3": (5, 3)}
    graph = hwgen.load(full_h5(tall / "m.h5", other, variables(sizes)))
    write_bundle((graph, tall / "b.json"))
    shutil.copy(tall / "b.npz", folder / "b.npz")
    return ["show", "b.json"]


@bad(3, "cannot be read", "b.npz", "hwgen load")
def bundle_arrays_cut(folder, _):
    half = bundle(folder).with_suffix(".npz")
    half.write_bytes(half.read_bytes()[:-100])
    return ["show", "b.json"]


@bad(3, "holds float64, not integers", "", "")
def bundle_arrays_float(folder, _):
    half = bundle(folder).with_suffix(".npz")
    with np.load(half) as found:
        arrays = {name: found[name] * 0.5 for name in found.files}
    np.savez(half, **arrays)
    return ["show", "b.json"]


@bad(2, "weights inside", "--weights", "leave it out")
def bundle_with_weights(folder, _):
    bundle(folder)
    return ["show", "b.json", "--weights", "m.h5"]


@bad(2, "converted already", "b.json", "--input-format")
def bundle_with_format(folder, _):
    bundle(folder)
    return ["show", "b.json", "--input-format", "s8.4"]


# --- folders that are no build --------------------------------------------------------------------


def copied(edit: Any, *verb: str) -> Any:
    """A case's maker: a verb on a copy of the build after *edit*."""

    def make(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
        shutil.copytree(folder / ".." / "build", folder / "out")
        np.save(folder / "x.npy", X)
        edit(folder / "out")
        return [*verb]

    return make


SIM, VERIFY = ("sim", "out"), ("verify", "out")
PREDICT = ("predict", "out", "x.npy", "-o", "y.npy")


def spoil(name: str, old: bytes, new: bytes) -> Any:
    def edit(out: Path) -> None:
        content = (out / name).read_bytes()
        assert old in content
        (out / name).write_bytes(content.replace(old, new, 1))

    return edit


def empty(out: Path) -> None:
    shutil.rmtree(out)
    out.mkdir()


for name, edit, what in (
    ("gone", shutil.rmtree, "no folder that hwgen built"),
    ("empty", empty, "no folder that hwgen built"),
    ("no_manifest", lambda out: (out / "manifest.json").unlink(), "no folder that hwgen built"),
    ("no_design", lambda out: (out / "design.json").unlink(), "design.json is missing"),
    ("no_arrays", lambda out: (out / "design.npz").unlink(), "design.npz is missing"),
    ("no_model", lambda out: shutil.rmtree(out / "model"), "is missing from the build"),
    ("manifest_list", lambda out: (out / "manifest.json").write_text("[]"), "not one of hwgen"),
    ("manifest_deep", lambda out: (out / "manifest.json").write_text("[" * 9999), "no folder"),
    ("manifest_other", lambda out: (out / "manifest.json").write_text("{}"), "not one of hwgen"),
    (
        "earlier",
        spoil("manifest.json", b'"schema": 3', b'"schema": 1'),
        "built this with schema 1, and this hwgen",
    ),
    ("design_edited", spoil("design.json", b'"latency": 2', b'"latency": 1'), "design.json was"),
    ("design_cut", spoil("design.json", b"}", b""), "design.json was changed"),
    ("graph_edited", spoil("model/graph.json", b"relu1", b"relu2"), "graph.json was changed"),
    ("arrays_edited", spoil("model/graph.npz", b"\1", b"\2"), "graph.npz was changed"),
    ("source_edited", spoil("model/source.json", b"tiny.h5", b"../../x"), "source.json was"),
    ("board_edited", spoil("board.json", b"0.", b"9."), "board.json was changed"),
):
    for verb in (SIM, VERIFY, PREDICT):
        CASES.append(
            Case(f"{verb[0]}_{name}", copied(edit, *verb), 2, what, "out", "build it again")
        )


def untouched(out: Path) -> None:
    pass


def told(name: str, words: tuple[str, ...], what: str, where: str, hint: str) -> None:
    CASES.append(Case(name, copied(untouched, *words), 2, what, where, hint))


# --- samples --------------------------------------------------------------------------------------

for verb in (SIM, VERIFY):
    for count in ("0", "-3", str(10**12)):
        told(f"{verb[0]}_samples_{count}", (*verb, f"--samples={count}"),
             f"{count} samples", "--samples", "another number")  # fmt: skip
    told(
        f"{verb[0]}_samples_text", (*verb, "--samples", "many"), "invalid int", "--samples", "help"
    )
    told(f"{verb[0]}_seed", (*verb, "--seed=-1"), "seed -1", "--seed", "choose 0")
    told(f"{verb[0]}_data_gone", (*verb, "--data", "gone.npy"), "no such file", "--data", "path")
told("sim_only_beyond", (*SIM, "--samples", "5", "--only", "99"), "no sample 99", "--only", "exist")
told("sim_only_below", (*SIM, "--only=-1"), "no sample -1", "--only", "exist")
told("sim_simulator", (*SIM, "--simulator", "xcelium"), "invalid choice", "--simulator", "help")
told("verify_against", (*VERIFY, "--against", "gut"), "invalid choice", "--against", "--help")
told("predict_scaler", (*PREDICT, "--apply-scaler"), "no training scaler", "--apply-", "--scaler")
told("predict_to_gone", (*PREDICT[:-1], "no/y.npy"), "cannot be written", "--to", "a place")
told("predict_to_folder", (*PREDICT[:-1], "out"), "no regular file", "--to", "a place")


def samples(value: Any, *verb: str) -> Any:
    """A case's maker: a verb on these samples."""

    def make(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
        words = copied(untouched, *verb)(folder, patch)
        if isinstance(value, bytes):
            (folder / "x.npy").write_bytes(value)
        elif isinstance(value, dict):
            with (folder / "x.npy").open("wb") as file:
                np.savez(file, **value)
        else:
            np.save(folder / "x.npy", value)
        return words

    return make


HEADER = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }\n"
for name, value, what in (
    ("rank", np.zeros(4), "has shape (4,), expected (samples, 4)"),
    ("width", np.zeros((3, 5)), "has shape (3, 5), expected (samples, 4)"),
    ("scalar", np.float64(3), "has shape ()"),
    ("none", np.zeros((0, 4)), "has shape (0, 4)"),
    ("nan", X + np.nan, "finite real numbers"),
    ("inf", X - np.inf, "finite real numbers"),
    ("complex", X + 1j, "finite real numbers"),
    ("text", np.full((3, 4), "1"), "finite real numbers"),
    ("bool", X > 0, "finite real numbers"),
    ("objects", np.array([[None] * 4]), "cannot be read"),
    ("no_numpy", b"1,2,3,4\n", "cannot be read"),
    ("cut", HEADER % b"3, 4" + b"\0" * 20, "cannot be read"),
    ("endless", HEADER % b"99999999999999, 4", "cannot be read"),
    ("overflow", HEADER % b"9999999999999999999999, 4", "cannot be read"),
    ("shape_text", HEADER % b"'a',", "cannot be read"),
    ("python_2", HEADER % b"3L, 4L, ((", "cannot be read"),
    ("other_name", {"z": X}, "the inputs are x"),
    ("extra_name", {"x": X, "z": X}, "the inputs are x"),
    ("no_name", {}, "arrays for nothing"),
):
    for verb, option in ((PREDICT, "x.npy"), ((*SIM, "--data", "x.npy"), "--data")):
        CASES.append(Case(f"{verb[0]}_x_{name}", samples(value, *verb), 2, what, option, ""))


def branched(value: Any, what: str, *verb: str) -> Any:
    def make(folder: Path, _: Any) -> list[str]:
        words = ["predict", "two", "x.npz", "-o", "y.npz"]
        hwgen.build(branchy_h5(folder / "m.h5"), folder / "two", board="vcu118")
        np.savez(folder / "x.npz", **value)
        np.save(folder / "x.npy", X)
        return [*(verb or words)]

    return make


PAIR = {"x": np.zeros((3, 4)), "z": np.zeros((3, 3))}
for name, value, what, verb in (
    ("one_missing", {"x": X}, "the inputs are x, z", ()),
    ("uneven", {**PAIR, "z": np.zeros((2, 3))}, "x 3, z 2", ()),
    ("one_array", PAIR, "one array", ("predict", "two", "x.npy", "-o", "y.npz")),
    ("two_into_one", PAIR, "do not go into one", ("predict", "two", "x.npz", "-o", "y.npy")),
):
    CASES.append(Case(f"branchy_{name}", branched(value, what, *verb), 2, what, "", ""))

# --- tools ----------------------------------------------------------------------------------------


@bad(2, "no Keras model", "out", ".h5, .keras or .json")
def verify_of_a_bundle(folder, _):
    hwgen.build(bundle(folder), folder / "out", board="vcu118")
    return [*VERIFY]


def broken_tool(owner: Any, name: str, error: Exception, code: int, *verb: str) -> Any:
    def make(folder: Path, patch: pytest.MonkeyPatch) -> list[str]:
        def fail(*_: Any, **__: Any) -> Any:
            raise error

        patch.setattr(owner, name, fail)
        return copied(untouched, *verb)(folder, patch)

    what = getattr(error, "what", "cannot write")
    CASES.append(Case(f"{verb[0]}_{name}_{code}", make, code, what, "", ""))
    return make


MISSING = ToolMissing("cocotb is not installed", "cocotb", "pip install 'hwgen[sim]'")
broken_tool(simulators, "cocotb_present", MISSING, 5, *SIM)
broken_tool(sim_module, "simulate", ToolFailed("make ended with status 2", "compile"), 5, *SIM)
broken_tool(sim_module, "simulate", OSError(errno.EROFS, os.strerror(errno.EROFS)), 2, *SIM)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_wrong_builds_and_samples_are_refused(
    case: Case,
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(tiny, tmp_path / "build")
    (tmp_path / "here").mkdir()
    check(case, tmp_path / "here", monkeypatch, capsys)


@pytest.mark.parametrize("simulator", ["verilator", "icarus"])
def test_a_machine_without_tools_is_told_what_to_install(
    tiny: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    simulator: str,
) -> None:
    shutil.copytree(tiny, tmp_path / "out")
    (tmp_path / "bin").mkdir()
    monkeypatch.setattr("hwgen.tools.search_path", lambda *_: str(tmp_path / "bin"))
    assert run(["sim", str(tmp_path / "out"), "--simulator", simulator, "-q", "--json"]) == 5
    answer = json.loads(capsys.readouterr().out)
    assert answer["error"] == "ToolMissing"
    assert "install" in answer["hint"]
