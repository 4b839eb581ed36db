# SPDX-License-Identifier: Apache-2.0
"""Emulator of a network as files: C++ source, C header, build files and an example in C."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hwgen import paths
from hwgen.design.types import Design
from hwgen.emit.emulator.convert import to_codes, to_values
from hwgen.emit.emulator.graph_form import GraphForm
from hwgen.emit.emulator.lanes import Body, Side, side
from hwgen.emit.emulator.layer_form import LayerForm
from hwgen.emit.hls import cpp
from hwgen.emit.hls.bench import filled
from hwgen.files import FileSet
from hwgen.ir.graph import Graph
from hwgen.ir.names import identifier


@dataclass(frozen=True)
class Library:
    """Emulator of a network.

    Attributes:
        name: what its functions begin with, ``hwg_jet``.
        inputs, outputs: the ports of its functions, in order.
        files: source and header, and what builds them.
    """

    name: str
    inputs: tuple[Side, ...]
    outputs: tuple[Side, ...]
    files: FileSet

    @property
    def source(self) -> str:
        """Name of the source file."""
        return f"{self.name}_emulator.cpp"


def sides(graph: Graph) -> tuple[tuple[Side, ...], tuple[Side, ...]]:
    """Return the inputs and outputs of a graph as the C interface has them.

    Raises:
        ConfigError: codes of more than 64 bits.
    """
    ins = tuple(side(f"{node.name}_in", node.type, 16) for node in graph.inputs)
    outs = tuple(
        side(f"{out.name}_out", graph[out.node].type, 32, out.scale, out.offset)
        for out in graph.outputs
    )
    return ins, outs


def of_design(graph: Graph, design: Design) -> Library:
    """Return the emulator of a design in the parallel style, node by node what the hardware does.

    Raises:
        ConfigError: numbers of more than 64 bits.
    """
    inputs, outputs = sides(graph)
    return library(
        design.name, design.model, (inputs, outputs), GraphForm(design, inputs, outputs).body()
    )


def of_graph(graph: Graph, model: str) -> Library:
    """Return the emulator of a graph by its layers, for networks of windows.

    Raises:
        ConfigError: an operation that this form does not have, or numbers of more than 63 bits.
    """
    inputs, outputs = sides(graph)
    name = identifier(graph.name)
    return library(name, model, (inputs, outputs), LayerForm(graph, inputs, outputs).body())


def library(
    name: str, model: str, ports: tuple[tuple[Side, ...], tuple[Side, ...]], body: Body
) -> Library:
    """Return the files around the code of a network.

    Args:
        name: of the design.
        model: digest of the graph.
        ports: inputs and outputs.
        body: its code.
    """
    top = f"hwg_{name}"
    text = _Text(name, top, model, *ports, body)
    files: dict[str, bytes | str] = {
        f"{top}_emulator.cpp": text.source(),
        f"{top}_emulator.h": text.header(),
        "CMakeLists.txt": filled("emulator.cmake.in", {"top": top}),
        f"{top}_emulator.pc.in": filled("emulator.pc.in", {"top": top, "name": name}),
        "example.c": text.example(),
    }
    include = paths.hls_templates() / "emulator"
    files |= {one: (include / one).read_bytes() for one in body.headers}
    return Library(top, *ports, FileSet.of(files))


@dataclass(frozen=True)
class _Text:
    """Text of one emulator."""

    name: str
    top: str
    model: str
    inputs: Sequence[Side]
    outputs: Sequence[Side]
    body: Body

    def source(self) -> str:
        """Return the C++ source."""
        banner = cpp.banner(
            self.model, [f"{self.name}: emulator, bit for bit the network in integers."]
        )
        includes = "".join(f'#include "{one}"\n' for one in self.body.headers)
        return filled(
            "emulator.cpp.in",
            {
                "banner": "\n".join(banner),
                "header": f"{self.top}_emulator.h",
                "includes": f"{includes}\n" if includes else "",
                "block": str(self.body.block),
                "body": "\n".join(self._body()),
                "entries": "\n".join(self._entries()),
            },
        )

    def _body(self) -> Iterator[str]:
        if self.body.constants:
            yield from self.body.constants
            yield ""
        yield "// Values between the layers."
        yield "struct alignas(64) Scratch {"
        yield from (f"  alignas(64) {one};" for one in self.body.scratch)
        yield "};"
        for lines in self.body.functions:
            yield ""
            yield from lines
        yield ""
        yield "// At most BLOCK samples, from codes to codes."
        yield from _call("void block", ["Scratch& scratch", "size_t samples", *self._codes()], " {")
        yield from (f"  {line}" for line in self.body.calls)
        yield "}"
        for one in self.inputs:
            for given in ("float", "double"):
                yield from to_codes(one, given)
        for one in self.outputs:
            yield from to_values(one)
        yield ""
        yield from self._predict()

    def _codes(self) -> list[str]:
        return [
            *(f"const {s.ctype}* __restrict {s.name}" for s in self.inputs),
            *(f"{s.ctype}* __restrict {s.name}" for s in self.outputs),
        ]

    def _predict(self) -> Iterator[str]:
        yield "// Values to values, F being float or double."
        yield "template <class F>"
        arguments = [
            "Scratch& scratch",
            "size_t samples",
            *(f"const F* {s.name}" for s in self.inputs),
            *(f"double* {s.name}" for s in self.outputs),
        ]
        yield from _call("Moved predict", arguments, " {")
        for s in (*self.inputs, *self.outputs):
            yield f"  {s.ctype} {s.name}_codes[BLOCK * {s.size}];"
        yield "  Moved moved = {0, 0, 0};"
        yield "  for (size_t at = 0; at < samples; at += BLOCK) {"
        yield "    const size_t some = samples - at < BLOCK ? samples - at : BLOCK;"
        for s in self.inputs:
            yield (
                f"    codes_of_{s.name}({s.name} + at * {s.size}, {s.name}_codes, int(some), "
                "moved);"
            )
        for s in self.inputs:
            ahead = f"ask_for({s.name} + (at + BLOCK) * {s.size}, BLOCK * {s.size});"
            yield f"    if (samples - at >= 2 * BLOCK) {ahead}"
        codes = [f"{s.name}_codes" for s in (*self.inputs, *self.outputs)]
        yield from cpp.statement(f"block({', '.join(['scratch', 'some', *codes])});", indent="    ")
        for s in self.outputs:
            yield f"    values_of_{s.name}({s.name}_codes, {s.name} + at * {s.size}, int(some));"
        yield "  }"
        yield "  return moved;"
        yield "}"

    def _entries(self) -> Iterator[str]:
        yield from _call(f'extern "C" int {self.top}_run', ["size_t samples", *self._plain()], " {")
        yield "  Scratch* const scratch = new (std::nothrow) Scratch();"
        yield "  if (scratch == nullptr) return 1;"
        yield "  for (size_t at = 0; at < samples; at += BLOCK) {"
        yield "    const size_t some = samples - at < BLOCK ? samples - at : BLOCK;"
        moved = [f"{s.name} + at * {s.size}" for s in (*self.inputs, *self.outputs)]
        yield from cpp.statement(
            f"block({', '.join(['*scratch', 'some', *moved])});", indent="    "
        )
        yield "  }"
        yield "  delete scratch;"
        yield "  return 0;"
        yield "}"
        for suffix, given in (("", "float"), ("_double", "double")):
            names = [s.name for s in (*self.inputs, *self.outputs)]
            yield ""
            head = f'extern "C" int {self.top}_predict{suffix}'
            yield from _call(head, ["size_t samples", *self._values(given)], " {")
            yield "  Scratch* const scratch = new (std::nothrow) Scratch();"
            yield "  if (scratch == nullptr) return 1;"
            called = ", ".join(["*scratch", "samples", *names])
            yield from cpp.statement(f"const Moved counts = predict<{given}>({called});")
            yield "  delete scratch;"
            yield "  if (moved != nullptr) {"
            yield "    moved[0] = counts.rounded;"
            yield "    moved[1] = counts.saturated;"
            yield "    moved[2] = counts.not_finite;"
            yield "  }"
            yield "  return counts.not_finite != 0 ? 2 : 0;"
            yield "}"

    def _plain(self) -> list[str]:
        return [
            *(f"const {s.ctype}* {s.name}" for s in self.inputs),
            *(f"{s.ctype}* {s.name}" for s in self.outputs),
        ]

    def _values(self, given: str) -> list[str]:
        return [
            *(f"const {given}* {s.name}" for s in self.inputs),
            *(f"double* {s.name}" for s in self.outputs),
            "size_t* moved",
        ]

    def header(self) -> str:
        """Return the C header."""
        lines = ["#include <stddef.h>", "#include <stdint.h>", "", "#ifdef __cplusplus"]
        lines += ['extern "C" {', "#endif", ""]
        lines += ["/* Codes to codes. An input code must lie within the format of its input."]
        lines += ["   Returns 0; 1 if there is no memory. Threads may call it at the same time. */"]
        lines += _call(f"int {self.top}_run", ["size_t samples", *self._plain()], ";")
        lines += [
            "",
            "/* Values to values: rounded half to even to the input's grid, and saturated.",
        ]
        lines += [
            "   moved: if not null, takes how many input values were rounded, how many saturated,"
        ]
        lines += ["   and how many were no finite numbers."]
        lines += [
            "   Returns 0; 1 if there is no memory, 2 if an input value is no finite number. */"
        ]
        for suffix, given in (("", "float"), ("_double", "double")):
            head = f"int {self.top}_predict{suffix}"
            lines += _call(head, ["size_t samples", *self._values(given)], ";")
        lines += ["", "#ifdef __cplusplus", "}", "#endif"]
        told = [f"{self.name}: emulator. All arrays are row-major, a sample after the other."]
        for what, side_ in (("input", self.inputs), ("output", self.outputs)):
            for s in side_:
                shape = "x".join(map(str, s.type.shape))
                told.append(f"{what} {s.name}: {shape} of {s.type.fixed}")
        top = [f"/* {line[3:]} */" for line in cpp.banner(self.model, told)]
        return cpp.header(f"{self.top}_emulator", top, lines)

    def example(self) -> str:
        """Return a C program that reads float32 samples and prints the outputs."""
        ins, outs = self.inputs, self.outputs
        names = [s.name for s in (*ins, *outs)]
        lines = [f"  float* {s.name} = malloc(samples * {s.size} * sizeof(float));" for s in ins]
        lines += [
            f"  double* {s.name} = malloc(samples * {s.size} * sizeof(double));" for s in outs
        ]
        read = [
            f"    if (fread({s.name} + s * {s.size}, sizeof(float), {s.size}, stdin) != {s.size}) "
            "return 1;"
            for s in ins
        ]
        told = [
            f"    for (size_t i = 0; i < {s.size}; ++i) "
            f'printf("%.17g ", {s.name}[s * {s.size} + i]);'
            for s in outs
        ]
        holes = {
            "top": self.top,
            "arrays": "\n".join(lines),
            "missing": " || ".join(f"!{name}" for name in names),
            "read": "\n".join(read),
            "call": f"{self.top}_predict(samples, {', '.join(names)}, moved)",
            "told": "\n".join(told),
            "free": "\n".join(f"  free({name});" for name in names),
        }
        return filled("emulator_example.c.in", holes)


def _call(head: str, arguments: Sequence[str], end: str) -> list[str]:
    """Return the head of a function, an argument a line where one line does not hold them."""
    line = f"{head}({', '.join(arguments)}){end}"
    if len(line) <= cpp.LINE:
        return [line]
    rows = [f"    {one}," for one in arguments[:-1]]
    return [f"{head}(", *rows, f"    {arguments[-1]}){end}"]
