# SPDX-License-Identifier: Apache-2.0
"""FIFOs between two clocks, and the synchronisers of their resets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hwgen.emit.verilog import sv
from tests.rtl.cocotb_bench import planted, simulate

pytestmark = pytest.mark.sim

CLAIMS = (
    "keeps_order_between_any_clocks",
    "keeps_the_rate_of_equal_clocks",
    "forgets_what_was_inside_at_a_reset",
)
WIDTH = 9
FIFOS = ({"Depth": 4, "Stages": 2}, {"Depth": 8, "Stages": 2}, {"Depth": 16, "Stages": 3})


def _bench() -> tuple[str, list[str], list[str]]:
    """Return the top with all FIFOs, its ports, and their names."""
    ports = [sv.PortDecl("input", None, p) for p in ("in_clk_i", "out_clk_i", "rst_ni")]
    ports += [sv.PortDecl("output", None, f"{side}_rst_no") for side in ("in", "out")]
    body, names = [], []
    for side in ("in", "out"):
        wires = [("clk_i", f"{side}_clk_i"), ("rst_ni", "rst_ni"), ("rst_no", f"{side}_rst_no")]
        body += sv.instance("hwg_reset_sync", f"u_{side}_reset", [], wires)
    for i, params in enumerate(FIFOS):
        full = params["Depth"] >= 2 * params["Stages"] + 4
        names.append(f"FIFO {params}" + (", full rate" if full else ""))
        wires = [
            ("in_clk_i", "in_clk_i"), ("in_rst_ni", "in_rst_no"), ("out_clk_i", "out_clk_i"),
            ("out_rst_ni", "out_rst_no"),
        ]  # fmt: skip
        for letter, name, ahead, back in (("s", "in", "input", "output"),
                                          ("m", "out", "output", "input")):  # fmt: skip
            port = f"{letter}{i}"
            ports += [
                sv.PortDecl(ahead, None, f"{port}_valid"),
                sv.PortDecl(back, None, f"{port}_ready"),
                sv.PortDecl(ahead, WIDTH, f"{port}_data"),
            ]
            wires += [
                (f"{name}_valid_{ahead[0]}", f"{port}_valid"),
                (f"{name}_ready_{back[0]}", f"{port}_ready"),
                (f"{name}_data_{ahead[0]}", f"{port}_data"),
            ]
        given = [("Width", str(WIDTH)), *((k, str(v)) for k, v in params.items())]
        body += sv.instance("hwg_cdc_fifo", f"u_fifo{i}", given, wires)
    text = sv.file(["test bench"], sv.module("tb", ports, body))
    return text, [port.name for port in ports], names


def _simulate(
    folder: Path, seed: int, ratio: int, edit: Callable[[Path], None] | None = None
) -> set[str]:
    text, ports, names = _bench()
    facts = {"seed": seed, "width": WIDTH, "channels": names, "ratio": ratio}
    modules = ["hwg_cdc_fifo", "hwg_reset_sync"]
    return simulate(folder, "bench_cdc", text, ports, modules, facts, CLAIMS, edit)


def test_words_cross_from_a_slow_clock(tmp_path: Path, seed: int) -> None:
    assert _simulate(tmp_path, seed, 2) == set()


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [0, 1, 3])
def test_words_cross_between_any_clocks(ratio: int, tmp_path: Path, seed: int) -> None:
    assert _simulate(tmp_path, seed, ratio) == set()


FAULTS = (
    ("hwg_cdc_fifo", "in_next ^ (in_next >> 1)", "in_next", CLAIMS[0]),
    ("hwg_cdc_fifo", "COUNT_WIDTH'(3) << (COUNT_WIDTH - 2)", "COUNT_WIDTH'(1) << (COUNT_WIDTH - 1)",
     CLAIMS[0]),
    ("hwg_cdc_fifo", "out_count_q <= '0;", "out_count_q <= out_count_q;", CLAIMS[2]),
    ("hwg_reset_sync", "release_q <= '0;", "release_q <= '1;", CLAIMS[2]),
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("module", "good", "bad", "claim"), FAULTS)
def test_a_fault_is_found(
    module: str, good: str, bad: str, claim: str, tmp_path: Path, seed: int
) -> None:
    assert claim in _simulate(tmp_path, seed, 1, planted(module, good, bad))
