# SPDX-License-Identifier: Apache-2.0
"""The adder of three: both bodies against the formula and each other, alone and in a design."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hwgen import paths
from hwgen.design.source_list import read_list
from hwgen.design.types import Design
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ToolFailed
from hwgen.ir.fixed import Fixed, bits_for
from hwgen.logic.builder import Builder
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Add3, Wire, adder_positions
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design, run_script
from hwgen.verify.simulate import FLOW_CLAIMS, BenchSettings, simulate
from hwgen.verify.trace import trace_of
from hwgen.verify.vectors import Vectors

UNIT = paths.rtl() / "arith" / "hwg_add3.sv"
PRIMITIVES = sorted((Path(__file__).parent / "amd").glob("*.sv"))


@dataclass(frozen=True)
class Sum:
    """An instance: of every operand its width, sign and shift, and which ones are subtracted."""

    widths: tuple[int, int, int]
    signs: tuple[int, int, int]
    shifts: tuple[int, int, int]
    subs: tuple[int, int, int]

    def values(self) -> list[list[int]]:
        """Return every value of every operand."""
        return [
            list(range(-(1 << (w - 1)), 1 << (w - 1)) if s else range(1 << w))
            for w, s in zip(self.widths, self.signs, strict=True)
        ]

    def of(self, row: Sequence[int]) -> int:
        terms = zip(row, self.shifts, self.subs, strict=True)
        return sum((-v if sub else v) << shift for v, shift, sub in terms)

    @property
    def out(self) -> int:
        """Return the bits of the sum."""
        ends = [[v[0], v[-1]] for v in self.values()]
        corners = [self.of(row) for row in itertools.product(*ends)]
        return bits_for(min(corners), max(corners))

    def params(self) -> dict[str, int]:
        table: dict[str, int] = {}
        for i, name in enumerate("ABC"):
            table |= {f"{name}Width": self.widths[i], f"{name}Signed": self.signs[i]}
            table[f"{name}Shift"] = self.shifts[i]
            if name != "A":
                table[f"{name}Sub"] = self.subs[i]
        return {**table, "OutWidth": self.out}


def _sums(rng: np.random.Generator, width: int) -> list[Sum]:
    """Every order and tie of the shifts with every choice of signs, widths up to *width*."""
    shifts = [s for s in itertools.product(range(4), repeat=3) if min(s) == 0]
    made = []
    for i, shift in enumerate(shifts):
        for subs in ((0, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1))[i % 2 :: 2]:
            widths, signs = rng.integers(1, width + 1, 3), rng.integers(0, 2, 3)
            one, two = tuple(int(v) for v in widths), tuple(int(v) for v in signs)
            made.append(Sum(one, two, shift, subs))  # type: ignore[arg-type]
    return made


def _instance(module: str, name: str, params: Mapping[str, int], out: str) -> list[str]:
    ports = [("a_i", "a"), ("b_i", "b"), ("c_i", "c"), ("data_o", out)]
    return sv.instance(module, name, [(k, str(v)) for k, v in params.items()], ports)


def _bench(sums: Sequence[Sum]) -> tuple[str, dict[str, str]]:
    """Return a bench that steps every sum through all its inputs, on both bodies at once."""
    lines = ["module tb (input logic clk);", "  int t = 0, checked = 0, errors = 0;"]
    memories, checks, longest = {}, [], 0
    for i, one in enumerate(sums):
        # Counting words upwards: the low bits are c, the high ones a.
        patterns = [range(1 << w) for w in one.widths]
        want = []
        for words in itertools.product(*patterns):
            row = [
                x - (1 << w) if s and x >> (w - 1) else x
                for x, w, s in zip(words, one.widths, one.signs, strict=True)
            ]
            want.append(one.of(row) % (1 << one.out))
        memories[f"out{i}.hex"] = "".join(f"{v:x}\n" for v in want)
        size, (wa, wb, wc), top = len(want), one.widths, one.out - 1
        longest = max(longest, size)
        lines += [
            f"  if (1) begin : gen_{i}",
            f"    logic [{top}:0] want [0:{size - 1}], x, y;",
            f"    logic [{wa - 1}:0] a; logic [{wb - 1}:0] b; logic [{wc - 1}:0] c;",
            f'    initial $readmemh("out{i}.hex", want);',
            f"    assign {{a, b, c}} = {wa + wb + wc}'(t);",
            *_instance("hwg_add3", "u_plain", one.params(), "x"),
            *_instance("hwg_add3_amd", "u_amd", one.params(), "y"),
            "  end",
        ]
        checks += [
            f"    if (t < {size}) begin checked = checked + 2;",
            f"      if (gen_{i}.x !== gen_{i}.want[t]) errors = errors + 1;",
            f"      if (gen_{i}.y !== gen_{i}.want[t]) errors = errors + 1;",
            "    end",
        ]
    lines += ["  always @(posedge clk) begin", *checks, f"    if (t == {longest}) begin"]
    lines += ['      $display("checked %0d, errors %0d", checked, errors); $finish;', "    end"]
    return "\n".join([*lines, "    t <= t + 1;", "  end", "endmodule", ""]), memories


def _amd_copy(folder: Path) -> Path:
    """Write the primitive body as a module of its own."""
    text = UNIT.read_text().replace("module hwg_add3 ", "module hwg_add3_amd ")
    copy = folder / "hwg_add3_amd.sv"
    copy.write_text(f"`define HWG_AMD_PRIMITIVES\n{text}`undef HWG_AMD_PRIMITIVES\n")
    return copy


@pytest.mark.sim
def test_both_bodies_equal_the_formula_on_every_input(
    rng: np.random.Generator, run_bench: Callable[..., str], tmp_path: Path
) -> None:
    sums = _sums(rng, 3)
    assert len(sums) > 70
    total = sum(2 << sum(one.widths) for one in sums)
    text = run_bench([UNIT, _amd_copy(tmp_path), *PRIMITIVES], *_bench(sums))
    assert f"checked {total}, errors 0\n" in text, text[-500:]


@pytest.mark.sim
def test_the_bench_would_tell(run_bench: Callable[..., str], tmp_path: Path) -> None:
    good = Sum((2, 2, 2), (1, 1, 1), (0, 1, 0), (0, 0, 1))
    bench, memories = _bench([good])
    copy = _amd_copy(tmp_path)
    copy.write_text(copy.read_text().replace("{PARITY[63:32]", "{~PARITY[63:32]"))
    text = run_bench([UNIT, copy, *PRIMITIVES], bench, memories)
    assert "checked 128, errors 64\n" in text


def _equivalence(one: Sum) -> list[str]:
    given = " ".join(f"-set {name} {value}" for name, value in one.params().items())
    script = ["read_verilog +/xilinx/cells_sim.v"]
    for name, define in (("plain", ""), ("amd", "-DHWG_AMD_PRIMITIVES ")):
        script += [
            f"read_verilog -sv {define}hwg_add3.sv",
            f"chparam {given} hwg_add3",
            f"rename hwg_add3 {name}",
        ]
    return [
        *script,
        "hierarchy -check",
        "proc",
        "flatten amd",
        "miter -equiv -flatten -make_assert plain amd both",
        "sat -verify -prove-asserts both",
    ]


WIDE = [
    Sum((9, 8, 7), (1, 1, 1), (0, 2, 5), (0, 0, 0)),
    Sum((8, 8, 8), (0, 1, 0), (3, 0, 1), (0, 1, 0)),
    Sum((12, 6, 5), (1, 0, 1), (0, 0, 4), (0, 0, 1)),
    Sum((6, 10, 6), (0, 1, 1), (4, 0, 0), (0, 1, 1)),
]


@pytest.mark.parametrize("one", WIDE)
def test_yosys_proves_the_bodies_equal(one: Sum, tmp_path: Path) -> None:
    # With Yosys' own models of the primitives, not with ours.
    (tmp_path / "hwg_add3.sv").write_text(UNIT.read_text())
    text = run_script(_equivalence(one), tmp_path)
    assert "SAT proof finished - no model found: SUCCESS!" in text


def test_yosys_would_find_a_difference(tmp_path: Path) -> None:
    broken = UNIT.read_text().replace("(BSub != 0) && (CSub != 0)", "1'b0")
    (tmp_path / "hwg_add3.sv").write_text(broken)
    with pytest.raises(ToolFailed, match="FAIL"):
        run_script(_equivalence(WIDE[3]), tmp_path)


def test_a_position_takes_one_table(tmp_path: Path) -> None:
    ports, body, positions = [], [], 0
    for i, one in enumerate(WIDE):
        params = ", ".join(f".{k}({v})" for k, v in one.params().items())
        ports += [f"input [{w - 1}:0] {n}{i}" for n, w in zip("abc", one.widths, strict=True)]
        ports.append(f"output [{one.out - 1}:0] y{i}")
        wired = f".a_i(a{i}), .b_i(b{i}), .c_i(c{i}), .data_o(y{i})"
        body.append(f"  hwg_add3 #({params}) u{i} ({wired});")
        builder = Builder(3)
        wires = [builder.input("x", k, v[0], v[-1]) for k, v in enumerate(one.values())]
        made = builder.add3(wires, one.shifts, [bool(sub) for sub in one.subs[1:]])
        positions += adder_positions(builder, made)
    top = tmp_path / "top.sv"
    top.write_text("\n".join([f"module top ({', '.join(ports)});", *body, "endmodule", ""]))
    measured = count(map_design([UNIT, top], "top", "ultrascale_plus"))
    assert measured.plut == measured.lut == measured.carry == positions


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"ASigned": 0, "AWidth": 1, "AShift": 3, "CSub": 1, "OutWidth": 6},
        {"AShift": 9, "BShift": 8, "CShift": 7, "OutWidth": 7},  # nothing but zeros
        {"AWidth": 20, "OutWidth": 3, "BSub": 1, "CSub": 1},  # the upper bits cancel
        {"BShift": 4, "CShift": 7, "OutWidth": 16},
        {"AWidth": 1, "BWidth": 1, "CWidth": 1, "OutWidth": 1},
    ],
)
def test_the_primitive_body_is_free_of_warnings(
    params: dict[str, int], lint: Callable[..., None]
) -> None:
    lint([UNIT, *PRIMITIVES], "hwg_add3", params, "HWG_AMD_PRIMITIVES")


def _net(make_design: Callable[..., Design]) -> Design:
    """Sums of three in two layers: constants, cancelled upper bits, zeros, all orders of shifts."""
    rng = np.random.default_rng(4)
    builder = Builder(3)
    builder.layer = "fc1"
    formats = {"x": ((5,), Fixed(5, 0, True)), "u": ((3,), Fixed(4, 0))}
    wires: list[Wire] = [builder.input("x", i, -16, 15) for i in range(5)]
    wires += [builder.input("u", i, 0, 15 - i) for i in range(3)]
    for i in range(40):
        if i == 20:
            builder.layer = "fc2"
        a, b, c = (int(w) for w in rng.choice([*wires[:8], *wires[-8:]], 3))
        if i % 7 == 0:
            c = builder.const(int(rng.choice([-24, 40, 5, -1])))
        if i % 11 == 0:
            a = builder.const(0)
        shifts, subs = [int(v) for v in rng.integers(0, 4, 3)], rng.integers(0, 2, 2)
        if max(builder.width(w) for w in (a, b, c)) < 24:
            wires.append(builder.add3((a, b, c), shifts, [bool(sub) for sub in subs]))
    x, y = wires[0], wires[1]
    up = builder.add(x, y)
    wires.append(
        builder.add3((up, x, y), subs=(True, False), lo=-32, hi=30)
    )  # 2 * y, known to be so
    kinds = [type(node) for node in builder.nodes]
    assert kinds.count(Add3) > 25
    delay = rng.random(len(builder.nodes))
    return make_design(
        builder, formats, {"y": wires[-20:]}, delay=delay.__getitem__, period=1.7, name="threes"
    )


@pytest.fixture
def design(make_design: Callable[..., Design]) -> Design:
    return _net(make_design)


@pytest.mark.sim
def test_a_design_of_sums_of_three_equals_its_logic(design: Design, tmp_path: Path) -> None:
    out = emit_rtl(design).write(tmp_path / "out")
    vectors = _vectors(design)
    result = simulate(out, vectors, BenchSettings(tests=FLOW_CLAIMS), trace=trace_of(design))
    assert (result.samples, result.mismatches) == (len(vectors), 0)
    assert result.latency_cycles == design.latency


def _vectors(design: Design) -> Vectors:
    rng = np.random.default_rng(5)
    codes: dict[str, Any] = {
        "x": rng.integers(-16, 16, (400, 5)),
        "u": rng.integers(0, [16, 15, 14], (400, 3)),
    }
    outputs = {
        port.name: rows.reshape(-1, *port.shape)
        for port, rows in zip(
            design.outputs, evaluate(design.pipeline.logic, codes, check=True).values(), strict=True
        )
    }
    return Vectors(codes, {}, (("random", 400),)).with_outputs(outputs)


def test_the_text_says_interval_and_depth(design: Design) -> None:
    files = emit_rtl(design)
    text = files["rtl/hwg_threes_fc1.sv"].decode()
    logic = design.pipeline.logic
    node = next(w for w, n in enumerate(logic.nodes) if isinstance(n, Add3))
    rows = text.splitlines()
    at = next(i for i, row in enumerate(rows) if f" n{node};" in row)
    note = rows[at] if "//" in rows[at] else rows[at - 1]  # a long one stands above
    assert f"   [{logic.lo[node]}, {logic.hi[node]}] depth 1" in note
    assert f"u_n{node} (.a_i(" in text
    assert "units/hwg_add3.sv" in read_list(files["rtl/files.f"].decode())
    assert max(len(row) for row in text.splitlines() if not row.startswith("//")) <= 110


def test_a_constant_starts_at_its_lowest_one(make_design: Callable[..., Design]) -> None:
    builder = Builder(3)
    builder.layer = "fc"
    x, y = (builder.input("x", i, 0, 7) for i in range(2))
    made = builder.add3((x, y, builder.const(-24)), (0, 2, 0))
    design = make_design(builder, {"x": ((2,), Fixed(3, 0))}, {"y": [made]})
    text = emit_rtl(design)["rtl/hwg_net_fc.sv"].decode()
    assert ".CWidth(3), .CSigned(1)," in text.replace("\n   ", "")
    assert ".CShift(3), .CSub(0)" in text
    assert ".c_i(-3'sd3)" in text
