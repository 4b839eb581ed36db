# SPDX-License-Identifier: Apache-2.0
"""Calibration: maps of a network, choices within a budget, plans, and what they then do."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.statistics import METHODS, Basis, coded_bits, least_bits, token_counts
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import encode
from hwgen.codec.wire import Coder, Grid
from hwgen.errors import ConfigError
from hwgen.ops.reference import Reference
from hwgen.plan.coding.calibrate import Survey, calibrate, paper
from hwgen.plan.coding.sensitivity import SensitivityModel, changes, lossy, maps_of
from tests.codec.networks import convolutional, pictures


@pytest.fixture(scope="module")
def survey() -> Survey:
    return Survey.of(convolutional(), pictures(16, np.random.default_rng(1)))


@pytest.fixture(scope="module")
def plans(survey: Survey) -> dict[float, CodingPlan]:
    return {budget: survey.plan(budget) for budget in (0.0, 0.005, 0.05, 0.3)}


def rate(plan: CodingPlan, bench: SensitivityModel) -> float:
    """Return the real bits a value of a plan, frames included."""
    bits = values = 0
    for choice, one in zip(plan.choices, bench.maps, strict=True):
        for sample in bench.values(one, choice.source != one.name):
            coded = choice.encode(sample, plan.tables_of(choice))
            bits += 8 * (coded.traffic - 64)
        values += bench.values(one).size
    return bits / values


def test_maps_are_the_activations_with_pixels() -> None:
    graph = convolutional()
    found = maps_of(graph)
    assert [(m.name, m.source, m.shift) for m in found] == [
        ("relu0", "conv0", 6),
        ("relu1", "conv1", 5),
    ]
    assert found[0].shape == (12, 12, 10)
    assert [m.name for m in maps_of(graph, ["relu1"])] == ["relu1"]
    flat = maps_of(graph, ["flat"])[0]
    assert (flat.shape, flat.source) == ((1, 1, 1728), "flat")
    with pytest.raises(ConfigError, match="no node is named relu9"):
        maps_of(graph, ["relu9"])


def test_a_network_without_maps_is_refused() -> None:
    from dataclasses import replace

    from hwgen.ir.graph import Output

    graph = convolutional(channels=())
    assert isinstance(graph.outputs[0], Output)
    with pytest.raises(ConfigError, match="no feature maps"):
        maps_of(replace(graph, name="flat"))


def test_any_code_of_a_map_is_allowed_behind_a_lossy_coder(rng: np.random.Generator) -> None:
    graph = convolutional()
    wide = lossy(graph, ["relu0"])
    kind = wide["relu0"].type
    assert (int(kind.lo.max()), int(kind.hi.min())) == (0, int(graph["relu0"].type.hi.max()))
    inputs = pictures(5, rng)
    top = int(kind.hi.max())

    def change(codes: np.ndarray) -> np.ndarray:
        return np.full_like(codes, top)

    found = Reference(wide).run(inputs, {"relu0": change})["y"]
    # The same, by way of Python's integers.
    codes = np.full((5, 12, 12, 10), top)
    by_hand = codes
    for name in ("conv1", "relu1", "flat", "logits"):
        by_hand = graph[name].op.run([by_hand.astype(object)])
    assert np.array_equal(found, by_hand.astype(np.int64))


def test_counts_tell_the_size_to_a_percent(rng: np.random.Generator) -> None:
    values = np.clip(rng.geometric(0.25, (6, 20, 18, 24)) - 1, 0, 63)
    grid = Grid.of(20, 18, 24)
    counts = token_counts(values, grid, False)
    assert counts.sum() == values.size
    tables = Tables.of(counts)
    from hwgen.codec.block import Format

    for coder in Coder:
        form = Format(6, tables, coder)
        words = sum(
            sum(len(p) for p in _parts(values[i][grid.where(n)], form))
            for i in range(6)
            for n in range(grid.blocks)
        )
        told = coded_bits(counts, tables, coder) / 8
        extra = 6 * grid.blocks * 4 * (1 + (coder == Coder.TANS))  # half words, first states
        assert told <= words <= 1.01 * told + 1.2 * extra
        assert least_bits(counts) / 8 <= told


def _parts(values: np.ndarray, form: object) -> list[bytes]:
    from hwgen.codec.kernels import encode as sub_streams

    return sub_streams(values, form)  # type: ignore[arg-type]


def test_lossless_plans_lose_nothing(survey: Survey, rng: np.random.Generator) -> None:
    for coder in Coder:
        plan = calibrate(convolutional(), pictures(24, rng), coder=coder)
        assert [c.mode for c in plan.choices] == ["lossless"] * 2
        assert changes(plan) == {}
        bench = SensitivityModel(convolutional(), pictures(6, rng), maps_of(convolutional()))
        told = dict(plan.facts)["bits"]
        for choice, one in zip(plan.choices, bench.maps, strict=True):
            assert choice.coder == coder
            for values in bench.values(one):
                found, damages = choice.decode(choice.encode(values, plan.tables_of(choice)))
                assert not damages
                assert np.array_equal(found, values)
            assert 0.5 < told[choice.name] < 6


def test_more_error_costs_fewer_bits_and_stays_within_the_budget(
    survey: Survey, plans: dict[float, CodingPlan]
) -> None:
    rates, errors = [], []
    for budget, plan in plans.items():
        error = survey.bench.error(changes(plan))
        assert error <= budget
        assert error == pytest.approx(dict(plan.facts)["error"], abs=1e-7)
        rates.append(rate(plan, survey.bench))
        errors.append(error)
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] < 0.6 * rates[0]
    assert errors == sorted(errors)


def test_the_loss_is_what_the_coder_does(survey: Survey, plans: dict[float, CodingPlan]) -> None:
    # Encoding and decoding for real gives the outputs that the plan's changes give.
    plan = plans[0.05]
    bench = survey.bench

    def really(choice: MapCoding) -> object:
        def change(codes: np.ndarray) -> np.ndarray:
            maps = codes.reshape(-1, *choice.shape)
            back = []
            for one in maps:
                values, damages = choice.decode(choice.encode(one, plan.tables_of(choice)))
                assert not damages
                back.append(values)
            return np.stack(back).reshape(codes.shape)

        return change

    lossy_choices = [c for c in plan.choices if c.transform is not None]
    assert lossy_choices
    real = {c.source: really(c) for c in lossy_choices}
    assert np.array_equal(bench.outputs(real), bench.outputs(changes(plan)))  # type: ignore[arg-type]


def test_sensitivity_foretells_the_error(survey: Survey) -> None:
    for one, weight, options in zip(survey.bench.maps, survey.weights, survey.options, strict=True):
        for found in options[1:]:
            if found.method != "step" or not 1 < found.noise < 20:
                continue
            error = survey.bench.error(changes(CodingPlan("", (), (found.choice,))))
            assert error == pytest.approx(weight * found.noise, rel=1.0), (one.name, found.noise)


def test_table_sets_are_as_many_as_allowed(survey: Survey) -> None:
    sizes = []
    for sets in (1, 2):
        plan = survey.plan(0.0, sets)
        assert len(plan.tables) == sets
        sizes.append(rate(plan, survey.bench))
    assert sizes[1] < sizes[0]
    with pytest.raises(ConfigError, match="17 table sets"):
        survey.plan(0.0, 17)
    with pytest.raises(ConfigError, match="error budget of 1"):
        survey.plan(1.0)


def test_every_method_can_be_chosen_and_decoded(survey: Survey, rng: np.random.Generator) -> None:
    seen = set()
    for one, options in zip(survey.bench.maps, survey.options, strict=True):
        for found in options:
            if found.method in seen:
                continue
            seen.add(found.method)
            choice = found.choice
            tables = Tables.of(found.counts)
            values = survey.bench.values(one, choice.source != one.name)[0]
            back, damages = choice.decode(choice.encode(values, tables))
            assert not damages
            assert np.array_equal(back, choice.values(choice.coefficients(values)))
    assert seen == {"lossless", *(method.name for method in METHODS)}


def test_context_weights_pay(rng: np.random.Generator) -> None:
    bench = SensitivityModel(convolutional(), pictures(24, rng), maps_of(convolutional()))
    one = bench.maps[1]
    basis = Basis.of(METHODS[2], bench.values(one), *bench.limits(one))
    transform, found = basis.stepped(3.0)
    assert any(transform.weights)
    grid = transform.grid(12, 12)
    with_, without = (
        least_bits(token_counts(found, grid, True, weights)) for weights in (transform.weights, ())
    )
    assert with_ < 0.99 * without


def test_the_papers_coder_is_a_plan(rng: np.random.Generator) -> None:
    graph, inputs = convolutional(), pictures(16, rng)
    bench = SensitivityModel(graph, inputs, maps_of(graph))
    rates, errors = [], []
    for width in (7.0, 5.0):
        plan = paper(graph, inputs, width)
        for choice in plan.choices:
            assert choice.source.startswith("conv")
            assert choice.transform is not None
            assert choice.transform.group == choice.shape[2]
            tables = plan.tables_of(choice)
            assert len(set(tables.lengths)) == 1  # one code for all contexts
        rates.append(rate(plan, bench))
        errors.append(bench.error(changes(plan)))
    assert rates[0] > rates[1]
    assert errors[0] < errors[1]


def test_plans_come_back_from_json(survey: Survey, plans: dict[float, CodingPlan]) -> None:
    for plan in plans.values():
        assert CodingPlan.from_json(json.loads(json.dumps(plan.as_json()))) == plan
    again = Survey.of(convolutional(), pictures(16, np.random.default_rng(1))).plan(0.05)
    assert json.dumps(again.as_json()) == json.dumps(plans[0.05].as_json())
    plan = plans[0.0]
    with pytest.raises(ConfigError, match="no map 'relu9'"):
        plan["relu9"]


def test_broken_plans_are_refused(plans: dict[float, CodingPlan]) -> None:
    good = plans[0.3].as_json()

    def broken(**parts: object) -> None:
        with pytest.raises(ConfigError, match=r"plan|choice|table|transform|code|block"):
            CodingPlan.from_json({**json.loads(json.dumps(good)), **parts}, "p.json")

    one = good["maps"][0]
    broken(codec_plan=2)
    broken(tables=["00"])
    broken(tables=[])
    broken(maps=[{**one, "coder": "zip"}])
    broken(maps=[{**one, "shape": [1, 2]}])
    broken(maps=[{**one, "shape": [1, 2, 2.5]}])
    broken(maps=[{**one, "mode": "lossless"}])
    broken(maps=[{**one, "table_set": 9}])
    broken(maps=[{**one, "block": [9, 9, 9]}])
    broken(maps=[{**one, "transform": {**one["transform"], "spatial": "dct"}}])
    broken(maps=[{**one, "extra": 1}])
    broken(maps=3)
    with pytest.raises(ConfigError, match="no codec plan"):
        CodingPlan.from_json([])


def test_maps_of_other_shapes_are_refused(plans: dict[float, CodingPlan]) -> None:
    plan = plans[0.0]
    with pytest.raises(ConfigError, match="not 12x12x10"):
        plan["relu0"].encode(np.zeros((2, 2, 2), np.int64), plan.tables[0])


def test_noise_is_stored_raw(rng: np.random.Generator) -> None:
    values = rng.integers(0, 64, (12, 12, 10))
    choice = MapCoding("x", "x", (12, 12, 10), 6, False, "raw")
    coded = choice.encode(values, Tables.generic())
    assert coded.modes == {"raw": coded.grid.blocks, "zero": 0, "coded": 0}
    assert encode(values, choice.grid, choice.format(Tables.generic())).data == coded.data
