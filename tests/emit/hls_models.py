# SPDX-License-Identifier: Apache-2.0
"""HLS C++ of whole models in every compilation: numbers, warnings, sanitizers.

``python -m tests.benchmarks.hls`` makes the table of docs/hls.md of it, a slow test holds it.
"""

from __future__ import annotations

import resource
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

import hwgen
from hwgen import paths
from hwgen.design.types import Design
from hwgen.ir.graph import Graph
from hwgen.tools import run
from hwgen.verify.compile_hls import STANDARD, Compilation, Compiled, compilations
from hwgen.verify.emulation import emulator_of
from hwgen.verify.self_check import make_vectors
from hwgen.verify.vectors import Vectors
from tests.rtl.twins import STRICT

ADDRESS, THREAD = "address,undefined", "thread"
FRAMES, BOUNDED = 20, 10  # samples in frames, and with a thread a stage
SANITIZED = 100  # samples under a sanitizer, at most
SLOW = 10  # clang++ optimises ap_int for minutes; without, it runs one sample in so many


@dataclass(frozen=True)
class Model:
    """A model of ../shared/models, or one that ships, and how it is built.

    Attributes:
        file: of the model; with ``demo/`` in front it ships.
        weights: file of its weights, where that is another one.
        form: format of its input, where the model states none.
        style, interval: of the build.
        samples: random ones, half of them normal and half uniform.
    """

    file: str
    weights: str | None = None
    form: str | None = None
    style: str = "parallel"
    interval: int | None = None
    samples: int = 10_000

    @property
    def ships(self) -> bool:
        """Whether the package has it."""
        return self.file.startswith("demo/")


JET = ("qkeras_3layer.json", "qkeras_3layer_weights.h5")
MODELS = {
    "jet tagger": Model(*JET, "s16.10"),
    "jet tagger, serial": Model(*JET, "s16.10", "serial", 8),
    "jet tagger, stream": Model(*JET, "s16.10", "stream", 64),
    "RN06, stream": Model("RN06_resnet_cifar10_8b.h5", None, "s8.7", "stream", 8192, 200),
    "binary MLP, stream": Model("demo/binary/bmlp.h5", None, None, "stream", 800),
    "binary CNN, stream": Model("demo/binary/bcnn.h5", None, None, "stream", 8192, 200),
    "three layers": Model("QKERAS_3layer.h5", None, "s8.4"),
    "three binary layers": Model(
        "KERAS_3layer_binary_smaller.json", "KERAS_3layer_binary_smaller_weights.h5", "s8.4"
    ),
    "three ternary layers": Model(
        "KERAS_3layer_ternary_small.json", "KERAS_3layer_ternary_small_weights.h5", "s8.4"
    ),
    "tables (KAN)": Model("kan/jets/truth_tables.json"),
    "MAGIC": Model("demo/magic/magic.h5"),
}


@dataclass
class Found:
    """What was found of a model.

    Attributes:
        samples: how many were compared, the corners too; with ap_int and clang++ a tenth.
        mismatches: by compilation, ``g++ with plain integers``.
        clean: sanitizers that found nothing, by what ran under them.
        seconds: of the processor, of all that ran.
    """

    samples: int = 0
    mismatches: dict[str, int] = field(default_factory=dict)
    clean: list[str] = field(default_factory=list)
    seconds: float = 0.0


def build(model: Model, out: Path) -> tuple[Graph, Design] | None:
    """Build a model with its C++; None where its file is not on this machine."""
    folder = paths.demo().parent if model.ships else paths.beside_checkout("shared")
    if folder is None:
        return None
    path = folder.joinpath(*(model.file.split("/")[1:] if model.ships else ("models", model.file)))
    weights = path.with_name(model.weights) if model.weights else None
    built = hwgen.build(
        path, out, board="vu13p", weights=weights, input_format=model.form, hls=True,
        best_effort=True, style=model.style, interval=model.interval,
    )  # fmt: skip
    return built.graph, built.design


def compare(model: Model, folder: Path) -> Found | None:
    """Build a model, and compile and run its C++ in every way; None where its file is missing.

    Raises:
        ToolFailed: a warning, a sanitizer's finding, or a program that ends as it should not.
    """
    start = _processor()
    out = folder / "out"
    made = build(model, out)
    if made is None:
        return None
    graph, design = made
    vectors = make_vectors(graph, model.samples, 1)
    found = Found(len(vectors))
    for index, how in enumerate(compilations()):
        without_warnings(out / "hls", how)
        found.mismatches[str(how)] = _mismatches(out, design, vectors, how, folder / str(index))
    found.clean = list(sanitized(out, graph, design, vectors, folder))
    found.seconds = _processor() - start
    return found


def without_warnings(hls: Path, how: Compilation) -> None:
    """Compile every file for its warnings alone."""
    flags = [f"-std={STANDARD}", *how.integers.flags(how.compiler.name), *STRICT, "-fsyntax-only"]
    for file in sorted(hls.glob("*.cpp")):
        run([str(how.compiler.path), *flags, "-I", str(hls), str(file)], hls)


def _mismatches(
    out: Path, design: Design, vectors: Vectors, how: Compilation, scratch: Path
) -> int:
    """Return in how many samples the C++ differs; frames and bounded streams must not."""
    scratch.mkdir()
    if how.compiler.name == "clang++" and how.integers.define == "HWG_AP":
        vectors = vectors.rows(0, max(len(vectors) // SLOW, BOUNDED))
    made = Compiled(out, design, how, scratch)
    found = made.run(vectors)
    wrong = np.zeros(len(vectors), bool)
    for port, codes in vectors.outputs.items():
        wrong |= (found[port] != codes).reshape(len(vectors), -1).any(axis=1)
    if how.integers.include is None:
        made.run_axis(vectors.rows(0, FRAMES))
        if design.style == "stream":
            few = vectors.rows(0, BOUNDED)
            assert few.equal(made.run_bounded(few)), how
    return int(wrong.sum())


def sanitized(
    out: Path, graph: Graph, design: Design, vectors: Vectors, folder: Path
) -> Iterator[str]:
    """Run the C++ and the emulator under sanitizers; yield what was found clean."""
    some = vectors.rows(0, min(len(vectors), SANITIZED))
    for how in compilations():
        # The runtime of the other compiler is a package of its own; there are two kinds of ac_int.
        if how.compiler.name != "g++" or "Intel" in how.integers.name:
            continue
        plain = how.integers.include is None
        # The shifts of ap_int's own code are defined from C++20 on.
        standard = "-std=c++20" if how.integers.define == "HWG_AP" else "-std=c++17"
        quick = replace(
            how, integers=replace(how.integers, speed={"g++": "-O1" if plain else "-O0"})
        )
        few = some if plain else some.rows(0, BOUNDED)
        for sanitizer in (ADDRESS, THREAD) if design.style == "stream" and plain else (ADDRESS,):
            scratch = folder / f"{how.integers.name}_{sanitizer}"
            scratch.mkdir()
            flags = (f"-fsanitize={sanitizer}", "-fno-sanitize-recover=all", standard)
            made = Compiled(out, design, quick, scratch, more=flags)
            if sanitizer == ADDRESS:
                assert few.equal(made.run(few))
            else:
                few = few.rows(0, BOUNDED)
                assert few.equal(made.run_bounded(few))
            yield f"{how.integers.name}: {sanitizer}"
    for sanitizer in (ADDRESS, THREAD):
        scratch = folder / f"emulator_{sanitizer}"
        scratch.mkdir()
        run_threads(graph, design, sanitizer, scratch)
        yield f"emulator: {sanitizer}"


def run_threads(graph: Graph, design: Design | None, sanitizer: str, folder: Path) -> None:
    """Run the emulator in four threads at once, called through its C header, under a sanitizer."""
    library = emulator_of(graph, design)
    for path, content in library.files:
        (folder / path).write_bytes(content)
    ins = ", ".join(f"{s.name}.data()" for s in library.inputs)
    outs = ", ".join(f"{s.name}.data()" for s in library.outputs)
    lines = [f'#include "{library.name}_emulator.h"', "#include <thread>", "#include <vector>"]
    lines += ["static void work() {", "  const size_t n = 300;"]
    for side in library.inputs:
        lines.append(f"  std::vector<float> {side.name}(n * {side.size}, 1.3f);")
    for side in library.outputs:
        lines.append(f"  std::vector<double> {side.name}(n * {side.size});")
    lines.append(f"  {library.name}_predict(n, {ins}, {outs}, nullptr);\n}}")
    lines.append("int main() {\n  std::vector<std::thread> all;")
    lines.append("  for (int k = 0; k < 4; ++k) all.emplace_back(work);")
    lines.append("  for (auto& one : all) one.join();\n  return 0;\n}")
    (folder / "main.cpp").write_text("\n".join(lines))
    flags = ["-std=c++17", "-O1", "-DHWG_NATIVE", "-pthread", f"-fsanitize={sanitizer}"]
    flags += ["-fno-sanitize-recover=all"] if sanitizer == ADDRESS else []
    run(["g++", *flags, library.source, "main.cpp", "-o", "main"], folder)
    run(["./main"], folder)


def _processor() -> float:
    """Return the CPU seconds of this process and of all that ran in it."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total
