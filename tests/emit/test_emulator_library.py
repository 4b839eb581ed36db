# SPDX-License-Identifier: Apache-2.0
"""The emulator as a library: from C, with CMake and pkg-config, under sanitizers, by its verbs."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import hwgen
import hwgen.api.emulate
from hwgen.cli import run as cli
from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph
from hwgen.tools import run
from hwgen.verify.compile_emulator import Loaded
from hwgen.verify.emulation import emulator_of
from hwgen.verify.self_check import make_vectors
from tests.emit.hls_models import ADDRESS, THREAD, run_threads
from tests.emit.test_emulator import STRICT, small_cnn
from tests.emit.test_hls import GRAPHS
from tests.verify.conftest import small_net


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A cache of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def sources(graph: Graph, folder: Path) -> None:
    for path, content in emulator_of(graph).files:
        (folder / path).write_bytes(content)


def check_program(program: list[str], graph: Graph, folder: Path) -> None:
    x = np.random.default_rng(1).normal(0, 3, (300, 5)).astype(np.float32)
    made = subprocess.run(
        [*program, "300"], input=x.tobytes(), capture_output=True, cwd=folder, check=True
    )
    got = np.array(made.stdout.split(), np.float64).reshape(300, -1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert np.array_equal(got, hwgen.predict(graph, x))
    assert b"input values rounded" in made.stderr
    short = subprocess.run([*program, "301"], input=x.tobytes(), capture_output=True, cwd=folder)
    assert short.returncode == 1


def test_a_c_program_uses_it(tmp_path: Path) -> None:
    graph = small_net()
    sources(graph, tmp_path)
    run(["gcc", "-std=c99", *STRICT, "-c", "example.c"], tmp_path)
    flags = ["-std=c++17", "-O1", "-DHWG_NATIVE", *STRICT]
    run(["g++", *flags, "hwg_tiny_emulator.cpp", "example.o", "-o", "example"], tmp_path)
    check_program(["./example"], graph, tmp_path)


@pytest.mark.ci
def test_cmake_installs_a_library_for_every_machine(tmp_path: Path) -> None:
    graph = small_net()
    sources(graph, tmp_path)
    prefix = f"-DCMAKE_INSTALL_PREFIX={tmp_path / 'usr'}"
    run(["cmake", "-S", ".", "-B", "build", prefix], tmp_path)
    run(["cmake", "--build", "build"], tmp_path)
    check_program(["build/hwg_tiny_example"], graph, tmp_path)
    run(["cmake", "--install", "build"], tmp_path)
    (place,) = (tmp_path / "usr").rglob("pkgconfig")
    env = {"PKG_CONFIG_PATH": str(place)}
    flags = run(["pkg-config", "--cflags", "--libs", "hwg_tiny_emulator"], env=env).split()
    (library,) = (tmp_path / "usr").rglob("*.so")
    link = [*flags, f"-Wl,-rpath,{library.parent}"]
    shutil.copy(tmp_path / "example.c", tmp_path / "usr" / "main.c")
    run(["gcc", "main.c", *link, "-o", "main"], tmp_path / "usr")
    check_program([str(tmp_path / "usr" / "main")], graph, tmp_path)
    handle = ctypes.CDLL(str(library))
    assert handle.hwg_tiny_run is not None


def test_one_library_of_windows_serves_all_machines(tmp_path: Path) -> None:
    graph = small_cnn()
    sources(graph, tmp_path)
    library = emulator_of(graph)
    flags = ["-std=c++17", "-O1", "-fPIC", "-shared", *STRICT]  # not for this machine alone
    run(["g++", *flags, library.source, "-o", "made.so"], tmp_path)
    vectors = make_vectors(graph, 20, 1)
    found = Loaded(library, tmp_path / "made.so").run({"x_in": vectors.inputs["x"]})
    assert np.array_equal(found["fc_out_out"], vectors.outputs["fc_out"])


@pytest.mark.ci
@pytest.mark.parametrize("sanitizer", [ADDRESS, THREAD])
def test_sanitizers_find_nothing(sanitizer: str, tmp_path: Path) -> None:
    for name in ("binary", "merge", "tables", "tiny"):
        graph = GRAPHS[name]()
        folder = tmp_path / name
        folder.mkdir()
        run_threads(graph, None, sanitizer, folder)


def test_the_library_is_written_on_the_command_line(tmp_path: Path) -> None:
    hwgen.build(small_net(), tmp_path / "out", board="vcu118")
    to = tmp_path / "lib"
    words = ["emulate", str(tmp_path / "out"), "-o", str(to), "-q"]
    assert cli(words) == 0
    assert {p.name for p in to.iterdir()} == {
        "CMakeLists.txt", "example.c", "hwg_tiny_emulator.cpp", "hwg_tiny_emulator.h",
        "hwg_tiny_emulator.pc.in",
    }  # fmt: skip
    assert cli(words) == 2  # the folder is not empty, and no build
    (to / "example.c").unlink()
    with pytest.raises(ConfigError):
        hwgen.api.emulate.write_library(tmp_path / "out", to)


def test_predict_on_the_command_line(tmp_path: Path, rng: np.random.Generator) -> None:
    hwgen.build(small_net(), tmp_path / "out", board="vcu118")
    np.save(tmp_path / "x.npy", rng.normal(0, 3, (50, 5)))
    for flags, name in (([], "a.npy"), (["--emulate"], "b.npy")):
        words = ["predict", str(tmp_path / "out"), str(tmp_path / "x.npy"), *flags]
        assert cli([*words, "-o", str(tmp_path / name), "-q"]) == 0
    assert np.array_equal(np.load(tmp_path / "a.npy"), np.load(tmp_path / "b.npy"))
