# SPDX-License-Identifier: Apache-2.0
"""Bytes and errors of every coder on the maps of one network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from hwgen.codec.baselines import baseline_bytes, rice_parameters
from hwgen.codec.huffman import lengths_of
from hwgen.codec.plan import CodingPlan
from hwgen.codec.tensor import compiled, encode
from hwgen.codec.wire import Coder, index_bytes
from hwgen.plan.coding.calibrate import Survey, calibrate, paper
from hwgen.plan.coding.sensitivity import FeatureMap, SensitivityModel, changes, maps_of
from tests.benchmarks.codec.data import RATE, Net

PUBLISHED = ("raw", "zvc", "zero-run", "ebpc", "rice")
OURS = ("huffman", "tans")
# Widths of the paper's coefficients, and budgets of ours.
WIDTHS = (9, 8, 7, 6.5, 6, 5.5, 5, 4.5, 4, 3.5)
BUDGETS = (0.001, 0.003, 0.01, 0.03, 0.1)
LONGEST = 20  # bits of a code word of the paper's Huffman code


@dataclass(frozen=True)
class Lossy:
    """A lossy coding: what it costs, and what it does to the outputs."""

    bits: float
    error: float
    agreement: float
    bytes: tuple[float, ...] = ()  # of each map


class Maps:
    """The maps of a network, of calibration and of test samples."""

    def __init__(self, net: Net) -> None:
        self.net = net
        self.maps = maps_of(net.graph)
        self.known = SensitivityModel(net.graph, net.calibrate, self.maps)
        self.new = SensitivityModel(net.graph, net.test, self.maps)
        self.size = sum(h * w * c for h, w, c in (one.shape for one in self.maps))

    def sizes(self, plan: CodingPlan) -> list[float]:
        """Return the bytes of each map with its index, a mean over test samples."""
        made = []
        for choice, one in zip(plan.choices, self.maps, strict=True):
            total = 0
            for values in self.new.values(one, choice.source != one.name)[:RATE]:
                form = choice.format(plan.tables_of(choice))
                found = choice.coefficients(values)
                coded = encode(found, choice.grid, form, engine=compiled())
                total += len(coded.data) + index_bytes(coded.grid.blocks)
            made.append(total / RATE)
        return made

    def lossless(self) -> dict[str, list[float]]:
        """Return the bytes of each map by every coder, a mean over test samples."""
        made: dict[str, list[float]] = {name: [] for name in PUBLISHED}
        plans = {c.name.lower(): calibrate(self.net.graph, self.net.calibrate, coder=c)
                 for c in Coder}  # fmt: skip
        for one, choice in zip(self.maps, plans["tans"].choices, strict=True):
            rice = rice_parameters(list(self.known.values(one)[:16]), choice.signed)
            total = dict.fromkeys(PUBLISHED, 0)
            form = choice.format(plans["tans"].tables[0])
            for values in self.new.values(one)[:RATE]:
                for name, size in baseline_bytes(values, choice.grid, form, rice).items():
                    total[name] += size
            for name, size in total.items():
                made[name].append(size / RATE)
        return made | {name: self.sizes(plan) for name, plan in plans.items()}

    def of_plan(self, plan: CodingPlan) -> Lossy:
        """Return what a plan costs and does, on test samples."""
        sizes = self.sizes(plan)
        change = changes(plan)
        return Lossy(
            8 * sum(sizes) / self.size,
            self.new.error(change),
            self.new.agreement(change),
            tuple(sizes),
        )

    def ours(self) -> list[Lossy]:
        """Return our coder within each budget."""
        survey = Survey.of(self.net.graph, self.net.calibrate)
        return [self.of_plan(survey.plan(budget)) for budget in BUDGETS]

    def paper_built(self, width: float) -> Lossy:
        """Return the paper's coder in integers and in our frames, as hardware would have it."""
        return self.of_plan(paper(self.net.graph, self.net.calibrate, width))

    def paper_published(self, width: float) -> Lossy:
        """Return the paper's coder in floats, with a Huffman word for every value, unframed."""
        bits = 0.0
        change = {}
        for one in self.maps:
            size, name, function = self._published(one, width)
            bits += size
            change[name] = function
        return Lossy(bits / self.size, self.new.error(change), self.new.agreement(change))

    def _published(self, one: FeatureMap, width: float) -> tuple[float, str, Any]:
        """Return bits a map, the node in front of the activation, and what the coder does to it."""
        before = one.source != one.name
        known = self.known.values(one, before).astype(np.float64)
        channels = one.shape[2]
        flat = known.reshape(-1, channels)
        mean = flat.mean(axis=0)
        _, vectors = np.linalg.eigh(np.cov(flat.T).reshape(channels, channels))
        coefficients = (flat - mean) @ vectors
        step = (coefficients.max() - coefficients.min()) / (2**width - 2)
        low, high = self.known.limits(one, before)
        seen = np.rint(coefficients / step).astype(np.int64)
        least = int(seen.min())
        counts = np.bincount((seen - least).ravel())
        lengths = np.array(lengths_of(counts.tolist(), LONGEST))

        def change(values: Any) -> Any:
            found = (values.astype(np.float64).reshape(-1, channels) - mean) @ vectors
            back = (np.rint(found / step) * step) @ vectors.T + mean
            return np.clip(np.rint(back), low, high).astype(np.int64).reshape(values.shape)

        test = self.new.values(one, before)[:RATE].astype(np.float64).reshape(-1, channels)
        place = np.rint((test - mean) @ vectors / step).astype(np.int64) - least
        inside = (place >= 0) & (place < len(lengths))
        # What calibration has not seen takes the longest word and 16 bits.
        cost = np.where(inside, lengths[np.clip(place, 0, len(lengths) - 1)], LONGEST + 16)
        return float(cost.sum()) / RATE, one.source, change


def at_error(curve: list[Lossy], error: float) -> float | None:
    """Return the bits of a curve at an error, on a straight line in log(error); None outside it."""
    points = sorted((np.log(point.error), point.bits) for point in curve if point.error > 0)
    places, bits = zip(*points, strict=True)
    target = np.log(error) if error > 0 else -np.inf
    if not places[0] <= target <= places[-1]:
        return None
    return float(np.interp(target, places, bits))
