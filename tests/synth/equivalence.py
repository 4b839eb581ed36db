# SPDX-License-Identifier: Apache-2.0
"""Proofs by yosys-abc that emitted text computes what it should, for every input.

Against the product as one would write it by hand, both sides become decision diagrams over the
inputs' bits, lowest bits first: there a sum of constants times inputs stays small, while SAT is
lost from some twenty input bits on. What diagrams cannot hold is proven in two steps: the text
against the graph it was printed from (SAT sweeping meets every wire on both sides), and the graph
against the matrix by carrying coefficients through it.
"""

from __future__ import annotations

import importlib.util
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hwgen.ops  # noqa: F401  (registers the operations)
from hwgen.design.source_list import read_list
from hwgen.design.types import Design, Heading
from hwgen.emit.verilog.design import emit_rtl
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.logic.builder import Logic
from hwgen.logic.nodes import Add, Add3, Const, In, Shl
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.plan.parallel.schedule import schedule
from hwgen.synth.yosys import run_script
from hwgen.target.board import load_board

# Registers as wires: a pipeline without feedback computes what it would without them.
WIRES = r"""
module \$dff (CLK, D, Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  input CLK;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = D;
endmodule
module \$sdff (CLK, SRST, D, Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  parameter SRST_POLARITY = 1;
  parameter [WIDTH-1:0] SRST_VALUE = 0;
  input CLK, SRST;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = SRST == SRST_POLARITY ? SRST_VALUE : D;
endmodule
"""
DIAGRAMS = "miter -n hand.aig ours.aig; collapse -r; strash; sat"
SWEEPING = "&r hand.aig; &cec ours.aig"
_ANSWERS = {
    "UNSATISFIABLE": True,
    "SATISFIABLE": False,
    "Networks are equivalent": True,
    "Networks are NOT EQUIVALENT": False,
}


@dataclass(frozen=True)
class Product:
    """``x @ weight + bias`` of inputs of *bits*, and its design."""

    weight: np.ndarray
    bias: np.ndarray
    design: Design

    @classmethod
    def of(
        cls, weight: np.ndarray, bias: np.ndarray, bits: int, signed: bool, board: str = "vcu118"
    ) -> Product:
        """Plan it for a board, fast enough to have registers inside."""
        head = Input.of((len(weight),), Fixed(bits, 0, signed))
        x = Node("x", head, (), head.infer([]), "x")
        op = Dense(weight, bias)
        fc = Node("fc", op, ("x",), op.infer([x.type]), "fc")
        graph = Graph("prod", (x, fc), (Output("y", "fc", (1.0,)),))
        target = load_board(board)
        heading = Heading("prod", target.name, 0.69 * target.max_mhz, "0" * 64)
        design = schedule(graph, heading, target.family)
        return cls(weight, bias, design)

    def by_hand(self) -> str:
        """Return the naive text: a sum of constants times inputs for every output."""
        (x,), (y,) = self.design.inputs, self.design.outputs
        w, n = y.fixed.width, x.fixed.width
        lines = []
        for i in range(x.size):
            part = f"x[{n * i + n - 1}:{n * i}]"
            text = f"$signed({part})" if x.fixed.signed else f"$signed({{1'b0, {part}}})"
            lines.append(f"  wire signed [{n}:0] x{i} = {text};")
        for j in range(y.size):
            terms = [(int(self.bias[j]), "")]
            terms += [(int(c), f" * x{i}") for i, c in enumerate(self.weight[:, j])]
            total = " ".join(f"{'-' if c < 0 else '+'} {w}'sd{abs(c)}{of}" for c, of in terms if c)
            lines.append(f"  assign y[{w * j + w - 1}:{w * j}] = {total or 0};")
        return self._module("\n".join(lines))

    def by_graph(self) -> str:
        """Return a text with one sum a node of the graph, as the graph defines it."""
        logic, (x,), (y,) = self.design.pipeline.logic, self.design.inputs, self.design.outputs
        n, lines = x.fixed.width, []

        def read(wire: int, width: int, shift: int = 0) -> str:
            node = logic.nodes[wire]
            if isinstance(node, Const):
                return f"{width}'d{(node.value << shift) % (1 << width)}"
            if isinstance(node, Shl):
                return read(node.a, width, shift + node.shift)
            return f"({width}'(n{wire}) << {shift})"

        for wire, node in enumerate(logic.nodes):
            width = logic.width(wire)
            match node:
                case In(_, index):
                    text = f"x[{n * index + width - 1}:{n * index}]"
                case Add(a, b, low, mid, sub):
                    text = f"{read(a, width, low)} {'+-'[sub]} {read(b, width, mid)}"
                case Add3(a, b, c, low, mid, top, sub, less):
                    text = f"{read(a, width, low)} {'+-'[sub]} {read(b, width, mid)}"
                    text += f" {'+-'[less]} {read(c, width, top)}"
                case _:
                    assert isinstance(node, Const | Shl)
                    continue
            sign = "signed " if logic.signed(wire) else ""
            lines.append(f"  wire {sign}[{width - 1}:0] n{wire} = {text};")
        ((_, outs),) = logic.outputs
        w = y.fixed.width
        for j, wire in enumerate(outs):
            lines.append(f"  assign y[{w * j + w - 1}:{w * j}] = {read(wire, w)};")
        return self._module("\n".join(lines))

    def _module(self, body: str) -> str:
        """Return *body* between inputs and outputs, with the emitted top beside it.

        The inputs' bits come lowest first, an order that keeps decision diagrams small.
        """
        (x,), (y,) = self.design.inputs, self.design.outputs
        order = [f"z[{k * x.size + i}]" for i in range(x.size) for k in range(x.fixed.width)]
        ports = (
            f"(input [{x.bits - 1}:0] z, input rst, valid, output [{y.bits - 1}:0] y, output done);"
            f"\n  wire [{x.bits - 1}:0] x = {{{', '.join(reversed(order))}}};"
        )
        return "\n".join(
            [
                f"module hand {ports}",
                body,
                "  assign done = rst & valid;",
                "endmodule",
                f"module ours {ports}",
                "  hwg_prod u (.clk_i(1'b0), .rst_ni(rst), .in_valid_i(valid), .x_data_i(x),",
                "    .out_valid_o(done), .y_data_o(y));",
                "endmodule",
                "",
            ]
        )


def affine(logic: Logic, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return matrix and bias of a graph of sums, by carrying coefficients through it.

    Checks that every interval is the exact one, so that no word is too narrow for its sum.
    """
    forms: list[np.ndarray] = []
    for node in logic.nodes:
        form = np.zeros(n + 1, object)
        match node:
            case In(_, index):
                form[index] = 1
            case Const(value):
                form[n] = value
            case Shl(a, shift):
                form = forms[a] * (1 << shift)
            case Add(a, b, low, mid, sub):
                form = forms[a] * (1 << low) + forms[b] * ((-1) ** sub << mid)
            case Add3(a, b, c, low, mid, top, sub, less):
                form = forms[a] * (1 << low) + forms[b] * ((-1) ** sub << mid)
                form = form + forms[c] * ((-1) ** less << top)
        forms.append(form)
    ends = {
        node.index: (lo, hi)
        for node, lo, hi in zip(logic.nodes, logic.lo, logic.hi, strict=True)
        if isinstance(node, In)
    }
    for form, lo, hi in zip(forms, logic.lo, logic.hi, strict=True):
        low, high = form[n], form[n]
        for i, (a, b) in ends.items():
            low, high = low + min(form[i] * a, form[i] * b), high + max(form[i] * a, form[i] * b)
        assert lo <= low, "an interval ends above what is reached"
        assert high <= hi, "an interval ends below what is reached"
    ((_, outs),) = logic.outputs
    made = np.array([forms[wire] for wire in outs], object)
    return made[:, :n].T, made[:, n]


def prove(product: Product, hand: str, how: str, folder: Path, define: str) -> bool:
    """Return whether the emitted text (in ``folder/out/rtl``, if it is there) equals *hand*.

    *how* is `DIAGRAMS` or `SWEEPING`; *define* selects the body of the sum of three.
    """
    rtl = folder / "out" / "rtl"
    if not rtl.exists():
        emit_rtl(product.design).write(folder / "out")
    (folder / "hand.sv").write_text(hand)
    (folder / "wires.v").write_text(WIRES)
    names = [name for name in read_list((rtl / "files.f").read_text()) if "axi" not in name]
    script = [
        "read_verilog +/xilinx/cells_sim.v",
        *(f"read_verilog -sv -D{define} out/rtl/{name}" for name in names),
        "read_verilog -sv hand.sv",
        "design -save both",
    ]
    # Products by constants as the sums they are, in few gates: a third of the time. Sweeping needs
    # the sums as they are written.
    sums = ["wreduce", "alumacc", "maccmap", "opt_clean"] if how == DIAGRAMS else []
    for top in ("hand", "ours"):
        script += [
            "design -load both",
            f"hierarchy -check -top {top}",
            "proc",
            "flatten",
            "techmap -map wires.v",
            *sums,
            "techmap",
            "opt",
            "aigmap",
            "clean",
            f"write_aiger {top}.aig",
        ]
    run_script(script, folder)
    said = _abc(how, folder)
    answers = {holds for text, holds in _ANSWERS.items() if f"\n{text}" in said}
    assert len(answers) == 1, said
    return answers.pop()


def _abc(commands: str, folder: Path) -> str:
    found = importlib.util.find_spec("pyosys")
    assert found is not None
    assert found.submodule_search_locations is not None
    tool = Path(found.submodule_search_locations[0]) / "yosys-abc"
    done = subprocess.run(
        [str(tool), "-c", commands], cwd=folder, capture_output=True, text=True, timeout=600,
        check=True,
    )  # fmt: skip
    return done.stdout
