# SPDX-License-Identifier: Apache-2.0
"""The house rules that a parser can see: who imports whom, who prints, how long a file is."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

# The library functions under the verbs: files beside the rooms, which may use each other.
VERBS = (
    "project",
    "estimates",
    "explore",
    "explore_space",
    "workers",
    "options",
    "record",
    "demo",
    "benchmark",
    "proofs",
    "opened",
    "packing",
    "coding",
    "coded",
    "codec_build",
    "codec_klt",
    "tapped",
    "synthesis",
    "vendors",
)
# Left to right: a room may use itself and anything to its right; rooms of one group not each other.
ORDER = (
    ("cli",),
    VERBS,
    ("report",),
    ("package", "verify", "synth"),
    ("emit",),
    ("plan",),
    ("passes",),
    ("ops",),
    ("logic", "codec"),
    ("ir",),
    ("paths", "doctor", "progress"),
    ("errors",),
)
RANK = {room: i for i, group in enumerate(ORDER) for room in group}
FRONT_END = {"frontends", "ops", "ir", "errors"}
# May use anything but the command line; only the verbs, and each other, may use them.
RIM = {"interop", "train"}
USERS_OF_RIM = {"cli", *VERBS}

KERAS = ("hwgen/train/", "hwgen/frontends/keras_live.py")
# A third party or a module with side effects, and the places that may import it.
ALLOWED = {
    "numpy": ("hwgen/", "sim/"),
    "h5py": ("hwgen/frontends/", "hwgen/train/"),
    "tensorflow": KERAS,
    "keras": KERAS,
    "qkeras": KERAS,
    "tensorflow_model_optimization": KERAS,
    "hls4ml": ("hwgen/interop/",),
    "pyosys": ("hwgen/synth/",),
    "systemrdl": ("hwgen/package/",),
    "peakrdl_cheader": ("hwgen/package/",),
    "optuna": ("hwgen/explore.py",),
    "distributed": ("hwgen/workers.py",),
    "numba": ("hwgen/codec/",),
    "cocotb": ("sim/",),
    "cocotbext": ("sim/",),
    "cocotb_tools": ("hwgen/verify/", "sim/"),
    "subprocess": ("hwgen/verify/", "hwgen/synth/", "sim/"),
}
ENDINGS = {"exit", "quit", "sys.exit", "os._exit", "os.abort"}


def room_of(module: str) -> str:
    """Return the room of ``hwgen.room.file``; the package itself is no room."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def may_use(room: str, other: str) -> bool:
    if other in (room, ""):  # the package itself holds the version and lazy names only
        return True
    if room in VERBS and other in VERBS:
        return True
    if room == "frontends":
        return other in FRONT_END
    if room in RIM:
        return other != "cli"
    if other == "frontends" or other in RIM:
        return room in USERS_OF_RIM
    return room in RANK and other in RANK and RANK[room] < RANK[other]


def imports(tree: ast.AST, package: str) -> Iterator[str]:
    """Yield the full name of every module that is imported, at any depth of the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1]
            module = ".".join([*base, node.module] if node.module else base)
            module = module if node.level else str(node.module)
            if module == "hwgen":
                yield from (f"hwgen.{alias.name}" for alias in node.names)
            else:
                yield module


def breaches(path: str, source: str, benches: frozenset[str] = frozenset()) -> list[str]:
    """Return what a file of that path would do against the rules.

    *benches* are the modules of sim/, which its files import by their bare names.
    """
    tree = ast.parse(source)
    found = []
    file = PurePosixPath(path)
    package = ".".join(file.with_suffix("").parts[:-1])
    room = room_of(".".join(file.with_suffix("").parts)) if path.startswith("hwgen/") else "sim"
    for module in imports(tree, package):
        top = module.split(".")[0]
        if top == "hwgen":
            other = room_of(module)
            if module == "hwgen.__version__":
                continue
            if room == "sim" or (room != "__init__" and not may_use(room, other)):
                found.append(f"{path}: {room} may not import {module}")
        elif top in ALLOWED:
            if not path.startswith(ALLOWED[top]):
                found.append(f"{path}: {top} may not be imported here")
        elif top not in sys.stdlib_module_names and not (room == "sim" and top in benches):
            found.append(f"{path}: unknown third party {top}")
    if not path.startswith("hwgen/cli/"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                if name == "print" or name in ENDINGS:
                    found.append(f"{path}:{node.lineno}: {name} belongs to cli/")
            elif isinstance(node, ast.Raise) and node.exc is not None:
                name = ast.unparse(node.exc).split("(")[0]
                if name == "SystemExit":
                    found.append(f"{path}:{node.lineno}: SystemExit belongs to cli/")
            elif isinstance(node, ast.ClassDef) and room not in ("errors", "sim"):
                bases = {ast.unparse(base) for base in node.bases}
                if any(base.endswith(("Error", "Exception")) for base in bases):
                    found.append(f"{path}:{node.lineno}: exceptions belong to errors.py")
    return found


def sources(root: Path, *folders: str, ending: str = ".py") -> list[Path]:
    return sorted(p for folder in folders for p in (root / folder).rglob(f"*{ending}"))


def test_every_file_keeps_the_import_rules(root: Path) -> None:
    files = sources(root, "hwgen", "sim")
    benches = frozenset(file.stem for file in sources(root, "sim"))
    assert len(files) > 10
    found = [
        breach
        for file in files
        for breach in breaches(file.relative_to(root).as_posix(), file.read_text("utf-8"), benches)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("hwgen/ir/x.py", "from hwgen.logic.graph import Add"),
        ("hwgen/ir/x.py", "def f():\n    import hwgen.ops.dense"),
        ("hwgen/ir/x.py", "from hwgen import plan"),
        ("hwgen/ir/x.py", "from ..plan import board"),
        ("hwgen/ops/x.py", "from hwgen.plan.board import Board"),
        ("hwgen/logic/x.py", "import hwgen.codec.frame"),
        ("hwgen/emit/x.py", "from hwgen.verify import vectors"),
        ("hwgen/verify/x.py", "from hwgen.synth import yosys"),
        ("hwgen/verify/x.py", "from hwgen.frontends import qkeras"),
        ("hwgen/frontends/x.py", "from hwgen.logic.graph import Builder"),
        ("hwgen/frontends/x.py", "from hwgen.plan.goal import Goal"),
        ("hwgen/train/x.py", "import hwgen.cli"),
        ("hwgen/plan/x.py", "from hwgen.train import prune"),
        ("hwgen/errors.py", "from hwgen.ir.fixed import Fixed"),
        ("sim/bench_x.py", "from hwgen.errors import HwgenError"),
        ("sim/bench_x.py", "import h5py"),
        ("sim/bench_x.py", "import elsewhere"),
        ("hwgen/emit/x.py", "import stream"),
        ("hwgen/report/x.py", "from hwgen import project"),
        ("hwgen/proofs.py", "from hwgen import cli"),
        ("hwgen/frontends/qkeras.py", "import tensorflow as tf"),
        ("hwgen/verify/x.py", "from qkeras import QDense"),
        ("hwgen/plan/x.py", "import hls4ml"),
        ("hwgen/plan/x.py", "import h5py"),
        ("hwgen/plan/x.py", "import subprocess"),
        ("hwgen/emit/x.py", "import jinja2"),
        ("hwgen/report/x.py", "print('x')"),
        ("hwgen/report/x.py", "import sys\nsys.exit(1)"),
        ("hwgen/report/x.py", "raise SystemExit(1)"),
        ("hwgen/report/x.py", "exit()"),
        ("hwgen/plan/x.py", "class Odd(ValueError):\n    pass"),
    ],
)
def test_a_breach_is_found(path: str, source: str) -> None:
    assert len(breaches(path, source)) == 1


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("hwgen/cli/x.py", "import sys\nfrom hwgen import project\nprint(1)\nsys.exit(0)"),
        ("hwgen/project.py", "from hwgen.frontends import qkeras\nfrom hwgen.train import prune"),
        ("hwgen/project.py", "from hwgen import proofs, progress"),
        ("hwgen/emit/x.py", "from hwgen import __version__\nfrom hwgen import paths"),
        ("hwgen/emit/x.py", "from hwgen.plan.design import Design\nimport numpy as np"),
        ("hwgen/frontends/keras_live.py", "import tensorflow as tf"),
        ("hwgen/verify/x.py", "import subprocess\nfrom hwgen.emit.files import FileSet"),
        ("hwgen/ir/x.py", "from .fixed import Fixed"),
        ("sim/bench_x.py", "import cocotb\nimport numpy as np\nfrom stream import Source"),
        ("hwgen/errors.py", "class Odd(ValueError):\n    pass"),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert breaches(path, source, frozenset({"stream"})) == []


def test_no_test_loads_yosys_into_its_own_process(root: Path) -> None:
    # pyosys makes Python load every later library with global symbols: TensorFlow then crashes, or
    # ssl finds another library's functions. A test that needs Yosys starts a process for it.
    loads = [
        file.relative_to(root).as_posix()
        for file in sources(root, "tests")
        if any(m.split(".")[0] == "pyosys" for m in imports(ast.parse(file.read_text("utf-8")), ""))
    ]
    assert loads == []


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_import_pulls_in_numpy_alone() -> None:
    code = (
        "import sys; before = set(sys.modules); import hwgen;"
        "new = {m.split('.')[0] for m in set(sys.modules) - before};"
        "print(*sorted(new - set(sys.stdlib_module_names)))"
    )
    assert set(run(code).split()) <= {"hwgen", "numpy"}
    assert "hwgen" in run(code).split()


def test_import_is_quick() -> None:
    code = "import time; t = time.perf_counter(); import hwgen; print(time.perf_counter() - t)"
    assert min(float(run(code)) for _ in range(5)) < 0.3


def test_no_file_is_long_without_a_reason(root: Path) -> None:
    files = [
        *sources(root, "hwgen", "sim", "tests"),
        *sources(root, "rtl", ending=".sv"),
    ]
    long = [
        file.relative_to(root).as_posix()
        for file in files
        if len(text := file.read_text("utf-8").splitlines()) > 400
        and not any("long because:" in line for line in text[:10])
    ]
    assert long == []


def test_every_file_names_its_licence(root: Path) -> None:
    mark = "SPDX-License-Identifier: Apache-2.0"
    bare = [
        file.relative_to(root).as_posix()
        for comment, files in (
            ("#", sources(root, "hwgen", "sim", "tests")),
            ("//", sources(root, "rtl", ending=".sv")),
            ("#", sources(root, "boards", ending=".toml")),
        )
        for file in files
        if (text := file.read_text("utf-8")) and text.splitlines()[0] != f"{comment} {mark}"
    ]
    assert bare == []
    assert "Apache License" in (root / "LICENSE").read_text("utf-8")
