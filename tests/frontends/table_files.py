# SPDX-License-Identifier: Apache-2.0
"""Networks of tables as files, and their own arithmetic in plain Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

CONFIG = "config.json"


@dataclass
class TableNet:
    """A network of tables; the tests change what they like and write it."""

    layers: list[Any]
    widths: list[Any]
    edges: dict[str, Any]

    def run(self, sample: Sequence[int]) -> list[int]:
        """Return the outputs of one sample, edge by edge as the files say."""
        codes = list(sample)
        for layer, bits in enumerate(self.widths[1:]):
            offset = 1 << (self.widths[layer] - 1) if layer else 0
            sums = [0] * self.layers[layer + 1]
            for name, edge in self.edges.items():
                at, i, j = map(int, name.split("_"))
                if at == layer:
                    sums[j] += edge["values_int"][codes[i] + offset]
            half = 1 << (bits - 1)
            codes = [max(-half, min(half - 1, total)) for total in sums]
        return codes

    def samples(self, rng: np.random.Generator, count: int) -> np.ndarray:
        return rng.integers(0, 1 << self.widths[0], (count, self.layers[0]))

    def write(self, folder: Path, vectors: np.ndarray | None = None) -> Path:
        """Write all files into a folder and return that of the tables."""
        folder.mkdir(exist_ok=True, parents=True)
        config = {"seed": 3, "layers": self.layers, "layers_bitwidth": self.widths}
        (folder / CONFIG).write_text(json.dumps(config))
        path = folder / "truth_tables.json"
        path.write_text(json.dumps(self.edges))
        if vectors is not None:
            for name, rows in (("in", vectors), ("out", map(self.run, vectors.tolist()))):
                text = "".join(f"{' '.join(map(str, row))}\n" for row in rows)
                (folder / f"vectors_{name}.txt").write_text(text)
        return path


def random_net(
    rng: np.random.Generator, layers: Sequence[int], widths: Sequence[int], alive: float = 0.7
) -> TableNet:
    """Return a network whose edges are curves, steps, noise or none."""
    edges = {}
    for layer, (n_in, n_out) in enumerate(pairwise(layers)):
        entries, half = 1 << widths[layer], 1 << (widths[layer + 1] - 1)
        for i, j in np.ndindex(n_in, n_out):
            active = int(rng.random() < alive)
            values = _curve(rng, entries, half) * active
            edges[f"{layer}_{i}_{j}"] = {"acive": active, "values_int": values.tolist()}
    return TableNet(list(layers), list(widths), edges)


def _curve(rng: np.random.Generator, entries: int, half: int) -> np.ndarray:
    x = np.linspace(-1, 1, entries)
    a, b, c = rng.normal(size=3)
    kind = rng.integers(4)
    if kind == 0:
        return rng.integers(-half, half, entries)
    if kind == 1:
        return np.where(x > b / 2, 0, int(rng.integers(-half, half)))
    curve = a * x + b * x**2 + c * np.sin(3 * x)
    return np.rint(half * 0.6 * curve).astype(np.int64)
