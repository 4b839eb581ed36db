# SPDX-License-Identifier: Apache-2.0
"""Run inside the rivals' own environment: matrices through the solver of alkaid or da4ml alone.

Usage: graphs_export.py CASE.json OUT.json. The case has the tool, matrices, the bits of their
inputs, and the settings to try. The result holds for every matrix and setting the seconds, the
sums in order and the outputs: a sum is a list of [operand, shift, sign], operands counted from the
inputs on. A negation is no sum: it turns the sign of what reads it. For alkaid the sums after its
fusion to sums of three follow. Imports nothing of hwgen.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

NEGATE, INPUT, ADD, SUBTRACT, ACCUMULATE = -2, -1, 0, 1, 11  # codes of operations


def solved(tool: str, weight: Any, bits: int, method: str) -> Any:
    """Return the tool's program of a matrix on signed inputs of *bits*."""
    n, options = len(weight), {"hard_dc": -1, "method0": method}
    one = np.ones(n, int)
    if tool == "alkaid":
        from alkaid.trace import FVArray, trace

        x = FVArray.from_kif(one, one * (bits - 1), one * 0, solver_options=options)
    else:
        from da4ml.trace import FixedVariableArray, HWConfig
        from da4ml.trace import comb_trace as trace

        x = FixedVariableArray.from_kif(
            one, one * (bits - 1), one * 0, HWConfig(1, -1, -1), 0.0, options
        )
    return trace(x, x @ np.array(weight, np.float32))


def sums(program: Any, n: int) -> dict[str, Any]:
    """Return a program's sums and outputs."""
    made: list[tuple[int, int]] = []  # of every operation: its number and sign
    found: list[list[tuple[int, int, int]]] = []
    for op in program.ops:
        addr = op.addr if hasattr(op, "addr") else (op.id0, op.id1)
        data = op.data if isinstance(op.data, tuple) else (op.data,)
        if op.opcode == INPUT:
            made.append((data[0] if hasattr(op, "addr") else op.id0, 1))
            continue
        if op.opcode == NEGATE:
            at, sign = made[addr[0]]
            made.append((at, -sign))
            continue
        if op.opcode in (ADD, SUBTRACT):
            terms = [(addr[0], 0, 1), (addr[1], data[0], -1 if op.opcode == SUBTRACT else 1)]
        elif op.opcode == ACCUMULATE:
            terms = [(at, data[2 * k + 1], 1 if data[2 * k] else -1) for k, at in enumerate(addr)]
        else:
            sys.exit(f"operation {op.opcode} is no sum")
        found.append([(made[at][0], shift, made[at][1] * sign) for at, shift, sign in terms])
        made.append((n + len(found) - 1, 1))
    outs = zip(program.out_idxs, program.out_shifts, program.out_negs, strict=True)
    return {
        "sums": found,
        "outputs": [
            (made[i][0], int(shift), -made[i][1] if neg else made[i][1]) for i, shift, neg in outs
        ],
    }


def main() -> None:
    """Solve everything that is asked for."""
    case = json.loads(Path(sys.argv[1]).read_text())
    tool, rows = case["tool"], []
    solved(tool, [[3, -5], [7, 1]], 8, "wmc")  # imports and compilation come first
    for weight in case["matrices"]:
        for method in case["methods"]:
            start = time.process_time()
            program = solved(tool, weight, case["bits"], method)
            row = {
                "seconds": round(time.process_time() - start, 3),
                "2": sums(program, len(weight)),
            }
            if tool == "alkaid":
                from alkaid.trace.passes import dead_code_elimin, fuse_ternary_adders

                fused = dead_code_elimin(fuse_ternary_adders(program))
                row["3"] = sums(fused, len(weight))
            rows.append(row)
    Path(sys.argv[2]).write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
