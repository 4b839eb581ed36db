# SPDX-License-Identifier: Apache-2.0
"""The fit of the cost model to what synthesis found, and the error on what it was not shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.cost.terms import TERMS

Floats: TypeAlias = npt.NDArray[np.float64]
LEAST = 20  # LUT of a layer below which a share says nothing
_ROUNDS = 60
_NEAR = 0.03  # relative errors below this count alike


@dataclass(frozen=True)
class Record:
    """A design that was synthesised.

    Attributes:
        name, kind: of the case.
        digest: of its graph.
        held: whether the fit may not see it.
        layers: of every stage, its terms and its LUT.
        lut, ff: of the whole, flat.
        ff_model: registers as the model counts them.
    """

    name: str
    kind: str
    digest: str
    held: bool
    layers: Mapping[str, tuple[Mapping[str, float], int]]
    lut: int
    ff: int
    ff_model: int

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {**vars(self), "layers": {n: [dict(t), lut] for n, (t, lut) in self.layers.items()}}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Record:
        """Return what `as_json` wrote."""
        layers = {name: (terms, lut) for name, (terms, lut) in data["layers"].items()}
        return cls(**{**data, "layers": layers})

    def modelled(self, factors: Mapping[str, float]) -> dict[str, int]:
        """Return the LUT of every layer by the model."""
        return {
            name: round(sum(factors.get(t, 1.0) * n for t, n in terms.items()))
            for name, (terms, _) in self.layers.items()
        }


def split(digests: Mapping[str, str], kinds: Mapping[str, str]) -> set[str]:
    """Return the names that are held back: of every kind, those of the higher digests."""
    held: set[str] = set()
    for kind in sorted(set(kinds.values())):
        names = sorted((n for n in digests if kinds[n] == kind), key=lambda n: digests[n])
        held.update(names[-(len(names) // 2) :])
    return held


def fit(records: Iterable[Record]) -> dict[str, float]:
    """Return the factors that make the sum of relative errors least, none of them negative.

    Least squares, weighted anew until the sum of absolute errors is least; a term that would need
    a negative factor takes none. One that no design has counts as its formula says.
    """
    rows = [row for record in records if not record.held for row in record.layers.values()]
    a = np.array([[terms.get(t, 0) for t in TERMS] for terms, _ in rows], np.float64)
    b = np.array([lut for _, lut in rows], np.float64)
    scale = 1 / np.maximum(b, LEAST / 2)
    used = np.flatnonzero(a.any(axis=0))
    unseen = ~a.any(axis=0)
    weight = scale
    found = np.zeros(len(TERMS))
    for _ in range(_ROUNDS):
        solution = np.linalg.lstsq(a[:, used] * weight[:, None], b * weight, rcond=None)[0]
        if (solution < 0).any():
            used = used[solution > 0]
            continue
        found = np.zeros(len(TERMS))
        found[used] = solution
        off = np.abs(a @ found - b) * scale
        weight = scale / np.sqrt(np.maximum(off, _NEAR))
    found[unseen] = 1.0
    return {term: round(float(f), 3) for term, f in zip(TERMS, found, strict=True)}


def layer_errors(
    records: Iterable[Record], factors: Mapping[str, float]
) -> Iterator[tuple[str, str, int, int, float]]:
    """Yield (design, layer, modelled, measured, error) of every layer of some size."""
    for record in records:
        modelled = record.modelled(factors)
        for name, (_, lut) in record.layers.items():
            if lut >= LEAST:
                yield record.name, name, modelled[name], lut, modelled[name] / lut - 1


def design_errors(records: Iterable[Record], factors: Mapping[str, float]) -> list[float]:
    """Return the errors of whole designs."""
    return [sum(r.modelled(factors).values()) / r.lut - 1 for r in records if r.lut >= LEAST]


def described(errors: Sequence[float]) -> tuple[float, float]:
    """Return the median and the worst, as shares rounded up in the last place."""
    size = np.abs(np.array(errors))
    return round(float(np.median(size)) + 5e-5, 4), round(float(size.max()) + 5e-5, 4)


def calibration(records: Sequence[Record], tool: str) -> dict[str, Any]:
    """Return a family's entry of ``calibration.json``."""
    factors = fit(records)
    held = [record for record in records if record.held]
    layers = [error for *_, error in layer_errors(held, factors)]
    designs = design_errors(held, factors)
    median, worst = described(designs)
    layer_median, layer_worst = described(layers)
    return {
        "factors": factors,
        "lut": {
            "designs": len(designs), "layers": len(layers), "median": median, "worst": worst,
            "layer_median": layer_median, "layer_worst": layer_worst, "tool": tool,
        },
    }  # fmt: skip


def fit_path(rows: Iterable[tuple[float, float, float]]) -> tuple[float, float]:
    """Return what `hwgen.cost.calibration.path_ns` takes, from rows of (model ns, LUT, routed ns).

    Least squares of shares.
    """
    model, lut, routed = np.array(list(rows), np.float64).T
    columns = np.stack([model, np.sqrt(model * lut / 1000)], axis=1) / routed[:, None]
    factor, spread = np.linalg.lstsq(columns, np.ones(len(routed)), rcond=None)[0]
    return round(float(factor), 4), round(float(spread), 4)
