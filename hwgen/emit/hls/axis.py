# SPDX-License-Identifier: Apache-2.0
"""AXI-Stream top of the C++: frames in, frames out, broken frames dropped; and its test bench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hwgen.design.frame import Frame, word_params
from hwgen.design.types import Design, Port
from hwgen.emit.hls import cpp, ports
from hwgen.emit.hls.bench import filled
from hwgen.emit.hls.stream_units import parameters

# In the bench of a stream design, where the result of a broken frame means nothing.
_DROP = """// Takes a frame of any numbers.
template <class S> bool drop(S& from, int beats) {
  bool same = true;
  for (int b = 0; b < beats; ++b) {
    if (!hwg::waiting(from)) return false;
    same = (from.read().last != 0) == (b == beats - 1) && same;
  }
  return same;
}

"""


def axis_files(design: Design, top: str, axis: str) -> dict[str, bytes | str]:
    """Return source, header and bench of the AXI-Stream top.

    Args:
        design: what to print.
        top: function of a sample.
        axis: function of the frames of a sample.
    """
    text = _Axis(design, top, axis)
    return {
        f"{axis}.h": text.header(),
        f"{axis}.cpp": text.source(),
        f"{axis}_bench.cpp": text.bench(),
    }


class _Axis:
    """Text of the AXI-Stream top."""

    def __init__(self, design: Design, top: str, axis: str) -> None:
        self.design, self.top, self.axis = design, top, axis
        self.beat = f"hwg::beat<{design.data_width}>"
        self.words = design.style == "stream"
        self.ins = _streams("s_axis", design.inputs)
        self.outs = _streams("m_axis", design.outputs)

    def _arguments(self) -> list[str]:
        return [f"hwg::stream<{self.beat} >& {name}" for name in (*self.ins, *self.outs)]

    def _signature(self) -> str:
        return cpp.call(f"void {self.axis}", [*self._arguments(), "bool& frame_error"])

    def _unit(self, kind: str, port: Port) -> str:
        frame = Frame.of(port, self.design.data_width)
        numbers = [self.design.data_width, frame.container, port.fixed.width]
        numbers += [int(port.fixed.signed), port.size]
        return f"hwg::{kind}<{', '.join(map(str, numbers))}>::of"

    def header(self) -> str:
        """Return the declaration."""
        top = cpp.banner(
            self.design.model,
            [
                f"{self.design.name}: AXI-Stream, a frame a sample; docs/links.md of hwgen tells "
                "its form.",
                *self._framing(),
            ],
        )
        body = [f'#include "{self.top}.h"', '#include "hwg/lang/stream.h"', ""]
        return cpp.header(self.axis, top, [*body, f"{self._signature()};"])

    def _framing(self) -> list[str]:
        if self.words:
            return [
                "A frame that is too short is filled up, one that is too long is cut: its result",
                "means nothing, and frame_error is set, which stays set.",
            ]
        return ["A broken frame takes its sample along and sets frame_error, which stays set."]

    def source(self) -> str:
        """Return the function."""
        return self._of_words() if self.words else self._of_arrays()

    def _of_words(self) -> str:
        """Return the functions of a stream design: frames to words, the top, words to frames."""
        design = self.design
        lines = cpp.banner(design.model, [f"{design.name}: AXI-Stream, a frame a sample."])
        lines += [f'#include "{self.axis}.h"', '#include "hwg/axis_from_words.h"']
        lines += ['#include "hwg/axis_to_words.h"', '#include "hwg/lang/pragmas.h"', ""]
        good = [f"{port.name}_good" for port in design.inputs]
        arguments = [*self._arguments(), *(f"bool& {name}" for name in good)]
        inner = f"{self.axis}_frames"
        lines += [f"{cpp.call(f'static void {inner}', arguments)} {{"]
        words = [f"{port.name}_words" for port in (*design.inputs, *design.outputs)]
        for port, name in zip((*design.inputs, *design.outputs), words, strict=True):
            lines += [f"  hwg::stream<{self.top}_{port.name}_word> {name};"]
            lines += [f"  HWG_DEPTH({name}, 2)"]
        lines += ["  HWG_DATAFLOW"]
        for port, stream, name in zip(design.inputs, self.ins, good, strict=True):
            numbers = word_params(design, port, leaving=False)
            numbers = {**numbers, "Signed": int(port.fixed.signed)}
            called = self._words_unit("axis_to_words", numbers, port)
            lines += cpp.statement(f"HWG_RUN({called}({stream}, {port.name}_words, {name}));")
        lines += cpp.statement(f"HWG_RUN({self.top}({', '.join(words)}));")
        for port, stream in zip(design.outputs, self.outs, strict=True):
            numbers = word_params(design, port, leaving=True)
            called = self._words_unit("axis_from_words", numbers, port)
            lines += cpp.statement(f"HWG_RUN({called}({port.name}_words, {stream}));")
        lines += ["}", "", "HWG_TOP", f"{self._signature()} {{", "  HWG_AXIS_BODY"]
        lines += [f"  HWG_AXIS({name})" for name in (*self.ins, *self.outs)]
        lines += [f"  bool {name} = false;" for name in good]
        lines += cpp.statement(f"{inner}({', '.join([*self.ins, *self.outs, *good])});")
        lines += [f"  if ({' || '.join(f'!{name}' for name in good)}) frame_error = true;", "}", ""]
        return "\n".join(lines)

    def _words_unit(self, unit: str, numbers: Mapping[str, int], port: Port) -> str:
        given = ", ".join(str(numbers[name]) for name in parameters(unit))
        return f"hwg::{unit}<{given}>::of<{ports.kind(port)} >"

    def _of_arrays(self) -> str:
        """Return the function of a flow core: a frame to an array, the top, and back."""
        design = self.design
        lines = cpp.banner(design.model, [f"{design.name}: AXI-Stream, a frame a sample."])
        lines += [f'#include "{self.axis}.h"', '#include "hwg/axis_pack.h"']
        lines += ['#include "hwg/axis_unpack.h"', '#include "hwg/lang/pragmas.h"', "", "HWG_TOP"]
        lines += [f"{self._signature()} {{", "  HWG_AXIS_BODY"]
        lines += [f"  HWG_AXIS({name})" for name in (*self.ins, *self.outs)]
        for port in design.inputs:
            lines.append(f"  {ports.kind(port)} {ports.input_name(port)}[{port.size}];")
            lines.append(f"  HWG_SPREAD({ports.input_name(port)})")
        for port in design.outputs:
            lines.append(f"  {ports.kind(port)} {ports.output_name(port)}[{port.size}];")
            lines.append(f"  HWG_SPREAD({ports.output_name(port)})")
        good = [f"{port.name}_good" for port in design.inputs]
        for name, port, stream in zip(good, design.inputs, self.ins, strict=True):
            call = f"{self._unit('axis_unpack', port)}({stream}, {ports.input_name(port)})"
            lines += cpp.statement(f"const bool {name} = {call};")
        arrays = [*map(ports.input_name, design.inputs), *map(ports.output_name, design.outputs)]
        lines.append(f"  if ({' && '.join(good)}) {{")
        lines += cpp.statement(f"{self.top}({', '.join(arrays)});", indent="    ")
        for port, stream in zip(design.outputs, self.outs, strict=True):
            call = f"{self._unit('axis_pack', port)}({ports.output_name(port)}, {stream});"
            lines += cpp.statement(call, indent="    ")
        lines += ["  } else {", "    frame_error = true;", "  }", "}", ""]
        return "\n".join(lines)

    def bench(self) -> str:
        """Return the bench, which sends broken frames among the good ones."""
        design = self.design
        ins, outs = (sum(p.size for p in side) for side in (design.inputs, design.outputs))
        broken = "told" if self.words else "dropped"
        head = [
            f"{design.name}: test bench of the AXI-Stream top. It ends with 1 if a number, a keep",
            f"or a last is wrong, or if a broken frame is not {broken}.",
        ]
        at, sends, checks, drops = 0, list[str](), list[str](), list[str]()
        for index, (port, stream) in enumerate(zip(design.inputs, self.ins, strict=True)):
            numbers = f"{design.data_width}, {Frame.of(port, design.data_width).container}"
            call = f"send<{numbers}, {port.size}>({stream}, codes + {at}"
            sends.append(f"    {call}, broken == {index} ? how : 0);")
            at += port.size
        at = 0
        for port, stream in zip(design.outputs, self.outs, strict=True):
            frame = Frame.of(port, design.data_width)
            numbers = f"{design.data_width}, {frame.container}"
            call = f"receive<{numbers}, {port.fixed.width}, {port.size}>({stream}, wanted + {at})"
            checks.append(f"    same = {call} && same;")
            if self.words:  # what becomes of a broken frame means nothing, but is a frame
                drops.append(f"        same = drop({stream}, {frame.beats}) && same;\n")
            at += port.size
        streams = [f"  hwg::stream<{self.beat} > {name};" for name in (*self.ins, *self.outs)]
        holes = {
            "banner": "\n".join(cpp.banner(design.model, head)),
            "axis": self.axis,
            "top": self.top,
            "inputs": str(ins),
            "outputs": str(outs),
            "ports": str(len(design.inputs)),
            "streams": "\n".join(streams),
            "sends": "\n".join(sends),
            "call": f"{self.axis}({', '.join([*self.ins, *self.outs, 'frame_error'])});",
            "checks": "\n".join(checks),
            "drops": "".join([" else {\n", *drops, "      }"]) if drops else "",
            "drop": _DROP if drops else "",
            "broken": broken,
            "empty": " || ".join(f"hwg::waiting({name})" for name in self.outs),
        }
        return filled("axis_bench.cpp.in", holes)


def _streams(prefix: str, side: Sequence[Port]) -> list[str]:
    """Return the names of the streams; a single one is called by its prefix alone."""
    return [prefix] if len(side) == 1 else [f"{prefix}_{port.name}" for port in side]
