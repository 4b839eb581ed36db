# SPDX-License-Identifier: Apache-2.0
"""Emitted text against the product it stands for, proven for every input by yosys-abc."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from hwgen.cost.estimate import estimate
from hwgen.design.source_list import read_list
from hwgen.emit.verilog.design import emit_rtl
from hwgen.logic.nodes import Add3, Chain
from hwgen.synth.count import count
from hwgen.synth.yosys import map_design
from hwgen.target.board import load_board
from tests.synth.equivalence import DIAGRAMS, SWEEPING, Product, affine, prove

# Either body of the sum of three: what vendor tools see, and what the open flow maps.
PLAIN, AMD = "HWG_PLAIN", "HWG_AMD_PRIMITIVES"


def product(
    n: int, m: int, weights: int, bits: int, *, zeros: float = 0.0, board: str = "vcu118"
) -> Product:
    """Random weights of so many bits (1: signs alone) and a bias; negative *bits*: unsigned."""
    rng = np.random.default_rng(n * m + weights)
    top = 1 << (weights - 1)
    weight = rng.integers(-top + 1, top, (n, m)) if weights > 1 else rng.choice([-1, 1], (n, m))
    weight *= rng.random((n, m)) >= zeros
    return Product.of(weight, rng.integers(-9, 10, m), abs(bits), bits > 1, board)


CASES = {
    "dense": product(4, 4, 6, 6),
    "dense_u6": product(4, 3, 5, -6),
    "wide": product(8, 8, 6, 2),
    "sparse": product(12, 8, 6, 6, zeros=0.75),
    "ternary": product(16, 8, 2, 2),
    "signs_of_bits": product(24, 12, 1, 1),
    "weights_of_bits": product(8, 8, 6, 1),
    "two_operands": product(4, 4, 5, 6, board="ecp5_evn"),
}


QUICK = ("sparse", "wide", "two_operands")
# Inputs of one or two bits, and a few of six.
HEAPS = ("dense", "wide", "ternary", "signs_of_bits", "weights_of_bits")


@pytest.mark.parametrize(
    "name", [pytest.param(c, marks=[] if c in QUICK else pytest.mark.ci) for c in CASES]
)
def test_the_emitted_text_is_the_product(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    kinds = {type(node) for node in case.design.pipeline.logic.nodes}
    assert bool(kinds & {Add3, Chain}) == (name != "two_operands")
    assert (Chain in kinds) == (name in HEAPS)
    assert prove(case, case.by_hand(), DIAGRAMS, tmp_path, AMD)


def test_so_is_the_text_for_vendor_tools(tmp_path: Path) -> None:
    case = CASES["dense_u6"]
    assert prove(case, case.by_hand(), DIAGRAMS, tmp_path, PLAIN)


LARGE = {
    "8x8": (8, 8, 6, 8),
    "16x16": (16, 16, 6, 8),
    "64x16_signs": (64, 16, 1, 1),
}


@pytest.mark.parametrize(
    ("size", "body"),
    [
        pytest.param("8x8", AMD, marks=pytest.mark.ci),
        *(pytest.param(s, b, marks=pytest.mark.slow) for s in [*LARGE][1:] for b in (AMD, PLAIN)),
    ],
)
def test_text_is_the_graph_and_the_graph_is_the_matrix(
    size: str, body: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hwgen.logic.matvec.FEW", -1)  # adders, no heaps of bits
    case = product(*LARGE[size])
    assert prove(case, case.by_graph(), SWEEPING, tmp_path, body)
    weight, bias = affine(case.design.pipeline.logic, len(case.weight))
    assert np.array_equal(weight, case.weight)
    assert np.array_equal(bias, case.bias)


def test_a_wrong_weight_is_found(tmp_path: Path) -> None:
    case = CASES["dense_u6"]
    wrong = case.weight.copy()
    wrong[2, 1] += 1
    hand = Product(wrong, case.bias, case.design).by_hand()
    assert not prove(case, hand, DIAGRAMS, tmp_path, PLAIN)


def test_a_broken_shift_is_found_by_both_proofs(tmp_path: Path) -> None:
    case = CASES["dense_u6"]
    emit_rtl(case.design).write(tmp_path / "out")
    stage = tmp_path / "out" / "rtl" / "hwg_prod_fc.sv"
    text = stage.read_text()
    shifts = list(re.finditer(r"\.CShift\((\d+)\)", text))
    chosen = shifts[len(shifts) // 2]
    broken = f".CShift({int(chosen[1]) + 1})"
    stage.write_text(text[: chosen.start()] + broken + text[chosen.end() :])
    assert not prove(case, case.by_hand(), DIAGRAMS, tmp_path, AMD)
    assert not prove(case, case.by_graph(), SWEEPING, tmp_path, AMD)


@pytest.mark.parametrize(("size", "zeros"), [(6, 0.0), pytest.param(12, 0.6, marks=pytest.mark.ci)])
def test_the_cost_model_is_what_synthesis_reports(size: int, zeros: float, tmp_path: Path) -> None:
    rng = np.random.default_rng(size)
    weight = rng.integers(-31, 32, (size, size)) * (rng.random((size, size)) >= zeros)
    design = Product.of(weight, np.zeros(size, np.int64), 8, True).design
    out = emit_rtl(design).write(tmp_path / "out") / "rtl"
    files = [out / n for n in read_list((out / "files.f").read_text()) if "axi" not in n]
    measured = count(map_design(files, "hwg_prod", "ultrascale_plus"))
    model = estimate(design, load_board("vcu118").family)
    assert measured.plut == pytest.approx(model.lut, rel=0.05)
    assert 0.9 * model.ff <= measured.ff <= model.ff  # equal sign registers are merged
