# SPDX-License-Identifier: Apache-2.0
"""Coding the feature maps of a network: how each is coded, within what loss, with what tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.statistics import (
    METHODS,
    PAPER,
    Basis,
    Method,
    coded_bits,
    framing_bits,
    least_bits,
    token_counts,
)
from hwgen.codec.tables import Tables
from hwgen.codec.wire import Coder, Ints
from hwgen.errors import ConfigError, count_of
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.plan.coding.sensitivity import FeatureMap, SensitivityModel, change_of, maps_of
from hwgen.progress import Progress, silent

STEPS = tuple(2 ** (k / 2) for k in range(1, 17))  # of a code, tried by every method
ROUNDS = 16  # of the search for the budget
TRIED = 16  # samples that everything is tried on
SETS, MAX_SETS = 4, 16  # table sets: as many as a plan has unless told, as many as there may be


@dataclass(frozen=True)
class Candidate:
    """One way to code one map, with what it costs.

    Attributes:
        choice: the way; its table set is given later.
        method: its name.
        counts: tokens by context.
        noise: mean squared error in the codes of the map.
        frame: bits of the frames.
    """

    choice: MapCoding
    method: str
    counts: Ints
    noise: float
    frame: float

    def bits(self, tables: Sequence[Tables]) -> float:
        """Return the bits with the best of some tables, or with its own if there are none."""
        if not tables:
            return self.frame + least_bits(self.counts)
        return self.frame + min(coded_bits(self.counts, t, self.choice.coder) for t in tables)


def candidate(
    bench: SensitivityModel,
    one: FeatureMap,
    method: Method,
    basis: Basis | None,
    step: float,
    coder: Coder,
) -> Candidate:
    """Return a map coded by a method, with a step in units of its codes; losslessly without one."""
    values = bench.values(one)
    lo, _ = bench.limits(one)
    bits = max(1, bench.graph[one.name].type.fixed.width)
    plain = MapCoding(one.name, one.name, one.shape, bits, lo < 0, coder=coder)
    if basis is None:
        counts = token_counts(values, plain.grid, plain.signed)
        return Candidate(plain, "lossless", counts, 0.0, framing_bits(plain.grid, len(values)))
    before = method.before and one.source != one.name
    scaled = step * (1 << one.shift) if before else step
    transform, found = basis.stepped(scaled)
    source = one.source if before else one.name
    choice = replace(plain, source=source, mode="transform", transform=transform, block=(0, 0, 0))
    back = np.stack([choice.values(q) for q in found])
    noise = bench.activated(one, back) if before else back
    counts = token_counts(found, choice.grid, transform.signed, transform.weights)
    return Candidate(
        choice,
        method.name,
        counts,
        float(((noise - values) ** 2).mean()),
        framing_bits(choice.grid, len(values)),
    )


def _basis(bench: SensitivityModel, one: FeatureMap, method: Method) -> Basis:
    before = method.before and one.source != one.name
    return Basis.of(method, bench.values(one, before), *bench.limits(one, before))


@dataclass(frozen=True)
class Survey:
    """Every way to code every map of a network, and how much its outputs mind.

    Attributes:
        bench: the network with its samples.
        options: candidates of each map, from some of the samples; the first is lossless.
        weights: error of the outputs for a mean squared error of 1 in the codes of each map.
        coder: Huffman or tANS.
    """

    bench: SensitivityModel
    options: tuple[tuple[Candidate, ...], ...]
    weights: tuple[float, ...]
    coder: Coder

    @classmethod
    def of(
        cls,
        graph: Graph,
        inputs: Mapping[str, Codes],
        *,
        coder: Coder = Coder.TANS,
        lossless: bool = False,
        names: Sequence[str] = (),
    ) -> Survey:
        """Try everything.

        Args:
            graph: the network.
            inputs: codes of every input, for sample inputs.
            coder: Huffman or tANS.
            lossless: nothing with loss.
            names: maps to code; all activations with pixels if left out.

        Raises:
            ConfigError: there is nothing to code.
        """
        bench = SensitivityModel(graph, inputs, maps_of(graph, names))
        some = bench if lossless else bench.part(TRIED)
        options = tuple(tuple(_candidates(some, one, coder, lossless)) for one in bench.maps)
        weights = tuple(0.0 if lossless else bench.sensitivity(one) for one in bench.maps)
        return cls(bench, options, weights, coder)

    def plan(self, budget: float = 0.0, sets: int = SETS) -> CodingPlan:
        """Return the choice of fewest bits within a budget, as `calibrate` describes.

        Raises:
            ConfigError: the budget or the number of sets makes no sense.
        """
        if not 0 <= budget < 1:
            raise ConfigError(f"an error budget of {budget} makes no sense", "--error", "0 to 1")
        if not 1 <= sets <= MAX_SETS:
            raise ConfigError(f"{sets} table sets", "--tables", f"1 to {MAX_SETS}")
        tables: tuple[Tables, ...] = ()
        for _ in range(2):  # the second time with the tables that the first choice asks for
            tried, error = _within(self, tables, budget)
            picked = [recounted(self.bench, one) for one in tried]
            tables, which = _tables(picked, sets)
        choices = tuple(_settled(one, which[i], tables) for i, one in enumerate(picked))
        return _plan(self.bench, picked, choices, tables, {"budget": budget, "error": error})


def _candidates(
    bench: SensitivityModel, one: FeatureMap, coder: Coder, lossless: bool
) -> list[Candidate]:
    found = [candidate(bench, one, METHODS[0], None, 0, coder)]
    lo, hi = bench.limits(one)
    for method in () if lossless else METHODS:
        basis = _basis(bench, one, method)
        steps = [step for step in STEPS if step <= (hi - lo) / 2]
        found += [candidate(bench, one, method, basis, step, coder) for step in steps]
    return found


def recounted(bench: SensitivityModel, one: Candidate) -> Candidate:
    """Return a candidate with the tokens of all samples counted."""
    choice = one.choice
    tapped = next(m for m in bench.maps if m.name == choice.name)
    values = bench.values(tapped, choice.source != choice.name)
    coded = np.stack([choice.coefficients(value) for value in values])
    form = choice.transform
    signed, weights = (form.signed, form.weights) if form else (choice.signed, ())
    counts = token_counts(coded, choice.grid, signed, weights)
    return replace(one, counts=counts, frame=framing_bits(choice.grid, len(values)))


def calibrate(
    graph: Graph,
    inputs: Mapping[str, Codes],
    *,
    budget: float = 0.0,
    coder: Coder = Coder.TANS,
    sets: int = SETS,
    names: Sequence[str] = (),
    progress: Progress = silent,
) -> CodingPlan:
    """Choose how each map of a network is coded, and make the tables.

    With a budget, every map gets the method and the step that cost the fewest bits for the error
    they bring: bits + lambda * sensitivity * noise is least, with one lambda for all maps, found
    by bisection so that the measured error of all of them together stays within the budget.

    Args:
        graph: the network.
        inputs: codes of every input, for sample inputs.
        budget: most mean squared error of the outputs, as a share of their variance; 0: lossless.
        coder: Huffman or tANS.
        sets: most table sets, 1 to 16; hardware stores them all.
        names: maps to code; all activations with pixels if left out.
        progress: called with every step.

    Raises:
        ConfigError: there is nothing to code, or the budget makes no sense.
    """
    survey = Survey.of(graph, inputs, coder=coder, lossless=not budget, names=names)
    tried = sum(len(some) for some in survey.options)
    progress("maps", f"{count_of(len(survey.bench.maps), 'map')}, {count_of(tried, 'way')} tried")
    plan = survey.plan(budget, sets)
    progress("choice", f"error {dict(plan.facts)['error']:.2g}")
    return plan


def _plan(
    bench: SensitivityModel,
    picked: Sequence[Candidate],
    choices: Sequence[MapCoding],
    tables: Sequence[Tables],
    facts: Mapping[str, float],
) -> CodingPlan:
    bits = {
        choice.name: round(found.bits([tables[choice.table_set]]) / bench.values(one).size, 4)
        for one, found, choice in zip(bench.maps, picked, choices, strict=True)
    }
    told = {
        **{name: round(value, 8) for name, value in facts.items()},
        "samples": len(bench.values(bench.maps[0])),
        "bits": bits,  # a value, frames included
        "method": {one.choice.name: one.method for one in picked},
    }
    return CodingPlan(bench.model, tuple(tables), tuple(choices), tuple(told.items()))


def _within(
    survey: Survey, tables: Sequence[Tables], budget: float
) -> tuple[list[Candidate], float]:
    """Return the choice of fewest bits whose error stays within the budget, and that error."""
    options = survey.options
    costs = [[c.bits(tables) for c in some] for some in options]
    best, best_error = [some[0] for some in options], 0.0
    if not budget:
        return best, best_error
    best_bits = sum(cost[0] for cost in costs)
    low, high = best_bits * 1e-2, best_bits * 1e8
    for _ in range(ROUNDS):
        price = float(np.sqrt(low * high))  # bits for an error of 1
        trial = []
        bits = 0.0
        for some, cost, weight in zip(options, costs, survey.weights, strict=True):
            i = int(
                np.argmin([c + price * weight * o.noise for c, o in zip(cost, some, strict=True)])
            )
            trial.append(some[i])
            bits += cost[i]
        lossy = [one.choice for one in trial if one.choice.transform is not None]
        error = survey.bench.error({choice.source: change_of(choice) for choice in lossy})
        if error > budget:
            low = price
            continue
        high = price
        if bits < best_bits:
            best, best_bits, best_error = trial, bits, error
    return best, best_error


def _tables(picked: Sequence[Candidate], most: int) -> tuple[tuple[Tables, ...], list[int]]:
    """Return at most so many table sets, and which of them each map uses.

    Beginning with a set for each map, the two whose union costs least are united again and again.
    """
    groups = [[i] for i in range(len(picked))]
    counts = [one.counts for one in picked]
    while len(groups) > most:
        costs = [least_bits(count) for count in counts]
        a, b = min(
            combinations(range(len(groups)), 2),
            key=lambda pair: (
                least_bits(counts[pair[0]] + counts[pair[1]]) - costs[pair[0]] - costs[pair[1]]
            ),
        )
        groups[a] += groups.pop(b)
        counts[a] = counts[a] + counts.pop(b)
    sets = [next(n for n, group in enumerate(groups) if i in group) for i in range(len(picked))]
    return tuple(Tables.of(count) for count in counts), sets


def _settled(one: Candidate, table_set: int, tables: Sequence[Tables]) -> MapCoding:
    """Return the choice with its table set; raw where coding is no gain."""
    choice = replace(one.choice, table_set=table_set)
    values = int(one.counts.sum())
    if choice.transform is None and one.bits([tables[table_set]]) >= values * choice.bits:
        return replace(choice, mode="raw")
    return choice


def paper(
    graph: Graph, inputs: Mapping[str, Codes], width: float, names: Sequence[str] = ()
) -> CodingPlan:
    """Return the coder of the transform-coding paper as a plan, to compare with.

    A KLT over all channels in front of each activation, its range cut into 2**width - 2 steps, the
    same width for all maps, and for each map one Huffman code for all values. Up to 16 maps.

    Args:
        graph: the network.
        inputs: codes of every input, for sample inputs.
        width: bits of a coefficient, may be fractional.
        names: maps to code.

    Raises:
        ConfigError: more maps than table sets.
    """
    bench = SensitivityModel(graph, inputs, maps_of(graph, names))
    if len(bench.maps) > MAX_SETS:
        raise ConfigError(
            f"{count_of(len(bench.maps), 'map')}, and {MAX_SETS} table sets",
            hint="name some, --maps",
        )
    picked, tables = [], []
    for one in bench.maps:
        basis = _basis(bench, one, PAPER)
        found = basis.coefficients
        spread = float(found.max() - found.min()) * (1 << basis.transform.down) / basis.gain
        before = PAPER.before and one.source != one.name
        step = spread / (2**width - 2) / (1 << one.shift if before else 1)
        picked.append(candidate(bench, one, PAPER, basis, step, Coder.HUFFMAN))
        counts = picked[-1].counts
        tables.append(Tables.of(np.broadcast_to(counts.sum(axis=0), counts.shape)))
    choices = [replace(one.choice, table_set=i) for i, one in enumerate(picked)]
    error = bench.error({c.source: change_of(c) for c in choices})
    return _plan(bench, picked, choices, tables, {"width": width, "error": error})
