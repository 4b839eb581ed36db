# SPDX-License-Identifier: Apache-2.0
"""Test bench of the C++: reads samples and what the reference says of them, and compares."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np

from hwgen import paths
from hwgen.design.types import Design
from hwgen.emit.hls import cpp, ports
from hwgen.ir.tensor import Codes

TEMPLATE = "bench.cpp.in"


def bench_files(
    design: Design, top: str, inputs: Mapping[str, Codes], outputs: Mapping[str, Codes]
) -> dict[str, bytes | str]:
    """Return the bench and its vectors."""
    return {
        f"{top}_bench.cpp": _bench(design, top),
        f"{top}_vectors.dat": vectors_text(design, inputs, outputs),
    }


def vectors_text(design: Design, inputs: Mapping[str, Codes], outputs: Mapping[str, Codes]) -> str:
    """Return samples as the bench reads them.

    The first line has the numbers of samples, of input elements and of output elements; then a line
    a sample: the inputs, port by port and row-major, and the outputs likewise.
    """
    tables = [
        np.asarray(codes[port.name], np.int64).reshape(-1, port.size)
        for side, codes in ((design.inputs, inputs), (design.outputs, outputs))
        for port in side
    ]
    rows = np.concatenate(tables, axis=1)
    sizes = [sum(port.size for port in side) for side in (design.inputs, design.outputs)]
    text = io.StringIO()
    text.write(f"{len(rows)} {sizes[0]} {sizes[1]}\n")
    np.savetxt(text, rows, fmt="%d")
    return text.getvalue()


def _bench(design: Design, top: str) -> str:
    ins, outs = design.inputs, design.outputs
    declared = [f"  static {ports.kind(p)} {ports.input_name(p)}[{p.size}];" for p in ins]
    declared += [f"  static {ports.kind(p)} {ports.output_name(p)}[{p.size}];" for p in outs]
    takes = [f"    read(file, {ports.input_name(p)}, {p.size});" for p in ins]
    checks = [
        f'    same &= compare(file, got, {ports.output_name(p)}, {p.size}, "{p.name}", sample);'
        for p in outs
    ]
    call = _through_streams(design, top) if design.style == "stream" else _on_arrays(design, top)
    head = cpp.banner(
        design.model,
        [
            f"{design.name}: test bench. It ends with 1 if a number differs from the reference, if",
            "the vectors are not all there, or if there are none.",
        ],
    )
    holes = {
        "banner": "\n".join(head),
        "top": top,
        "inputs": str(sum(p.size for p in ins)),
        "outputs": str(sum(p.size for p in outs)),
        "declared": "\n".join(declared),
        "takes": "\n".join(takes),
        "call": "\n".join(call),
        "checks": "\n".join(checks),
    }
    return filled(TEMPLATE, holes)


def _on_arrays(design: Design, top: str) -> list[str]:
    names = [*map(ports.input_name, design.inputs), *map(ports.output_name, design.outputs)]
    return [f"    {top}({', '.join(names)});"]


def _through_streams(design: Design, top: str) -> list[str]:
    """Return the lines that hand arrays to a top of streams, word by word, and take them back."""
    lines, names, takes = list[str](), list[str](), list[str]()
    for port in (*design.inputs, *design.outputs):
        link, name = design.link(port.link), f"{port.name}_words"
        lines.append(f"    hwg::stream<{top}_{port.name}_word> {name};")
        names.append(name)
        numbers = f"{link.words}, {ports.kind(port)}, {len(link.fields)}"
        if port in design.inputs:
            lines.append(f"    hwg::to_words<{numbers}>({ports.input_name(port)}, {name});")
        else:
            takes.append(f"    hwg::from_words<{numbers}>({name}, {ports.output_name(port)});")
    return [*lines, f"    {top}({', '.join(names)});", *takes]


def filled(template: str, holes: Mapping[str, str]) -> str:
    """Return a template of hls_templates/project with its holes, ``@name@``, filled."""
    text = (paths.hls_templates() / "project" / template).read_text("utf-8")
    for name, value in holes.items():
        text = text.replace(f"@{name}@", value)
    return text
