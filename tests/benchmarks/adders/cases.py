# SPDX-License-Identifier: Apache-2.0
"""What is benchmarked: constant matrices and small networks, all made from seeds or from files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.ir.graph import Graph

Ints: TypeAlias = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layer:
    """``y = x @ weight + bias``, then ``clip(round_half_even(y / 2**drop), 0, 2**keep - 1)``.

    Without *drop* the sums leave as they are, or with *steps*, one an output, as ``y >= steps``.
    """

    weight: Ints
    bias: Ints
    drop: int | None = None
    keep: int = 0
    steps: Ints | None = None


@dataclass(frozen=True)
class Case:
    """One function to build: layers behind inputs of *bits*, all integers.

    *cutoff* is the longest path between registers to aim at, in nanoseconds; 0 asks for none.
    """

    name: str
    title: str
    layers: tuple[Layer, ...]
    bits: int
    signed: bool = True
    cutoff: float = 0.0

    @property
    def n_in(self) -> int:
        """Return the number of inputs."""
        return self.layers[0].weight.shape[0]

    def interval(self) -> tuple[int, int]:
        """Return the least and greatest input."""
        half = 1 << (self.bits - 1)
        return (-half, half - 1) if self.signed else (0, 2 * half - 1)

    def samples(self, count: int = 1500) -> Ints:
        """Return stimuli: extremes, one input at a time, then random ones."""
        lo, hi = self.interval()
        rng = np.random.default_rng(1)
        alone = np.eye(self.n_in, dtype=np.int64)
        rows = [np.full((1, self.n_in), v) for v in (lo, hi, 0)]
        for layer in self.layers[:1]:  # the inputs that drive every output to its limits
            up = (layer.weight > 0).T
            rows += [np.where(up, hi, lo), np.where(up, lo, hi)]
        rows += [alone * lo, alone * hi, rng.integers(lo, hi, (count, self.n_in), endpoint=True)]
        made: Ints = np.concatenate(rows).astype(np.int64)
        return made

    def run(self, x: Ints) -> Ints:
        """Return the outputs by the definition."""
        for layer in self.layers:
            x = x @ layer.weight + layer.bias
            if layer.drop is not None:
                half = ((1 << layer.drop) >> 1) - (layer.drop > 0)
                x = (x + half + ((x >> layer.drop) & 1) * (layer.drop > 0)) >> layer.drop
                x = np.clip(x, 0, (1 << layer.keep) - 1)
            if layer.steps is not None:
                x = (x >= layer.steps).astype(np.int64)
        return np.asarray(x, np.int64)

    def described(self) -> dict[str, Any]:
        """Return the function as plain data, for the rivals' process, which knows no steps."""
        return {
            "bits": self.bits,
            "signed": self.signed,
            "layers": [
                {
                    "weight": layer.weight.tolist(),
                    "bias": layer.bias.tolist(),
                    "drop": layer.drop,
                    "keep": layer.keep,
                }
                for layer in self.layers
            ],
        }

    def digest(self) -> str:
        """Return what identifies the function."""
        return hashlib.sha256(json.dumps(self.described()).encode()).hexdigest()[:16]


def _dense(seed: int, n: int, m: int, bits: int) -> Ints:
    top = 1 << (bits - 1)
    return np.random.default_rng(seed).integers(-top + 1, top, (n, m))


def _sparse(rng: np.random.Generator, weight: Ints, share: float) -> Ints:
    """Make exactly that share of the weights zero, and no other."""
    weight = np.where(weight == 0, 1, weight)
    order = rng.permutation(weight.size).reshape(weight.shape)
    return weight * (order >= int(share * weight.size))


def _sparse_matrix(seed: int, n: int, m: int, bits: int, share: float) -> Ints:
    # The zeros are drawn from a fresh generator of the same seed, as in the first measurements.
    return _sparse(np.random.default_rng(seed), _dense(seed, n, m, bits), share)


def matrices() -> Iterator[Case]:
    """Yield the twelve matrices."""
    signs = np.random.default_rng(77)
    binary8 = signs.choice([-1, 1], (64, 64))
    ternary8 = signs.choice([-1, 0, 1], (64, 64))
    binary1 = np.random.default_rng(77).choice([-1, 1], (64, 64))
    ternary1 = np.random.default_rng(78).choice([-1, 0, 1], (64, 64))
    table: list[tuple[str, str, Ints, int]] = [
        ("d8x8b6", "8x8 dense 6b (s8)", _dense(9, 8, 8, 6), 8),
        ("d16x16b6", "16x16 dense 6b (s8)", _dense(10, 16, 16, 6), 8),
        ("s16x16b6p50", "16x16 50 % sparse 6b (s6)", _sparse_matrix(11, 16, 16, 6, 0.5), 6),
        ("s32x32b6p75", "32x32 75 % sparse 6b (s8)", _sparse_matrix(3, 32, 32, 6, 0.75), 8),
        ("s32x32b6p90", "32x32 90 % sparse 6b (s8)", _sparse_matrix(4, 32, 32, 6, 0.9), 8),
        ("d16x64b6", "16x64 dense 6b (s8)", _dense(1, 16, 64, 6), 8),
        ("d64x32b4", "64x32 dense 4b (s8)", _dense(5, 64, 32, 4), 8),
        ("d64x32b6", "64x32 dense 6b (s8)", _dense(2, 64, 32, 6), 8),
        ("ter64x64i8", "64x64 ternary (s8)", ternary8, 8),
        ("bin64x64i8", "64x64 binary (s8)", binary8, 8),
        ("bin64x64i1", "64x64 binary (1 bit)", binary1, 1),
        ("ter64x64i1", "64x64 ternary (1 bit)", ternary1, 1),
    ]
    for name, title, weight, bits in table:
        weight = np.asarray(weight, np.int64)
        layer = Layer(weight, np.zeros(weight.shape[1], np.int64))
        yield Case(name, title, (layer,), bits, signed=bits > 1)


def few_bits() -> Iterator[Case]:
    """Yield matrices whose inputs have one bit: the two above, and a sparse one."""
    known = {case.name: case for case in matrices()}
    rng = np.random.default_rng(79)
    quarter = _sparse(rng, rng.choice([-1, 1], (64, 64)), 0.75)
    table = [
        ("few_bin64", known["bin64x64i1"].title, known["bin64x64i1"].layers[0].weight),
        ("few_ter64", known["ter64x64i1"].title, known["ter64x64i1"].layers[0].weight),
        ("few_quarter64", "64x64, a quarter of them +-1 (1 bit)", quarter),
    ]
    for name, title, weight in table:
        yield Case(name, title, (Layer(weight, np.zeros(weight.shape[1], np.int64)),), 1, False)


def dense(size: int) -> Case:
    """Return a square matrix of 6-bit weights, for timing."""
    weight = _dense(size, size, size, 6)
    layer = Layer(weight, np.zeros(size, np.int64))
    return Case(f"d{size}x{size}b6", f"{size}x{size} dense 6b (s8)", (layer,), 8)


def mlp() -> Case:
    """Return the 16-64-32-32-5 network: 6-bit weights, half of them zero, u6 between layers.

    How many low bits a layer drops follows from the spread of its sums on random inputs.
    """
    rng = np.random.default_rng(5)
    sizes = (16, 64, 32, 32, 5)
    weights = []
    for n, m in pairwise(sizes):
        weight = rng.integers(-31, 32, (n, m))
        weights.append(_sparse(rng, weight, 0.5))
    h = np.clip(np.round(rng.normal(0, 40, (4000, sizes[0]))), -128, 127).astype(np.int64)
    layers = []
    for weight in weights:
        bias = np.zeros(weight.shape[1], np.int64)
        if weight is weights[-1]:
            layers.append(Layer(weight, bias))
            break
        drop = max(0, round(float(np.log2(3 * (h @ weight).std() / 64))))
        layers.append(Layer(weight, bias, drop, 6))
        h = Case("", "", (layers[-1],), 8).run(h)
    return Case("mlp", "MLP 16-64-32-32-5, 50 % zero, 6b (s8)", tuple(layers), 8)


def _from_file(name: str, title: str, model: Path, weights: Path | None) -> Case:
    """Return a QKeras file's network behind an 8-bit input, as our front end reads it."""
    import hwgen
    from hwgen.frontends.options import options

    return of_graph(name, title, hwgen.load(model, weights, options("s8.4")))


def of_graph(name: str, title: str, graph: Graph) -> Case:
    """Return a network of dense layers and rounding rectifiers behind one input."""
    from hwgen.ops.dense import Dense
    from hwgen.ops.requantize import Requantize

    layers: list[Layer] = []
    (entering,) = graph.inputs
    for node in graph.nodes:
        op = node.op
        if isinstance(op, Dense):
            weight, bias = (np.asarray(v, np.int64) for v in (op.weight, op.bias))
            layers.append(Layer(weight, bias))
        elif isinstance(op, Requantize):
            assert op.lo == 0
            assert op.neg_shift is None
            last = layers.pop()
            layers.append(Layer(last.weight, last.bias, op.shift, op.hi.bit_length()))
        else:
            assert op.kind == "input", f"{node.name}: {op.kind}"
    fixed = entering.type.fixed
    return Case(name, title, tuple(layers), fixed.width, fixed.signed)


def networks(models: Path) -> dict[str, Callable[[], Case]]:
    """Return the networks by name; those of files only where the files are."""
    found: dict[str, Callable[[], Case]] = {"mlp": mlp}
    jet = models / "qkeras_3layer.json", models / "qkeras_3layer_weights.h5"
    whole = models / "QKERAS_3layer.h5"
    if all(path.is_file() for path in jet):
        found["jet"] = lambda: _from_file("jet", "qkeras_3layer (s8)", *jet)
    if whole.is_file():
        found["jet_h5"] = lambda: _from_file("jet_h5", "QKERAS_3layer.h5 (s8)", whole, None)
    return found
