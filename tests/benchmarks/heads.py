# SPDX-License-Identifier: Apache-2.0
"""`make bench-heads`: what an arg max and a softmax take, by the number of classes.

Each head stands alone behind a port of logits, is simulated against the reference, and mapped by
Yosys for UltraScale+; the estimate is beside it. ``ONLY=argmax10`` takes some of them and leaves
the other rows as they are, ``QUICK=1`` estimates alone, ``BLESS=1`` writes docs/heads.md.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hwgen.cost.estimate import estimate
from hwgen.emit.verilog.design import emit_rtl
from hwgen.frontends.heads import deviation, with_head
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.tensor import TensorType
from hwgen.ops.input_ import Input
from hwgen.passes import run_passes
from hwgen.plan.goal import Goal
from hwgen.plan.planner import plan
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design
from hwgen.target.board import load_board
from hwgen.verify.compile_rtl import files
from hwgen.verify.self_check import make_vectors
from hwgen.verify.simulate import BenchSettings, simulate
from tests.benchmarks.page import marked, write_marked

BOARD, CLOCK = "vcu118", 200.0
LOGITS = Fixed(12, 6, True)
CLASSES = (3, 5, 10, 100)
HEADS = ("argmax", "softmax")
SAMPLES = 1000
PAGE = Path(__file__).resolve().parents[2] / "docs" / "heads.md"
TABLE = """\
| head | classes | LUT | FF | cycles | estimate | distance from float |
|---|--:|--:|--:|--:|--:|--:|
"""


def headed(head: str, classes: int) -> Graph:
    """Return a network of a head alone."""
    t = TensorType.of((classes,), LOGITS)
    source = Node("x", Input(t.shape, t.fixed, t.lo, t.hi), (), t, "top")
    plain = Graph("head", (source,), (Output("y", "x", (2.0**-LOGITS.frac,)),))
    return run_passes(with_head(plain, head))


def row(head: str, classes: int, quick: bool) -> str:
    """Return the table's row of one head, simulated and mapped; of its estimate alone if *quick*.

    Raises:
        Mismatch: a sample differs from the reference.
    """
    graph, board = headed(head, classes), load_board(BOARD)
    design = plan(graph, board, Goal(CLOCK), "head")
    modelled = estimate(design, board.family)
    reach = LOGITS.hi - LOGITS.lo
    away = f"{deviation(2.0**-LOGITS.frac, reach, classes):.2g}" if head == "softmax" else ""
    name = f"| `{head}` | {classes} |"
    if quick:
        return f"{name} - | {modelled.ff:,} | {design.latency} | {modelled.lut:,} | {away} |"
    with tempfile.TemporaryDirectory() as folder:
        out = emit_rtl(design).write(Path(folder) / "out")
        vectors = make_vectors(graph, SAMPLES, 1)
        simulate(out, vectors, BenchSettings(tests=("matches_reference",)))
        netlist = map_design(list(files(out)), "hwg_head", board.family.name)
    taken = count(netlist)
    off = f"{modelled.lut:,} ({modelled.lut / taken.plut - 1:+.0%})"
    return f"{name} {taken.plut:,} | {taken.ff:,} | {design.latency} | {off} | {away} |"


def main(words: Sequence[str] | None = None) -> None:
    """Print the table; write it where it is asked for."""
    parser = argparse.ArgumentParser(prog="make bench-heads")
    parser.add_argument("--only", default="", help="such as argmax10,softmax3")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--bless", action="store_true")
    args = parser.parse_args(words)
    wanted = [name for name in args.only.split(",") if name]
    old = marked(PAGE, "heads")
    rows = []
    for head in HEADS:
        for classes in CLASSES:
            if not wanted or f"{head}{classes}" in wanted:
                rows.append(row(head, classes, args.quick))
                print(rows[-1], file=sys.stderr, flush=True)
            else:
                start = f"| `{head}` | {classes} |"
                rows += [line for line in old.splitlines() if line.startswith(start)]
    made = TABLE + "\n".join(rows)
    print(made)
    if args.bless:
        write_marked(PAGE, "heads", made)


if __name__ == "__main__":
    main()
