# SPDX-License-Identifier: Apache-2.0
"""What the cost model is calibrated and judged on: random layers of every kind, and networks.

Everything is made from a seed. A seed of ``family-07`` is ``07``: adding one changes no other.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

import hwgen.ops as ops
from hwgen.ir.graph import Graph
from tests.benchmarks.estimate.chain import Chain

Rng: TypeAlias = np.random.Generator
Make: TypeAlias = Callable[[Chain, Rng], None]


@dataclass(frozen=True)
class Case:
    """One design of the corpus.

    Attributes:
        name: kind and number.
        kind: what it is made of.
        board: of the family that it is mapped to.
        clock_mhz: planned for.
    """

    name: str
    kind: str
    board: str
    clock_mhz: float

    def graph(self) -> Graph:
        """Return the network, the same one at any time."""
        chain = Chain(self.name.replace("-", "_"))
        MAKERS[self.kind](chain, np.random.default_rng(zlib.crc32(self.name.encode())))
        return chain.graph()


# ------------------------------------------------------------------------------------- weights


def _weights(rng: Rng, shape: tuple[int, ...], how: str) -> Any:
    """Return weights: ``binary``, ``ternary``, or bits and a share of zeros, such as ``6:50``."""
    if how == "binary":
        return rng.choice([-1, 1], shape)
    if how == "ternary":
        return rng.choice([-1, 0, 1], shape)
    bits, share = (int(v) for v in how.split(":"))
    top = 1 << (bits - 1)
    return rng.integers(-top + 1, top, shape) * (rng.random(shape) * 100 >= share)


def _matrix(chain: Chain, rng: Rng, n: int, how: str, name: str = "fc", bias: int = 20) -> None:
    weight = _weights(rng, (chain.channels, n), how)
    chain.put(name, ops.Dense(weight, rng.integers(-bias, bias + 1, n)))


def _relu(chain: Chain, rng: Rng, bits: int, name: str = "relu") -> None:
    chain.put(name, ops.Requantize(chain.drop(rng, bits), 0, (1 << bits) - 1))


def _clip(chain: Chain, rng: Rng, bits: int, name: str = "clip") -> None:
    half = 1 << (bits - 1)
    chain.put(name, ops.Requantize(chain.drop(rng, bits), -half, half - 1))


def _pick(rng: Rng, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


# ---------------------------------------------------------------------------------- single layers


def _dense(chain: Chain, rng: Rng, how: str) -> None:
    chain.input((int(rng.integers(8, 25)),), _pick(rng, "s8.0", "s6.0", "u6.0", "u4.0", "s10.0"))
    _matrix(chain, rng, int(rng.integers(6, 21)), how)


def dense(chain: Chain, rng: Rng) -> None:
    """A full matrix."""
    _dense(chain, rng, _pick(rng, "4:0", "6:0", "8:0"))


def sparse(chain: Chain, rng: Rng) -> None:
    """A pruned matrix."""
    _dense(chain, rng, _pick(rng, "4:50", "6:50", "6:75", "8:75", "6:90"))


def ternary(chain: Chain, rng: Rng) -> None:
    """Weights of -1, 0, 1, then a decision of two thresholds."""
    _dense(chain, rng, "ternary")
    _steps(chain, rng, 2, [-1, 0, 1], "ternary")


def binary(chain: Chain, rng: Rng) -> None:
    """Weights of -1, 1, then a sign."""
    _dense(chain, rng, "binary")
    _steps(chain, rng, 1, [-1, 1], "sign")


def bits(chain: Chain, rng: Rng) -> None:
    """Single-bit inputs meet binary or ternary weights."""
    chain.input((int(rng.integers(24, 49)),), "u1.0")
    _matrix(chain, rng, int(rng.integers(12, 25)), _pick(rng, "binary", "ternary"), bias=3)
    _steps(chain, rng, 1, [0, 1], "sign")


def conv1d(chain: Chain, rng: Rng) -> None:
    """A one-dimensional convolution and its activation."""
    channels, filters = int(rng.integers(1, 5)), int(rng.integers(3, 7))
    chain.input((int(rng.integers(6, 11)), channels), _pick(rng, "s8.0", "u6.0", "s6.0"))
    pad = ((1, 1),) if rng.random() < 0.5 else ()
    weight = _weights(rng, (3, channels, filters), _pick(rng, "6:50", "4:0", "ternary"))
    chain.put("conv", ops.Conv(weight, rng.integers(-9, 10, filters), padding=pad))
    _relu(chain, rng, int(_pick(rng, 4, 6)))


def conv2d(chain: Chain, rng: Rng) -> None:
    """A two-dimensional convolution and its activation."""
    channels, filters = int(rng.integers(1, 3)), int(rng.integers(2, 5))
    size = int(rng.integers(4, 7))
    chain.input((size, size, channels), _pick(rng, "s8.0", "u6.0", "u4.0"))
    weight = _weights(rng, (3, 3, channels, filters), _pick(rng, "6:50", "4:50", "ternary"))
    strides = (2, 2) if rng.random() < 0.3 else (1, 1)
    chain.put("conv", ops.Conv(weight, rng.integers(-9, 10, filters), strides=strides))
    _relu(chain, rng, int(_pick(rng, 4, 6)))


def depthwise(chain: Chain, rng: Rng) -> None:
    """A separable convolution: depthwise, then pointwise."""
    channels, size = int(rng.integers(2, 4)), int(rng.integers(4, 6))
    chain.input((size, size, channels), _pick(rng, "s8.0", "u6.0"))
    chain.put(
        "depth",
        ops.DepthwiseConv(
            _weights(rng, (3, 3, channels, 1), _pick(rng, "6:30", "4:0")),
            rng.integers(-9, 10, channels),
        ),
    )
    _clip(chain, rng, 8)
    weight = _weights(rng, (1, 1, channels, 3), "6:30")
    chain.put("point", ops.Conv(weight, rng.integers(-9, 10, 3)))


def max_pool(chain: Chain, rng: Rng) -> None:
    """Maxima over windows."""
    size, channels = int(rng.integers(4, 9)), int(rng.integers(2, 5))
    chain.input((size, size, channels), _pick(rng, "s8.0", "u6.0", "u4.0", "s12.0", "u8.0"))
    chain.put("pool", ops.MaxPool((2, 2)))


def sum_pool(chain: Chain, rng: Rng) -> None:
    """Averages over windows: sums, and the division by a power of two."""
    size, channels = int(rng.integers(4, 9)), int(rng.integers(2, 5))
    width = int(_pick(rng, 6, 8, 10))
    chain.input((size, size, channels), f"{_pick(rng, 's', 'u')}{width}.0")
    chain.put("pool", ops.SumPool((2, 2)))
    chain.put("mean", ops.Requantize(2, -(1 << width), 1 << width))


def join(chain: Chain, rng: Rng) -> None:
    """Two inputs: their sum, difference, extremum, and a clip."""
    n = int(rng.integers(16, 49))
    text = f"{_pick(rng, 's', 'u')}{_pick(rng, 6, 8, 12)}.0"
    a, b = chain.input((n,), text, "x"), chain.input((n,), text, "z")
    signs = _pick(rng, (1, 1), (1, -1))
    total = chain.put("add", ops.Add(signs), (a, b))
    least = bool(rng.integers(2))
    chain.put("best", ops.Maximum(least), (total, b))
    _clip(chain, rng, int(_pick(rng, 5, 7)))


def multiply(chain: Chain, rng: Rng) -> None:
    """The product of two inputs."""
    n = int(rng.integers(8, 25))
    a = chain.input((n,), _pick(rng, "s6.0", "u6.0", "s8.0", "u4.0"), "x")
    b = chain.input((n,), _pick(rng, "s4.0", "u5.0", "s8.0"), "z")
    chain.put("gate", ops.Multiply(), (a, b))


def norm(chain: Chain, rng: Rng) -> None:
    """A batch normalisation: a factor and a term a channel, rounded down and clipped."""
    n, bits_in = int(rng.integers(12, 33)), int(_pick(rng, 10, 12, 14))
    chain.input((n,), f"s{bits_in}.0")
    mult = rng.integers(40, 256, n) * rng.choice([-1, 1], n, p=[0.2, 0.8])
    add = rng.integers(-(1 << 12), 1 << 12, n)
    half = 1 << (bits_in - 3)
    chain.put("norm", ops.MulShift(mult, add, 8, -half, half - 1, 0))


def relu(chain: Chain, rng: Rng) -> None:
    """A rectifier that rounds and saturates."""
    width, keep = int(rng.integers(9, 18)), int(rng.integers(3, 8))
    chain.input((int(rng.integers(12, 41)),), f"s{width}.0")
    shift = int(rng.integers(0, width - keep + 1))
    chain.put("relu", ops.Requantize(shift, 0, (1 << keep) - 1))


def clip(chain: Chain, rng: Rng) -> None:
    """A signed word with fewer bits, rounded and saturated."""
    width, keep = int(rng.integers(9, 18)), int(rng.integers(3, 9))
    chain.input((int(rng.integers(12, 41)),), f"s{width}.0")
    shift, half = int(rng.integers(0, width - keep + 1)), 1 << (keep - 1)
    chain.put("clip", ops.Requantize(shift, -half + int(rng.integers(0, 2)), half - 1))


def rounding(chain: Chain, rng: Rng) -> None:
    """Rounding alone; nothing saturates."""
    width = int(rng.integers(7, 18))
    chain.input((int(rng.integers(12, 41)),), f"{_pick(rng, 's', 'u')}{width}.0")
    shift = int(rng.integers(1, width - 2))
    chain.put("round", ops.Requantize(shift, -(1 << width), 1 << width))


def bounded(chain: Chain, rng: Rng) -> None:
    """Saturation at bounds that are no powers of two."""
    width = int(rng.integers(8, 15))
    chain.input((int(rng.integers(12, 41)),), f"s{width}.0")
    shift = int(rng.integers(0, 5))
    top = 1 << (width - shift - 2)
    lo, hi = -int(rng.integers(top // 2, top)), int(rng.integers(top // 2, top))
    chain.put("bound", ops.Requantize(shift, lo, hi))


def leaky(chain: Chain, rng: Rng) -> None:
    """A rectifier with a slope below zero."""
    width, keep = int(rng.integers(9, 16)), int(rng.integers(4, 8))
    chain.input((int(rng.integers(8, 33)),), f"s{width}.0")
    shift = int(rng.integers(0, width - keep))
    slope = shift + int(rng.integers(1, 4))
    chain.put("leaky", ops.Requantize(shift, 0, (1 << keep) - 1, slope, -(1 << (keep - 1))))


def _steps(chain: Chain, rng: Rng, count: int, values: list[int], name: str) -> None:
    """Put thresholds, a row a channel, where sums are likely to be."""
    node = chain.nodes[-1]
    size = node.type.shape[-1]
    lo, hi = (a.reshape(-1, size)[0].astype(np.float64) for a in (node.type.lo, node.type.hi))
    middle, reach = (lo + hi) / 2, (hi - lo) / 8
    where = middle[:, None] + reach[:, None] * rng.uniform(-1, 1, (size, count))
    chain.put(name, ops.Thresholds(np.sort(np.rint(where).astype(np.int64)), np.array(values), 0))


def sign(chain: Chain, rng: Rng) -> None:
    """One threshold a channel: a binary activation behind a batch normalisation."""
    chain.input((int(rng.integers(24, 65)),), f"s{int(rng.integers(6, 15))}.0")
    _steps(chain, rng, 1, [-1, 1], "sign")


def steps(chain: Chain, rng: Rng) -> None:
    """Some thresholds a channel."""
    count = int(_pick(rng, 2, 3, 7))
    chain.input((int(rng.integers(12, 25)),), f"s{int(rng.integers(7, 13))}.0")
    _steps(chain, rng, count, list(range(-(count // 2), count - count // 2 + 1)), "steps")


def table(chain: Chain, rng: Rng) -> None:
    """A smooth function as a table: tanh, sigmoid, or an exponential."""
    width, out = int(rng.integers(5, 10)), int(rng.integers(4, 8))
    half, top = 1 << (width - 1), 1 << out
    x = np.arange(-half, half) / half * 4
    curve = _pick(rng, np.tanh, lambda v: 1 / (1 + np.exp(-v)), lambda v: np.exp((v - 4) / 2))(x)
    codes = np.rint((curve - curve.min()) / (curve.max() - curve.min()) * (top - 1)).astype(int)
    codes -= int(rng.integers(0, 2)) * top // 2
    at = np.flatnonzero(np.diff(codes))
    chain.input((int(rng.integers(6, 13)),), f"s{width}.0")
    values = np.concatenate([codes[at], codes[-1:]])
    chain.put("table", ops.Thresholds(at + 1 - half, values, 0))


# -------------------------------------------------------------------------------------- networks


def mlp(chain: Chain, rng: Rng) -> None:
    """Two or three dense layers with rectifiers between."""
    chain.input((int(rng.integers(6, 17)),), _pick(rng, "s8.4", "s10.6", "u8.4"))
    how = _pick(rng, "6:50", "4:0", "6:75", "ternary", "5:30")
    for layer in range(1, int(rng.integers(2, 4))):
        _matrix(chain, rng, int(rng.integers(8, 21)), how, f"fc{layer}")
        _relu(chain, rng, int(_pick(rng, 4, 6)), f"relu{layer}")
    _matrix(chain, rng, 5, how, "out")


def bnn(chain: Chain, rng: Rng) -> None:
    """A binary network: signs between binary or ternary layers."""
    chain.input((int(rng.integers(8, 17)),), "s6.0")
    for layer in (1, 2):
        how = _pick(rng, "binary", "ternary")
        _matrix(chain, rng, int(rng.integers(12, 25)), how, f"fc{layer}", bias=4)
        _steps(chain, rng, 1, _pick(rng, [-1, 1], [0, 1]), f"sign{layer}")
    _matrix(chain, rng, 5, "binary", "out", bias=4)


def cnn(chain: Chain, rng: Rng) -> None:
    """A convolution, a rectifier, a pool, and a dense layer."""
    chain.input((6, 6, 1), _pick(rng, "u6.0", "s8.0"))
    weight = _weights(rng, (3, 3, 1, 3), _pick(rng, "6:50", "4:0"))
    chain.put("conv", ops.Conv(weight, rng.integers(-9, 10, 3)))
    _relu(chain, rng, 5)
    chain.put("pool", _pick(rng, ops.MaxPool((2, 2)), ops.SumPool((2, 2))))
    chain.put("flat", ops.Reshape((chain.channels * 4,)))
    _matrix(chain, rng, 5, "5:30", "out")


def residual(chain: Chain, rng: Rng) -> None:
    """A dense block that is added to what it read."""
    n = int(rng.integers(8, 17))
    chain.input((n,), "s8.0")
    _matrix(chain, rng, n, "5:50", "fc1")
    _clip(chain, rng, 6, "clip1")
    kept = chain.last
    _matrix(chain, rng, n, "5:50", "fc2")
    _clip(chain, rng, 6, "clip2")
    shift = {node.name: node.type.frac for node in chain.nodes}
    chain.put("level", ops.MovePoint(shift[chain.last] - shift[kept]))
    chain.put("add", ops.Add((1, 1)), (chain.last, kept))
    _relu(chain, rng, 5)


def wide(chain: Chain, rng: Rng) -> None:
    """A network that fills a good part of a small device; for its clock."""
    chain.input((16,), "s8.4")
    for layer, n in enumerate(rng.integers(8, (57, 33, 33)), 1):
        _matrix(chain, rng, int(n), _pick(rng, "6:50", "6:75", "5:30"), f"fc{layer}")
        _relu(chain, rng, 6, f"relu{layer}")
    _matrix(chain, rng, 5, "6:50", "out")


KINDS: Mapping[str, Make] = {
    make.__name__: make
    for make in (
        dense, sparse, ternary, binary, bits, conv1d, conv2d, depthwise, max_pool, sum_pool, join,
        multiply, norm, relu, clip, rounding, bounded, leaky, sign, steps, table, mlp, bnn, cnn,
        residual,
    )
}  # fmt: skip
# Kinds whose logic no search for adder graphs decides.
PLAIN = ("relu", "clip", "rounding", "bounded", "leaky", "max_pool", "sign", "steps", "table")
MAKERS: Mapping[str, Make] = {**KINDS, "wide": wide}
# Designs of every kind, half of which the fit sees; ECP5 takes Yosys three times as long.
EACH = {"ultrascale_plus": 6, "ecp5": 4}
# Kinds of which one more design exists, that was looked at neither for a fit nor for a formula.
FRESH = (
    "residual", "cnn", "bnn", "mlp", "steps", "sign", "leaky", "bounded", "clip", "relu", "norm",
    "multiply", "join", "sum_pool", "max_pool", "depthwise", "conv2d", "conv1d", "sparse", "bits",
)  # fmt: skip
LARGE = (0, 3)  # 3 and 6 cycles
HELD_BACK = ("relu", "clip", "join", "max_pool", "bits")
BOARDS = {"ultrascale_plus": "vcu118", "ecp5": "ecp5_evn"}


CLOCKS = {"ultrascale_plus": (150.0, 300.0), "ecp5": (60.0, 100.0)}


def cases(family: str) -> Iterator[Case]:
    """Yield the corpus of a family."""
    for kind in KINDS:
        for number in range(EACH[family]):
            yield _case(family, kind, number)


def large(family: str) -> Iterator[Case]:
    """Yield designs that are only placed and routed."""
    for number in LARGE:
        yield _case(family, "wide", number)


def fresh(family: str) -> Iterator[Case]:
    """Yield the designs that nothing was fitted to."""
    for i, kind in enumerate(FRESH):
        yield _case(family, kind, max(EACH.values()) + i % 2)


def held_back(family: str) -> Iterator[Case]:
    """Yield a few small designs that `make test-ci` maps anew; nothing else looks at them."""
    for kind in HELD_BACK:
        yield _case(family, kind, max(EACH.values()) + 4)


def _case(family: str, kind: str, number: int) -> Case:
    clock = CLOCKS[family][number % 2]
    return Case(f"{kind}-{number:02}", kind, BOARDS[family], clock)
