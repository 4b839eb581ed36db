# SPDX-License-Identifier: Apache-2.0
"""A build is the same everywhere, stands on its own, stays small, survives pruning to nothing."""

from __future__ import annotations

import getpass
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen import tools
from hwgen.api.folder import BuildFolder
from hwgen.api.predict import predict
from hwgen.cli import run
from hwgen.design.source_list import read_list
from hwgen.frontends import bundle
from hwgen.frontends.options import options
from hwgen.verify import simulators
from tests.cli.cases import tree
from tests.cli.models import (
    OPEN,
    SIZES,
    act,
    branchy_h5,
    dense,
    grid,
    pair,
    sequential,
    source,
    tiny_h5,
    variables,
)
from tests.frontends.keras_files import full_h5
from tests.verify.conftest import small_net

ROOT = Path(__file__).resolve().parents[2]
JET = ROOT.parent / "shared" / "models" / "qkeras_3layer.json"
# Of the size of the jet tagger, with 6-bit weights.
LARGE = {"fc1": (16, 64), "fc2": (64, 32), "fc3": (32, 32), "out": (32, 5)}


def large_h5(folder: Path) -> list[str]:
    relus = [act(f"relu{n}", "quantized_relu(6,0)") for n in range(3)]
    layers = [dense(name, shape[1]) for name, shape in LARGE.items()]
    mixed = [layers[0], relus[0], layers[1], relus[1], layers[2], relus[2], layers[3]]
    config = sequential(source("x", (16,)), act("q", "quantized_bits(16,6,1)"), *mixed)
    return [str(full_h5(folder / "large.h5", config, variables(LARGE)))]


def jet(folder: Path) -> list[str]:
    weights = JET.with_name("qkeras_3layer_weights.h5")
    return [str(JET), "--weights", str(weights), "--input-format", "s16.10"]


def command(code: str, *words: str) -> list[str]:
    """Return a process that runs a verb and then *code*; the first says where hwgen is."""
    start = "import sys; from hwgen.cli import run; code = run(sys.argv[1:]);"
    return [sys.executable, "-c", f"{start}\n{code}\nsys.exit(code)", *words]


# --- the same bytes -------------------------------------------------------------------------------


def test_two_builds_are_equal_to_the_byte(tmp_path: Path) -> None:
    trees = []
    for number, zone in ((0, "UTC"), (1, "Asia/Tokyo")):
        home = tmp_path / f"place{number}" / ("deep" * number)
        home.mkdir(parents=True)
        model = tiny_h5(home / "net.h5")
        os.utime(model, (number, number))
        env = {
            **os.environ, "PYTHONHASHSEED": str(number), "PYTHONPATH": str(ROOT), "TZ": zone,
            "USER": f"user{number}", "LC_ALL": "C", "HOME": str(home),
        }  # fmt: skip
        given = "net.h5" if number else str(model)
        words = ["build", given, "-b", "vcu118", "-q", "-o", f"out{number}"]
        subprocess.run(command("", *words), cwd=home, env=env, check=True, capture_output=True)
        trees.append(tree(home / f"out{number}"))
    # The model file itself is shipped as it came, and HDF5 notes no time in it.
    assert trees[0] == trees[1]
    made = hwgen.build(tiny_h5(tmp_path / "net.h5"), board="vcu118").files
    assert dict(made) == {
        path: content for path, content in trees[0].items() if content is not None
    }


def test_nothing_of_time_and_place_is_in_a_build(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, weights = pair(tmp_path)
    first = hwgen.build(model, weights=weights, board="vcu118").files
    monkeypatch.setattr(time, "time", lambda: 2e9)
    monkeypatch.setattr(
        time, "localtime", lambda *_: time.struct_time((2033, 5, 18, 3, 33, 20, 2, 138, 0))
    )
    assert hwgen.build(model, weights=weights, board="vcu118").files == first
    strange = [str(tmp_path), str(ROOT), str(Path.home()), socket.gethostname()]
    strange.append(f"/{getpass.getuser()}")
    for path, content in first:
        if path.startswith("model/keras/"):
            continue  # the user's own
        found = [word for word in strange if len(word) > 3 and word.encode() in content]
        assert found == [], path


def test_a_build_replaces_an_older_one_whole(tmp_path: Path) -> None:
    out = tmp_path / "out"
    hwgen.build(branchy_h5(tmp_path / "b.h5"), out, board="vcu118")
    hwgen.build(tiny_h5(tmp_path / "t.h5"), out, board="vcu118")
    made = hwgen.build(tiny_h5(tmp_path / "t.h5"), board="vcu118").files
    assert {p: c for p, c in tree(out).items() if c is not None} == dict(made)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.h5", "out", "t.h5"]


def test_the_manifest_names_every_file(tmp_path: Path) -> None:
    made = hwgen.build(tiny_h5(tmp_path / "t.h5"), tmp_path / "out", board="vcu118")
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text("utf-8"))
    assert {*manifest["files"], "manifest.json"} == set(made.files.paths)


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["graph.h5", "my net (final).h5", "module.h5", "1.h5", "ü\\b.h5", "x" * 200 + ".h5"]
)
def test_any_file_name_of_a_model_builds(name: str, tmp_path: Path) -> None:
    made = hwgen.build(tiny_h5(tmp_path / name), tmp_path / "out", board="vcu118")
    assert made.design.name.isidentifier()
    assert made.design.name.isascii()
    assert BuildFolder.open(tmp_path / "out").graph.nodes == made.graph.nodes


@pytest.mark.parametrize("name", ["graph", "source"])
def test_a_model_may_have_the_name_of_one_of_our_files(name: str, tmp_path: Path) -> None:
    model, weights = pair(tmp_path)
    model = model.rename(tmp_path / f"{name}.json")
    weights = weights.rename(tmp_path / f"{name}.npz")
    hwgen.build(model, tmp_path / "out", weights=weights, board="vcu118")
    found = json.loads((tmp_path / "out" / "model" / "source.json").read_text("utf-8"))
    assert found == {"model": f"{name}.json", "weights": f"{name}.npz"}
    kept = tmp_path / "out" / "model" / "keras"
    assert (kept / model.name).read_bytes() == model.read_bytes()
    assert (kept / weights.name).read_bytes() == weights.read_bytes()


def test_the_design_is_named_as_asked(tmp_path: Path) -> None:
    made = hwgen.build(tiny_h5(tmp_path / "t.h5"), board="vcu118", name="trigger")
    assert "rtl/hwg_trigger.sv" in made.files.paths


def test_a_graph_builds_without_a_file(tmp_path: Path) -> None:
    made = hwgen.build(small_net(), tmp_path / "out", board="ecp5_evn", clock="20ns")
    assert (made.design.name, made.goal.clock_mhz) == ("tiny", 50.0)
    assert not any(path.startswith("model/keras") for path in made.files.paths)
    x = np.random.default_rng(1).integers(-16, 16, (30, 5)) / 4
    assert np.array_equal(predict(tmp_path / "out", x), predict(small_net(), x))


def test_a_bundle_builds_the_same_core(tmp_path: Path) -> None:
    model = tiny_h5(tmp_path / "net.h5")
    bundle.write_bundle((hwgen.load(model), tmp_path / "net.json"))
    direct = hwgen.build(model, board="vcu118").files
    again = hwgen.build(tmp_path / "net.json", board="vcu118").files
    differ = {path for path, content in direct if path not in again.paths or again[path] != content}
    assert differ == {"manifest.json", "model/source.json", "model/keras/net.h5"}


# --- what it takes --------------------------------------------------------------------------------


@pytest.mark.parametrize("make", [large_h5, jet] if JET.exists() else [large_h5])
def test_a_build_stays_small_and_knows_no_tensorflow(
    make: Callable[[Path], list[str]], tmp_path: Path
) -> None:
    # The high-water mark of this process alone; rusage would count the one that started it, too.
    code = (
        "heavy = {'tensorflow', 'keras', 'qkeras', 'hls4ml', 'cocotb'} & set(sys.modules)\n"
        "peak = [line.split()[1] for line in open('/proc/self/status') if line[:6] == 'VmHWM:']\n"
        "print(*peak, *heavy)"
    )
    words = ["build", *make(tmp_path), "-b", "vcu118", "-q", "-o", str(tmp_path / "out")]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command(code, *words), env=env, check=True, capture_output=True, text=True
    )
    peak, *heavy = done.stdout.splitlines()[-1].split()
    assert heavy == []
    assert int(peak) < 1 << 20  # KiB: 1 GB


# --- pruned to nothing ----------------------------------------------------------------------------


def zeros(*layers: str) -> dict[str, Any]:
    return {name: (np.zeros(SIZES[name]), np.zeros(SIZES[name][1])) for name in layers}


def dead_inputs() -> dict[str, Any]:
    kernel = grid((4, 5), 1)
    kernel[[0, 2]] = 0
    return {"fc1": (kernel, grid((5,), 2))}


PRUNED = {
    "first_layer": zeros("fc1"),
    "last_layer": zeros("fc2"),
    "all": zeros("fc1", "fc2"),
    "all_but_bias": {"fc1": (np.zeros((4, 5)), grid((5,), 2)), **zeros("fc2")},
    "dead_inputs": dead_inputs(),
}


@pytest.mark.sim
@pytest.mark.parametrize("name", PRUNED)
def test_a_pruned_model_lints_clean(name: str, tmp_path: Path) -> None:
    arrays = {k: tuple(np.float32(v) for v in pair) for k, pair in PRUNED[name].items()}
    hwgen.build(tiny_h5(tmp_path / "net.h5", **arrays), tmp_path / "out", board="vcu118")
    lint(tmp_path / "out", "net")


@pytest.mark.sim
@pytest.mark.parametrize(
    "name",
    ["first_layer", *(pytest.param(n, marks=pytest.mark.ci) for n in ("all", "dead_inputs"))],
)
def test_a_pruned_model_simulates(name: str, tmp_path: Path) -> None:
    arrays = {k: tuple(np.float32(v) for v in pair) for k, pair in PRUNED[name].items()}
    made = hwgen.build(tiny_h5(tmp_path / "net.h5", **arrays), tmp_path / "out", board="vcu118")
    result = hwgen.sim(tmp_path / "out", samples=40)
    assert result.samples >= 40
    assert (result.mismatches, result.interval) == (0, 1)
    assert result.latency_cycles == made.design.latency >= 1


@pytest.mark.sim
def test_several_inputs_and_outputs_lint_and_simulate(tmp_path: Path) -> None:
    hwgen.build(branchy_h5(tmp_path / "b.h5"), tmp_path / "out", board="ecp5_evn")
    lint(tmp_path / "out", "b")
    assert hwgen.sim(tmp_path / "out", samples=40).mismatches == 0


def lint(out: Path, name: str) -> None:
    tool = simulators.verilator()
    folder = out / "rtl"
    files = [str(folder / line) for line in read_list((folder / "files.f").read_text("utf-8"))]
    for top in (f"hwg_{name}", f"hwg_{name}_axis"):
        flags = ["--lint-only", "-Wall", "--top-module", top]
        tools.run([str(tool.path), *flags, *files], env=tool.env, folder=out, timeout=120)


# --- moved, copied, started otherwise -------------------------------------------------------------


def test_a_build_may_be_moved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hwgen.build(tiny_h5(tmp_path / "net.h5"), tmp_path / "out", board="vcu118")
    (tmp_path / "net.h5").unlink()
    shutil.move(tmp_path / "out", tmp_path / "elsewhere")
    monkeypatch.chdir(tmp_path / "elsewhere")
    np.save(tmp_path / "x.npy", np.zeros((2, 4)))
    assert run(["predict", ".", str(tmp_path / "x.npy"), "-o", str(tmp_path / "y.npy")]) == 0
    assert np.load(tmp_path / "y.npy").shape == (2, 3)


def test_the_interface_is_told(tmp_path: Path) -> None:
    hwgen.build(tiny_h5(tmp_path / "net.h5"), tmp_path / "out", board="vcu118")
    design = json.loads((tmp_path / "out" / "design.json").read_text("utf-8"))
    assert design["tops"] == {"flow": "hwg_net", "axis": "hwg_net_axis"}
    (port,) = design["inputs"]
    assert (port["name"], port["shape"], port["width"], port["frac"]) == ("x", [4], 6, 3)


def test_input_format_may_be_named_beside_the_model(tmp_path: Path) -> None:
    file = tiny_h5(tmp_path / "m.h5", OPEN)
    named = hwgen.load(file, input_format="s5.3")
    assert named == hwgen.load(file, options=options("s5.3"))
    assert str(named.inputs[0].type.fixed) == "s5.3"
    built = hwgen.build(file, board="vcu118", input_format="s5.3")
    assert built.graph == named
