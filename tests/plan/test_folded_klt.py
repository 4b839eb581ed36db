# SPDX-License-Identifier: Apache-2.0
"""A KLT over all channels as networks: what the transform computes, in numpy and in RTL."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from hwgen.api.codec_files import write_klt
from hwgen.cli import run
from hwgen.codec.block_scan import folded
from hwgen.codec.plan import CodingPlan
from hwgen.codec.transform import Quantiser, Spatial, Transform, klt
from hwgen.errors import ConfigError
from hwgen.ir.tensor import Codes
from hwgen.ops.reference import run_reference
from hwgen.plan.coding.calibrate import paper
from hwgen.plan.coding.folded_klt import klt_graphs
from tests.codec.networks import convolutional, pictures


def transform_of(values: Codes, lo: int, hi: int, down: int = 0) -> Transform:
    """Return a KLT over all channels, of values of shape (samples, channels)."""
    count = values.shape[1]
    small = np.clip(values + (1 << down >> 1) >> down, -(1 << 15), (1 << 15) - 1)
    order, matrices, means = klt(small, count)
    return Transform(
        count, 10, True, Quantiser.of(50.0, Spatial.ICT4), Spatial.ICT4, down, count,
        order, matrices, means, lo, hi,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "lo", "hi", "down"),
    [
        (3, 0, 63, 0),
        (12, -(1 << 15), 32767, 0),
        (5, -(1 << 18), (1 << 18) - 1, 3),
        (2, -40000, 7, 0),
    ],
)
def test_networks_are_the_transform(
    count: int, lo: int, hi: int, down: int, rng: np.random.Generator
) -> None:
    sample = np.clip(rng.normal(0, (hi - lo) / 8, (500, count)).cumsum(1), lo, hi).astype(np.int64)
    transform = transform_of(sample, lo, hi, down)
    map_ = rng.integers(lo, hi + 1, (9, 7, count))
    map_[0] = rng.choice([lo, hi], (7, count))  # corners of the range, where sums saturate
    forward, inverse = klt_graphs(transform)
    mixed = run_reference(forward, {"x": map_.reshape(-1, count)})["y"].reshape(map_.shape)
    rest = folded(transform)
    assert np.array_equal(rest.forward(mixed), transform.forward(map_))
    words = rng.integers(-(1 << 15), 1 << 15, (200, count))
    words[:50] = rng.choice([-(1 << 15), (1 << 15) - 1], (50, count))
    back = run_reference(inverse, {"x": words})["y"]
    assert np.array_equal(back, transform.unmixed(words[:, None])[:, 0])
    assert back.min() >= lo
    assert back.max() <= hi


def word(*words: object) -> None:
    assert run([str(word) for word in words]) == 0


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the paper's coder of a network with two maps, of 10 and of 8 channels."""
    made = paper(convolutional(channels=(10, 8)), pictures(8, np.random.default_rng(1)), 6.0)
    file = tmp_path_factory.mktemp("plan") / "plan.json"
    file.write_text(json.dumps(made.as_json()))
    return file


@pytest.mark.ci
@pytest.mark.sim
def test_a_map_goes_through_hardware(
    plan: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    word("codec", "klt", plan, "--map", "relu0", "-o", tmp_path / "mix")
    assert "10 x 10, of map relu0 (codes of conv0)" in capsys.readouterr().out
    for side in ("forward", "inverse"):
        given = ("-b", "vcu118", "--clock", "200MHz", "-o", tmp_path / side)
        word("build", tmp_path / f"mix_{side}.json", *given)
        word("sim", tmp_path / side)  # fails where a value differs


def test_other_maps_are_refused(plan: Path, tmp_path: Path) -> None:
    # Eight channels are one group: the engine does that KLT itself.
    with pytest.raises(ConfigError, match="no KLT over all channels"):
        write_klt(plan, tmp_path / "o", "relu1")
    with pytest.raises(ConfigError, match="no map 'relu7'"):
        write_klt(plan, tmp_path / "o", "relu7")
    two = paper(convolutional(), pictures(8, np.random.default_rng(1)), 6.0)
    (tmp_path / "two.json").write_text(json.dumps(two.as_json()))
    with pytest.raises(ConfigError, match="which map of the plan"):
        write_klt(tmp_path / "two.json", tmp_path / "o")
    none = CodingPlan.from_json(json.loads(plan.read_text()))
    (only,) = [c for c in none.choices if c.name == "relu1"]
    assert only.transform is not None
    with pytest.raises(ConfigError, match="no KLT over all channels"):
        klt_graphs(only.transform)
    assert [file.name for file in tmp_path.iterdir()] == ["two.json"]
