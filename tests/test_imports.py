# SPDX-License-Identifier: Apache-2.0
"""The house rules that a parser can see: who imports whom, who prints, how long a file is."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

# Left to right: a room may use itself and anything to its right; rooms of one group not each other.
ORDER = (
    ("cli",),
    ("api",),
    ("report",),
    ("package", "verify", "synth"),
    ("emit", "plan", "quantize"),
    ("cost", "frontends", "passes"),
    ("ops",),
    ("design",),
    ("units", "target"),
    ("logic", "codec"),
    ("ir",),
    ("files", "arrays", "tools", "paths", "progress", "doctor"),
    ("errors",),
)
RANK = {room: i for i, group in enumerate(ORDER) for room in group}
# May use anything but the command line; only the verbs, and each other, may use them.
EDGE = {"interop", "train"}
USERS_OF_EDGE = {"cli", "api"}
# Within api/: what all verbs share, the verbs, and the verbs made of verbs.
SHARED = ("folder", "guard", "samples", "results", "workers", "emulator")
COMPOSED = ("explore", "explore_space", "demo", "bench")

KERAS = ("hwgen/train/", "hwgen/frontends/keras/live.py")
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
    "pyslang": ("hwgen/verify/prove/syntax.py",),
    "z3": ("hwgen/verify/prove/solver.py",),
    "systemrdl": ("hwgen/package/",),
    "peakrdl_cheader": ("hwgen/package/",),
    "optuna": ("hwgen/api/explore.py",),
    "distributed": ("hwgen/api/workers.py",),
    "numba": ("hwgen/codec/",),
    "cocotb": ("sim/",),
    "cocotbext": ("sim/",),
    "cocotb_tools": ("hwgen/verify/", "sim/"),
    "find_libpython": ("hwgen/verify/",),
    "shtab": ("hwgen/cli/",),
    "subprocess": ("hwgen/tools.py", "sim/"),
}
ENDINGS = {"exit", "quit", "sys.exit", "os._exit", "os.abort"}


def room_of(module: str) -> str:
    """Return the room of ``hwgen.room.file``; the package itself is no room."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else ""


def may_use(room: str, other: str) -> bool:
    if other in (room, ""):  # the package itself holds the version and lazy names only
        return True
    if room in EDGE:
        return other != "cli"
    if other in EDGE:
        return room in USERS_OF_EDGE
    return room in RANK and other in RANK and RANK[room] < RANK[other]


def api_level(module: str) -> int:
    """Return 0 for what verbs share, 1 for a verb, 2 for one made of verbs."""
    return 0 if module in SHARED else 2 if module in COMPOSED else 1


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
        ("hwgen/ir/x.py", "from hwgen.logic.nodes import Add"),
        ("hwgen/ir/x.py", "def f():\n    import hwgen.ops.dense"),
        ("hwgen/ir/x.py", "from hwgen import plan"),
        ("hwgen/ir/x.py", "from ..plan import board"),
        ("hwgen/ops/x.py", "from hwgen.plan.goal import Goal"),
        ("hwgen/logic/x.py", "import hwgen.codec.frame"),
        ("hwgen/emit/x.py", "from hwgen.verify import vectors"),
        ("hwgen/verify/x.py", "from hwgen.synth import yosys"),
        ("hwgen/frontends/x.py", "from hwgen.passes import run_passes"),
        ("hwgen/cost/x.py", "from hwgen.plan.parallel.schedule import schedule"),
        ("hwgen/emit/x.py", "from hwgen.plan.goal import Goal"),
        ("hwgen/files.py", "from hwgen.ir.fixed import Fixed"),
        ("hwgen/design/x.py", "from hwgen.ops.dense import Dense"),
        ("hwgen/frontends/x.py", "from hwgen.plan.goal import Goal"),
        ("hwgen/train/x.py", "import hwgen.cli"),
        ("hwgen/plan/x.py", "from hwgen.train import prune"),
        ("hwgen/errors.py", "from hwgen.ir.fixed import Fixed"),
        ("sim/bench_x.py", "from hwgen.errors import HwgenError"),
        ("sim/bench_x.py", "import h5py"),
        ("sim/bench_x.py", "import elsewhere"),
        ("hwgen/emit/x.py", "import stream"),
        ("hwgen/report/x.py", "from hwgen import api"),
        ("hwgen/api/x.py", "from hwgen import cli"),
        ("hwgen/api/x.py", "import subprocess"),
        ("hwgen/frontends/qkeras/x.py", "import tensorflow as tf"),
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
        ("hwgen/cli/x.py", "import sys\nfrom hwgen import api\nprint(1)\nsys.exit(0)"),
        ("hwgen/api/x.py", "from hwgen.frontends import qkeras\nfrom hwgen.train import prune"),
        ("hwgen/api/demo.py", "from hwgen.api.sim import sim\nfrom hwgen import progress"),
        ("hwgen/emit/x.py", "from hwgen import __version__\nfrom hwgen import paths"),
        ("hwgen/emit/x.py", "from hwgen.design.types import Design\nimport numpy as np"),
        ("hwgen/frontends/x.py", "from hwgen.ops.dense import Dense"),
        ("hwgen/frontends/keras/live.py", "import tensorflow as tf"),
        ("hwgen/tools.py", "import subprocess\nfrom hwgen.errors import ToolFailed"),
        ("hwgen/ir/x.py", "from .fixed import Fixed"),
        ("sim/bench_x.py", "import cocotb\nimport numpy as np\nfrom axis import AxisSource"),
        ("hwgen/errors.py", "class Odd(ValueError):\n    pass"),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert breaches(path, source, frozenset({"axis"})) == []


def test_nothing_lies_at_the_root(root: Path) -> None:
    kept = {"__init__", "errors", "paths", "files", "arrays", "tools", "progress", "doctor"}
    assert {file.stem for file in (root / "hwgen").glob("*.py")} == kept


def test_the_verbs_keep_their_levels(root: Path) -> None:
    found = []
    for file in sources(root, "hwgen/api"):
        for module in imports(ast.parse(file.read_text("utf-8")), "hwgen.api"):
            parts = module.split(".")
            inside = parts[:2] == ["hwgen", "api"] and len(parts) > 2
            if inside and api_level(parts[2]) > api_level(file.stem):
                found.append(f"{file.stem} uses {parts[2]}")
    assert found == []


def test_no_module_is_imported_in_a_circle(root: Path) -> None:
    names = {
        ".".join(file.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): file
        for file in sources(root, "hwgen")
    }
    uses: dict[str, set[str]] = {}
    for name, file in names.items():
        package = name if file.stem == "__init__" else name.rpartition(".")[0]
        tree = ast.parse(file.read_text("utf-8"))
        lazy = {n for f in ast.walk(tree) if isinstance(f, ast.FunctionDef) for n in ast.walk(f)}
        top = ast.Module([n for n in tree.body if n not in lazy], [])
        found = set()
        for node in ast.walk(top):
            if isinstance(node, ast.ImportFrom) and node not in lazy:
                base = next(iter(imports(ast.Module([node], []), package)), "")
                deep = {f"{base}.{alias.name}" for alias in node.names} & set(names)
                found |= deep or ({base} & set(names))
        uses[name] = found - {name, "hwgen"}
    done: set[str] = set()
    while ready := {name for name, used in uses.items() if used <= done} - done:
        done |= ready
    assert set(uses) - done == set()


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


def test_the_import_loads_one_module_and_is_quick() -> None:
    code = (
        "import sys; before = set(sys.modules); import hwgen;"
        "new = set(sys.modules) - before;"
        "print(*sorted(m for m in new if m.split('.')[0] not in sys.stdlib_module_names))"
    )
    assert run(code).split() == ["hwgen"]


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
