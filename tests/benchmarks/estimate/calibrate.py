# SPDX-License-Identifier: Apache-2.0
"""The fit of the cost model to what synthesis found, and the error on what it was not shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from hwgen.cost.requantizers import COPIES
from hwgen.cost.terms import TERMS

Floats: TypeAlias = npt.NDArray[np.float64]
_Layer: TypeAlias = tuple[Mapping[str, float], int]  # its terms and its LUT
LEAST = 20  # LUT of a layer below which a share says nothing
STEPS = frozenset(t for t in TERMS if t.startswith("step_") or t in ("cover", "choice"))
MEDIAN, WORST, WHOLE_WORST = 0.10, 0.25, 0.20  # errors that are promised, of layers and wholes
_ROUNDS = 60
_DRAWN = 0.3  # weight of the formula's own factor, where that of a layer's whole is one
_NEAR = 0.03  # relative errors below this count alike


@dataclass(frozen=True)
class Record:
    """A design that was synthesised.

    Attributes:
        name, kind: of the case.
        digest: of its graph.
        held: whether the fit may not see it.
        layers: of every stage by itself, its terms and its LUT.
        whole: terms of the whole.
        lut, ff: of the whole, flat.
        ff_model: registers as the model counts them.
    """

    name: str
    kind: str
    digest: str
    held: bool
    layers: Mapping[str, _Layer]
    whole: Mapping[str, float]
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
        return {name: _luts(terms, factors) for name, (terms, _) in self.layers.items()}

    def modelled_whole(self, factors: Mapping[str, float]) -> int:
        """Return the LUT of the whole by the model."""
        return _luts(self.whole, factors)


def _luts(terms: Mapping[str, float], factors: Mapping[str, float]) -> int:
    return round(sum(factors.get(t, 1.0) * n for t, n in terms.items()))


def records_of(entry: Mapping[str, Any]) -> list[Record]:
    """Return the records of a family's entry: the corpus, and the kinds by themselves."""
    return [Record.from_json(data) for data in (*entry["designs"], *entry.get("kinds", ()))]


def split(digests: Mapping[str, str], kinds: Mapping[str, str]) -> set[str]:
    """Return the names that are held back: of every kind, those of the higher digests."""
    held: set[str] = set()
    for kind in sorted(set(kinds.values())):
        names = sorted((n for n in digests if kinds[n] == kind), key=lambda n: digests[n])
        held.update(names[-(len(names) // 2) :])
    return held


def fit(records: Iterable[Record]) -> dict[str, float]:
    """Return the factors that make the sum of relative errors least, none of them negative.

    Terms of step functions and of tables are fitted to the layers that have any, after all others
    were fitted to the layers that have none. One that no design has counts as its formula says.
    """
    rows = [row for record in records if not record.held for row in record.layers.values()]
    alone, stepped = list[_Layer](), list[_Layer]()
    for row in rows:
        steps = any(n for term, n in row[0].items() if term in STEPS)
        (stepped if steps else alone).append(row)
    found = dict.fromkeys(TERMS, 1.0)
    found |= _least(alone, [t for t in TERMS if t not in STEPS], {})
    found |= _least(stepped, [t for t in TERMS if t in STEPS], found)
    return {term: round(float(f), 3) for term, f in found.items()}


def _least(
    rows: Sequence[_Layer],
    terms: Sequence[str],
    known: Mapping[str, float],
) -> dict[str, float]:
    """Return the factors of some terms, those of others being known.

    Least squares, weighted anew until the sum of absolute errors is least; a term that would need
    a negative factor takes none. What few designs decide is drawn to one, as the formula says.
    """
    if not rows:
        return {}
    a = np.array([[row.get(t, 0) for t in terms] for row, _ in rows], np.float64)
    others = [
        sum(known.get(t, 0.0) * n for t, n in row.items() if t not in terms) for row, _ in rows
    ]
    b = np.array([lut for _, lut in rows], np.float64)
    scale = 1 / np.maximum(b, LEAST / 2)
    b -= others
    seen = a.any(axis=0)
    used = np.flatnonzero(seen)
    weight = scale
    found = np.zeros(len(terms))
    drawn = _DRAWN * np.diag([COPIES if term == "requant" else 1 for term in terms])
    for _ in range(_ROUNDS):
        sides = np.concatenate([a * weight[:, None], drawn])[:, used]
        wanted = np.concatenate([b * weight, np.full(len(terms), _DRAWN)])
        solution = np.linalg.lstsq(sides, wanted, rcond=None)[0]
        if (solution < 0).any():
            used = used[solution > 0]
            continue
        found = np.zeros(len(terms))
        found[used] = solution
        off = np.abs(a @ found - b) * scale
        weight = scale / np.sqrt(np.maximum(off, _NEAR))
    return {t: float(f) for t, f, own in zip(terms, found, seen, strict=True) if own}


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
    return [r.modelled_whole(factors) / r.lut - 1 for r in records if r.lut >= LEAST]


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
