# SPDX-License-Identifier: Apache-2.0
"""Generated Verilog can be checked by hand: formulas are right, outputs go by their channel."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from hwgen.design.types import Design, Field, Link, LinkKind
from hwgen.emit.verilog.design import emit_rtl
from hwgen.emit.verilog.formula import formula
from hwgen.emit.verilog.instances import Instance, shared
from hwgen.emit.verilog.wires import Wires
from hwgen.emit.verilog.words import described
from hwgen.logic.evaluate import evaluate_wires
from hwgen.logic.nodes import Add, Add3, Const, In, Max, Mul, Requant, Select, Shl, Wire
from tests.golden.test_golden import DESIGNS, planned


def value_of(text: str, names: dict[str, Any], low: int, high: int) -> Any:
    """Return what a formula says, computed by Python's own arithmetic."""
    text, clipped = text.removesuffix(", clipped"), text.endswith(", clipped")
    choice = re.fullmatch(r"(.+) < 0 \? (.+) : (.+)", text)
    if choice:
        condition, negative, positive = (eval(part, {}, names) for part in choice.groups())
        return negative if condition < 0 else positive
    value = eval(text, {"round": round, "max": max, "min": min}, names)
    return min(max(value, low), high) if clipped else value


@pytest.mark.parametrize("seed", range(8))
def test_a_formula_says_what_its_node_computes(
    seed: int, random_design: Callable[..., Design]
) -> None:
    design = random_design(seed)
    logic, wires = design.pipeline.logic, Wires(design)
    rng = np.random.default_rng(seed)
    inputs = {
        p.name: rng.integers(p.fixed.lo, p.fixed.hi + 1, (40, *p.shape)) for p in design.inputs
    }
    for wire, node in enumerate(logic.nodes):
        if isinstance(node, In):
            place = np.unravel_index(node.index, inputs[node.port].shape[1:])
            ends = logic.lo[wire], logic.hi[wire]
            inputs[node.port][(slice(None), *place)] = rng.integers(*ends, 40, endpoint=True)
    values = evaluate_wires(logic, inputs, range(len(logic.nodes)))
    checked = set()
    for wire, node in enumerate(logic.nodes):
        if not isinstance(node, Add | Add3 | Max | Mul | Requant | Select | Shl):
            continue
        checked.add(type(node))
        said = formula(wires, wire)
        for row in range(40):
            names = {name_at(wires, wire, w): int(values[w][row]) for w in node.operands}
            got = value_of(said, names, logic.lo[wire], logic.hi[wire])
            assert got == values[wire][row], (said, names)
    assert len(checked) >= 4


def name_at(wires: Wires, wire: Wire, operand: Wire) -> str:
    return wires.at(operand, wires.cycle[wire] - wires.cycle[operand])


def test_every_adder_of_the_text_tells_its_formula(random_design: Callable[..., Design]) -> None:
    design = random_design(2)
    logic, wires, files = design.pipeline.logic, Wires(design), emit_rtl(design)
    text = "\n".join(content.decode() for path, content in files if path.endswith(".sv"))
    adders = [w for w, node in enumerate(logic.nodes) if isinstance(node, Add)]
    assert len(adders) > 5
    for wire in adders:
        assert f"// {formula(wires, wire)}   [{logic.lo[wire]}, {logic.hi[wire]}] depth" in text


def test_names_are_unique_and_tell_the_channel() -> None:
    for make in DESIGNS.values():
        design = planned(make())
        names = Wires(design).names
        pairs = zip(names, design.pipeline.logic.nodes, strict=True)
        told = [name for name, node in pairs if not isinstance(node, Const)]
        assert len(set(told)) == len(told)
    design = planned(DESIGNS["dense"]())
    logic, names = design.pipeline.logic, Wires(design).names
    ((_, outputs),) = logic.outputs
    assert [names[w] for w in outputs] == ["logits_y0", "logits_y1"]
    assert {"x0", "x3", "fc1_y0", "fc1_y2", "relu1_y1"} < set(names)
    conv = Wires(planned(DESIGNS["conv"]())).names
    assert {"x0_0", "x3_1", "pool_y1_0"} < set(conv)
    assert {"left_x0", "right_x1"} < set(Wires(planned(DESIGNS["merge"]())).names)


def test_a_layer_tells_of_half_a_step_in_its_outputs() -> None:
    files = emit_rtl(planned(DESIGNS["dense"]()))
    line = "// Half a step of the rounding that follows, 4, is in 2 of 3 outputs already.\n"
    assert line in files["rtl/hwg_dense_fc1.sv"].decode()
    assert "(fc1_y1 - 4) / 8" in files["rtl/hwg_dense_relu1.sv"].decode()
    assert "Half a step" not in files["rtl/hwg_dense_logits.sv"].decode()


def test_the_word_of_a_link_in_a_few_words() -> None:
    def link(*fields: tuple[str, int]) -> Link:
        return Link("a", LinkKind.FLOW, tuple(Field(label, 4, False, c) for label, c in fields))

    assert described(link(("a[0]", 2))) == "1 value in cycle 2"
    assert described(link(("a[0]", 2), ("a[1]", 2))) == "2 values in cycle 2"
    both = link(("a[0]", 2), ("a[0]", 3), ("a[1]", 2), ("a[1]", 3))
    assert described(both) == "2 values, each in cycle 2 and again in cycle 3"
    mixed = link(("a[0]", 0), ("a[1]", 1), ("a[2]", 1))
    assert described(mixed) == "3 values: 1 in cycle 0, 2 in cycle 1"
    some = link(("a[0]", 0), ("a[0]", 1), ("a[1]", 1))
    assert described(some) == "2 values, some repeated: 1 in cycle 0, 2 in cycle 1"


def test_parameters_that_all_instances_share_stand_at_the_head() -> None:
    one = Instance("hwg_requant", [("InWidth", "9"), ("InSigned", "1"), ("Lo", "-5'sd3")], [])
    two = Instance("hwg_requant", [("InWidth", "8"), ("InSigned", "1"), ("Lo", "-5'sd3")], [])
    found = shared([one, two])
    assert found.names == {("hwg_requant", "Lo", "-5'sd3"): "LO"}
    assert found.lines[-1] == "  localparam logic signed [4:0] LO = -5'sd3;"
    assert not shared([one]).lines
    other = [Instance("hwg_max", [("AWidth", "4")], []) for _ in "ab"]
    assert set(shared([one, two, *other]).names.values()) == {"REQUANT_LO", "MAX_A_WIDTH"}


def test_every_generated_file_says_whose_it_is() -> None:
    for path, content in emit_rtl(planned(DESIGNS["dense"]())):
        if path.endswith(".sv"):
            licence = "Apache-2.0" if path.startswith("rtl/units/") else "LicenseRef-Generated"
            assert content.decode().startswith(f"// SPDX-License-Identifier: {licence}\n"), path
