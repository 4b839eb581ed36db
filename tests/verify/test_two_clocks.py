# SPDX-License-Identifier: Apache-2.0
"""AXI ports on a clock of their own: what is passed, what is found, what the settings refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import hwgen
from hwgen.api.synth import synth
from hwgen.design.serial import read_design
from hwgen.errors import ConfigError, DoesNotFit, HwgenError
from hwgen.ir.graph import Graph
from hwgen.ops.reference import run_reference
from hwgen.verify.simulate import CROSSED_CLAIMS, BenchSettings, SimResult, simulate
from hwgen.verify.vectors import Vectors, corner_vectors, join, random_vectors
from tests.plan.test_stream_heads import network
from tests.verify.conftest import small_net, two_ways

STYLES: dict[str, dict[str, Any]] = {
    "parallel": {"style": "parallel"},
    "serial": {"style": "serial", "interval": 4},
    "stream": {"style": "stream", "interval": 60},
}


def built(graph: Graph, out: Path, style: str, axi: str = "100MHz") -> hwgen.Build:
    asked = {"board": "pynq_z2", "effort": 0, "clock": "150MHz", "axi_clock": axi}
    return hwgen.build(graph, out, **asked, **STYLES[style])


def vectors_of(graph: Graph, samples: int) -> Vectors:
    types = {node.name: node.type for node in graph.inputs}
    made = join([corner_vectors(types, 8), random_vectors(types, samples, 3)])
    return made.with_outputs(run_reference(graph, made.inputs))


def crossed(graph: Graph, out: Path, seed: int = 1) -> SimResult:
    return simulate(out, vectors_of(graph, 24), BenchSettings(seed=seed, tests=CROSSED_CLAIMS))


@pytest.mark.sim
def test_two_inputs_and_outputs_cross(tmp_path: Path, seed: int) -> None:
    graph = two_ways()
    built(graph, tmp_path / "out", "parallel", "61MHz")
    found = crossed(graph, tmp_path / "out", seed)
    assert set(found.claims) == set(CROSSED_CLAIMS)
    assert min(found.claims.values()) >= 16


@pytest.mark.sim
@pytest.mark.ci
@pytest.mark.parametrize(("style", "axi"), [("serial", "37MHz"), ("stream", "100MHz")])
def test_other_styles_cross(style: str, axi: str, tmp_path: Path, seed: int) -> None:
    graph = network("logits") if style == "stream" else small_net()
    built(graph, tmp_path / "out", style, axi)
    assert set(crossed(graph, tmp_path / "out", seed).claims) == set(CROSSED_CLAIMS)


@pytest.mark.sim
@pytest.mark.ci
def test_inputs_out_of_step_cross_in_the_stream_style(tmp_path: Path, seed: int) -> None:
    graph = two_ways()
    made = built(graph, tmp_path / "out", "stream", "83MHz")
    assert len(made.design.inputs) == len(made.design.outputs) == 2
    claims = (*CROSSED_CLAIMS, "axis_holds_data_while_stalled")
    settings = BenchSettings(seed=seed, tests=claims)
    assert set(simulate(tmp_path / "out", vectors_of(graph, 24), settings).claims) == set(claims)


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("axi", ["150MHz", "199MHz", "12MHz"])
def test_any_ratio_crosses(style: str, axi: str, tmp_path: Path, seed: int) -> None:
    graph = network("logits") if style == "stream" else two_ways()
    built(graph, tmp_path / "out", style, axi)
    crossed(graph, tmp_path / "out", seed)


FAULTS = {
    "a core that is not reset": ("hwg_cnn_cdc.sv", ".aresetn      (core_rst_n)",
        ".aresetn      (1'b1)"),
    "beats taken in reset": ("units/hwg_axis_cross.sv", "room & in_rst_ni", "1'b1"),
    "a crossing without its end": ("units/hwg_axis_cross.sv", "{in_last_i,", "{1'b0,"),
    "an error that is not told": ("hwg_cnn_cdc.sv", ".in_i  (core_frame_error)", ".in_i  (1'b0)"),
    "a count off by one": ("units/hwg_cdc_fifo.sv", "out_next ^ (out_next >> 1)",
        "(out_next + 1'b1) ^ ((out_next + 1'b1) >> 1)"),
}  # fmt: skip


@pytest.mark.sim
@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found(fault: str, tmp_path: Path, seed: int) -> None:
    graph, (file, good, bad) = network("logits"), FAULTS[fault]
    built(graph, tmp_path / "out", "stream")
    path = tmp_path / "out" / "rtl" / file
    text = path.read_text()
    assert text.count(good) == 1
    path.write_text(text.replace(good, bad))
    with pytest.raises(HwgenError) as caught:
        crossed(graph, tmp_path / "out", seed)
    assert type(caught.value).__name__ in ("Mismatch", "ProtocolViolation")


@pytest.mark.parametrize("style", STYLES)
def test_the_clock_comes_back(style: str, tmp_path: Path) -> None:
    graph = network("logits") if style == "stream" else small_net()
    first = built(graph, tmp_path / "one", style)
    assert first.design.axi_mhz == 100
    assert read_design(tmp_path / "one") == first.design
    config = tmp_path / "one" / "config.toml"
    again = hwgen.build(graph, tmp_path / "two", config=config)
    assert again.files == first.files
    other = hwgen.build(graph, config=config, axi_clock="120MHz")
    assert other.design.axi_mhz == 120
    assert "clock of their own, 100 MHz" in first.text()
    names = [path for path in first.files.paths if path.endswith("_cdc.sv")]
    assert len(names) == 1
    plain = hwgen.build(graph, board="pynq_z2", effort=0, clock="150MHz", **STYLES[style])
    assert not [path for path in plain.files.paths if "_cdc" in path or "clocks" in path]


def test_a_top_of_two_clocks_is_not_routed(tmp_path: Path) -> None:
    built(small_net(), tmp_path / "out", "parallel")
    with pytest.raises(ConfigError, match="the harness has one clock"):
        synth(tmp_path / "out", top="cdc", route=True)
    hwgen.build(small_net(), tmp_path / "plain", board="pynq_z2", effort=0)
    with pytest.raises(ConfigError, match="no top 'cdc'"):
        synth(tmp_path / "plain", top="cdc")


def test_a_clock_that_a_board_has_not_is_refused() -> None:
    with pytest.raises(DoesNotFit) as far:
        built(small_net(), Path("unused"), "parallel", "5GHz")
    assert (far.value.where, "at most at" in far.value.what) == ("--axi-clock", True)
    with pytest.raises(ConfigError, match="no clock") as wrong:
        built(small_net(), Path("unused"), "parallel", "quick")
    assert wrong.value.where == "--axi-clock"
    with pytest.raises(ConfigError, match="no unit"):
        hwgen.build(small_net(), board="pynq_z2", axi_clock=100)
