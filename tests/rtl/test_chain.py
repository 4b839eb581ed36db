# SPDX-License-Identifier: Apache-2.0
"""The chain of single bits: both bodies against the node and each other, alone and in a design."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from hwgen import paths
from hwgen.design.types import Design
from hwgen.emit.verilog import sv
from hwgen.emit.verilog.design import emit_rtl
from hwgen.errors import ToolFailed
from hwgen.ir.fixed import Fixed
from hwgen.logic.builder import Builder
from hwgen.logic.evaluate import evaluate
from hwgen.logic.nodes import Chain, Gather
from hwgen.logic.nodes.heap import ABSENT, ALWAYS, INVERTED, NOTHING, PLAIN
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design, run_script
from hwgen.verify.simulate import FLOW_CLAIMS, BenchSettings, simulate
from hwgen.verify.trace import trace_of
from hwgen.verify.vectors import Vectors
from tests.rtl.slang import complaints

UNIT = paths.rtl() / "arith" / "hwg_chain.sv"
PRIMITIVES = sorted((Path(__file__).parent / "amd").glob("*.sv"))
NAMES = ("a_i", "b_i", "c_i", "gate_i")


def chain(rng: np.random.Generator, positions: int, leave: int, wires: int = 1) -> Chain:
    """Return a random chain whose bits are all others; of several wires, any of their four."""
    truths: list[int] = []
    picks: list[tuple[int, int]] = []
    taken = 0

    def pick() -> tuple[int, int]:
        nonlocal taken
        taken += 1
        return (0, taken - 1) if wires == 1 else (int(rng.integers(wires)), int(rng.integers(4)))

    for _ in range(positions):
        terms = int(rng.choice([0, 1, 2, 3, 3]))
        truths += [int(rng.integers(1, 16)) for _ in range(terms)] + [ABSENT] * (3 - terms)
        picks += [pick() if k < terms else NOTHING for k in range(3)] + [pick()]
    enter = [pick() if rng.random() < 0.7 else NOTHING for _ in range(2)]
    return Chain(tuple(range(wires)), tuple(picks), tuple(truths), (enter[0], enter[1]), leave)


def params(one: Chain) -> dict[str, str]:
    words = {
        name: f"{4 * one.positions}'h" + "".join(f"{t:x}" for t in one.truths[k::3][::-1])
        for k, name in enumerate("ABC")
    }
    rest = {"Majority": str(int(one.majorities[0])), "Leave": str(one.leave)}
    return {"Bits": str(one.positions)} | words | rest


def wired(one: Chain, word: str) -> dict[str, str]:
    """Return the ports of a chain whose bits are those of one word."""

    def bit(pick: tuple[int, int]) -> str:
        return f"{word}[{pick[1]}]" if pick[0] >= 0 else f"1'b{pick[1]}"

    ports = {
        name: "{" + ", ".join(bit(p) for p in one.picks[k::4][::-1]) + "}"
        for k, name in enumerate(NAMES)
    }
    return ports | {"carry_i": bit(one.enter[0]), "majority_i": bit(one.enter[1])}


def size(one: Chain) -> int:
    """Return the bits that a chain reads of its only wire."""
    return 1 + max(at for place, at in [*one.picks, *one.enter] if place >= 0)


def values(one: Chain) -> list[int]:
    """Return what the chain is at every pattern of its bits."""
    every = np.arange(1 << size(one))
    return np.broadcast_to(one.run([every], np.dtype(np.int64)), every.shape).tolist()


def _amd_copy(folder: Path) -> Path:
    """Write the primitive body as a module of its own."""
    text = UNIT.read_text().replace("module hwg_chain ", "module hwg_chain_amd ")
    copy = folder / "hwg_chain_amd.sv"
    copy.write_text(f"`define HWG_AMD_PRIMITIVES\n{text}`undef HWG_AMD_PRIMITIVES\n")
    return copy


def _bench(chains: Sequence[Chain]) -> tuple[str, dict[str, str]]:
    """Return a bench that steps every chain through all its bits, on both bodies at once."""
    lines = ["module tb (input logic clk);", "  int t = 0, checked = 0, errors = 0;"]
    memories, checks, longest = {}, [], 0
    for i, one in enumerate(chains):
        want = values(one)
        memories[f"out{i}.hex"] = "".join(f"{v:x}\n" for v in want)
        longest = max(longest, len(want))
        given = list(params(one).items())
        lines += [
            f"  if (1) begin : gen_{i}",
            f"    logic [{one.width - 1}:0] want [0:{len(want) - 1}], x, y;",
            f"    logic [{size(one) - 1}:0] w;",
            f'    initial $readmemh("out{i}.hex", want);',
            f"    assign w = {size(one)}'(t);",
            *sv.instance("hwg_chain", "u_x", given, [*wired(one, "w").items(), ("data_o", "x")]),
            *sv.instance(
                "hwg_chain_amd", "u_y", given, [*wired(one, "w").items(), ("data_o", "y")]
            ),
            "  end",
        ]
        checks += [
            f"    if (t < {len(want)}) begin checked = checked + 2;",
            f"      if (gen_{i}.x !== gen_{i}.want[t]) errors = errors + 1;",
            f"      if (gen_{i}.y !== gen_{i}.want[t]) errors = errors + 1;",
            "    end",
        ]
    lines += ["  always @(posedge clk) begin", *checks, f"    if (t == {longest}) begin"]
    lines += ['      $display("checked %0d, errors %0d", checked, errors); $finish;', "    end"]
    return "\n".join([*lines, "    t <= t + 1;", "  end", "endmodule", ""]), memories


def short(rng: np.random.Generator, many: int) -> list[Chain]:
    """Return random chains of one to four positions that read at most 14 bits."""
    found: list[Chain] = []
    while len(found) < many:
        one = chain(rng, 1 + len(found) % 4, len(found) % 3)
        if any(place >= 0 for place, _ in one.picks) and size(one) <= 14:
            found.append(one)
    return found


@pytest.mark.sim
def test_both_bodies_equal_the_node_on_every_input(
    rng: np.random.Generator, run_bench: Callable[..., str], tmp_path: Path
) -> None:
    chains = short(rng, 48)
    total = sum(2 << size(one) for one in chains)
    text = run_bench([UNIT, _amd_copy(tmp_path), *PRIMITIVES], *_bench(chains))
    assert f"checked {total}, errors 0\n" in text, text[-500:]


FAULTS = (
    ("BELOW[i+1] ? MOST : FIRST", "MOST"),
    ("ODD   = FIRST ^ OTHER", "ODD   = FIRST ^ ~OTHER"),
    ("= majorities[i] ? (A", "= !majorities[i] ? (A"),
    (".CYINIT(carry_i)", ".CYINIT(1'b0)"),
    ("BELOW[i+1] ? below[i] : most", "most"),
    ("assign below[0] = majority_i", "assign below[0] = 1'b0 & majority_i"),
    ("{16'hffff, 16'h0000}", "{16'h0000, 16'hffff}"),
)


def test_yosys_proves_the_bodies_equal_and_finds_faults(
    rng: np.random.Generator, tmp_path: Path
) -> None:
    """Both bodies side by side, with Yosys' own models of the primitives; then with a fault."""
    chains = [chain(rng, positions, leave) for positions in (3, 6, 9) for leave in range(3)]
    assert "SUCCESS!" in _prove(chains, tmp_path, UNIT.read_text())
    for old, new in FAULTS:
        broken = UNIT.read_text()
        assert broken.count(old) == 1, old
        with pytest.raises(ToolFailed, match="FAIL"):
            _prove(chains, tmp_path, broken.replace(old, new))


def _prove(chains: Sequence[Chain], folder: Path, primitive: str) -> str:
    """Return what Yosys prints of a proof that the plain body equals a primitive one."""
    plain = UNIT.read_text().replace("module hwg_chain ", "module plain ")
    amd = primitive.replace("module hwg_chain ", "module amd ")
    (folder / "plain.sv").write_text(plain)
    (folder / "amd.sv").write_text(amd)
    tops = []
    for body in ("plain", "amd"):
        ports, rows = [], []
        for i, one in enumerate(chains):
            ports += [f"input [{size(one) - 1}:0] w{i}", f"output [{one.width - 1}:0] y{i}"]
            given = list(params(one).items())
            rows += sv.instance(
                body, f"u{i}", given, [*wired(one, f"w{i}").items(), ("data_o", f"y{i}")]
            )
        tops += [f"module top_{body} ({', '.join(ports)});", *rows, "endmodule"]
    (folder / "tops.sv").write_text("\n".join(tops))
    return run_script(
        [
            "read_verilog +/xilinx/cells_sim.v",
            "read_verilog -sv plain.sv",
            "read_verilog -sv -DHWG_AMD_PRIMITIVES amd.sv",
            "read_verilog -sv tops.sv",
            "hierarchy -check",
            "proc",
            "flatten top_amd top_plain",
            "miter -equiv -flatten -make_assert top_plain top_amd both",
            "sat -verify -prove-asserts both",
        ],
        folder,
    )


def test_a_position_takes_one_table(rng: np.random.Generator, tmp_path: Path) -> None:
    chains = [chain(rng, 7, leave) for leave in range(3)]
    ports, rows = [], []
    for i, one in enumerate(chains):
        ports += [f"input [{size(one) - 1}:0] w{i}", f"output [{one.width - 1}:0] y{i}"]
        given = list(params(one).items())
        rows += sv.instance(
            "hwg_chain", f"u{i}", given, [*wired(one, f"w{i}").items(), ("data_o", f"y{i}")]
        )
    top = tmp_path / "top.sv"
    top.write_text("\n".join([f"module top ({', '.join(ports)});", *rows, "endmodule", ""]))
    measured = count(map_design([UNIT, top], "top", "ultrascale_plus"))
    assert measured.plut == sum(one.luts for one in chains)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"Bits": 1, "A": "4'h8", "B": "4'h0", "C": "4'h0", "Leave": 0},
        {"Bits": 5, "A": "20'ha0a8f", "B": "20'h50a07", "C": "20'h00a00", "Majority": 1},
    ],
)
def test_the_primitive_body_is_free_of_warnings(
    given: dict[str, object], lint: Callable[..., None]
) -> None:
    lint([UNIT, *PRIMITIVES], "hwg_chain", given, "HWG_AMD_PRIMITIVES")


@pytest.fixture
def design(make_design: Callable[..., Design]) -> Design:
    """Chains upon chains in two layers, on a schedule with registers between them."""
    rng = np.random.default_rng(4)
    builder = Builder(3)
    builder.layer = "fc1"
    wires = [builder.input("x", i, -8, 7) for i in range(6)]
    for i in range(24):
        if i == 12:
            builder.layer = "fc2"
        ins = tuple(int(w) for w in rng.choice(wires[-12:], 3, replace=False))
        found = chain(rng, int(rng.integers(2, 6)), int(rng.integers(3)), 3)
        made = builder.chain(Chain(ins, found.picks, found.truths, found.enter, found.leave))
        if i % 3 == 0 and builder.width(made) >= 4:
            picks = ((0, 3), (-1, 1), (0, 1), (1, 0))
            node = Gather((made, wires[0]), picks, bool(i % 2))
            wires.append(builder.gather(node, -(1 << 62), 1 << 62))
        if builder.width(made) >= 4:
            wires.append(made)
    delay = rng.random(len(builder.nodes))
    return make_design(
        builder, {"x": ((6,), Fixed(4, 0, True))}, {"y": wires[-10:]},
        delay=delay.__getitem__, period=1.5, name="chains",
    )  # fmt: skip


@pytest.mark.sim
def test_a_design_of_chains_equals_its_logic(design: Design, tmp_path: Path) -> None:
    assert design.latency > 2
    out = emit_rtl(design).write(tmp_path / "out")
    x = np.random.default_rng(5).integers(-8, 8, (500, 6))
    outputs = evaluate(design.pipeline.logic, {"x": x}, check=True)
    shaped = {port.name: outputs[port.name].reshape(-1, *port.shape) for port in design.outputs}
    vectors = Vectors({"x": x}, {}, (("random", 500),)).with_outputs(shaped)
    result = simulate(out, vectors, BenchSettings(tests=FLOW_CLAIMS), trace=trace_of(design))
    assert (result.samples, result.mismatches) == (500, 0)
    assert result.latency_cycles == design.latency


def test_the_text_is_free_of_warnings(
    design: Design, lint: Callable[..., None], tmp_path: Path
) -> None:
    rtl = emit_rtl(design).write(tmp_path / "out") / "rtl"
    listed = (rtl / "files.f").read_text("utf-8").splitlines()
    files = [rtl / name for name in listed if name.endswith(".sv")]
    lint(files, "hwg_chains_axis", {})
    assert complaints(files, "hwg_chains_axis", {}) == []
    lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
    assert max(len(line) for line in lines if not line.startswith("//")) <= sv.LINE


def test_the_truths_are_their_digits() -> None:
    one = Chain((0,), ((0, 0), (0, 1), NOTHING, (0, 2)), (PLAIN, INVERTED, ABSENT))
    x = np.arange(8)
    assert (one.run([x], np.dtype(np.int64)) == ((x & 1) + 1 - (x >> 1 & 1)) % 2).all()
    assert list(one.bits()) == [(0, 0), (0, 1), (0, 2)]
    fixed = Chain((), (NOTHING,) * 4, (ALWAYS, ABSENT, ABSENT), leave=1)
    assert int(fixed.run([], np.dtype(np.int64))) == 1
