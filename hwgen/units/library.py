# SPDX-License-Identifier: Apache-2.0
"""Facts about the hand-written units in rtl/. A test reads every module header and compares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hwgen.units.codec import CODEC
from hwgen.units.dma import DMA
from hwgen.units.spec import Param, UnitSpec


def _one(_: Mapping[str, int]) -> int:
    return 1


def _cycles(params: Mapping[str, int]) -> int:
    return params["Cycles"]


_CLOCKED = ("clk_i", "rst_ni")
_IN, _OUT = ("in_valid_i", "in_ready_o"), ("out_valid_o", "out_ready_i")
_BEATS = (
    *_IN, "in_data_i", "in_keep_i", "in_last_i", *_OUT, "out_data_o", "out_keep_o", "out_last_o",
)  # fmt: skip
_WIDTH, _FLAG = Param("Width", 1), (0, 1)
_FRAME = (Param("DataWidth", 8), Param("Container", 8), _WIDTH)
_OPERANDS = (
    Param("AWidth", 1),
    Param("ASigned", *_FLAG),
    Param("BWidth", 1),
    Param("BSigned", *_FLAG),
    Param("OutWidth", 1),
)


def _term(name: str) -> tuple[Param, Param, Param]:
    return Param(f"{name}Width", 1), Param(f"{name}Signed", *_FLAG), Param(f"{name}Shift", 0)


_SPECS = (
    UnitSpec(
        "hwg_delay", "flow", (_WIDTH, Param("Cycles", 0)), ("clk_i", "data_i", "data_o"),
        latency=_cycles,
    ),
    UnitSpec(
        "hwg_valid", "flow", (Param("Cycles", 1),), (*_CLOCKED, "valid_i", "valid_o"),
        latency=_cycles,
    ),
    UnitSpec(
        "hwg_requant", "arith",
        (
            Param("InWidth", 1), Param("InSigned", *_FLAG), Param("Shift", 0),
            Param("Half", *_FLAG), Param("OutWidth", 1),
            Param("SatLo", *_FLAG), Param("SatHi", *_FLAG),
            Param("Lo", vector=True), Param("Hi", vector=True),
        ),
        ("data_i", "data_o"),
    ),
    UnitSpec(
        "hwg_thresh", "arith",
        (
            Param("InWidth", 1), Param("InSigned", *_FLAG), Param("N", 1), Param("OutWidth", 1),
            Param("Thresholds", vector=True), Param("Values", vector=True),
        ),
        ("data_i", "data_o"),
    ),
    UnitSpec(
        "hwg_max", "arith", (*_OPERANDS, Param("Least", *_FLAG)), ("a_i", "b_i", "data_o")
    ),
    UnitSpec("hwg_mul", "arith", _OPERANDS, ("a_i", "b_i", "data_o")),
    UnitSpec(
        "hwg_add3", "arith",
        (
            *_term("A"), *_term("B"), Param("BSub", *_FLAG), *_term("C"), Param("CSub", *_FLAG),
            Param("OutWidth", 1),
        ),
        ("a_i", "b_i", "c_i", "data_o"),
    ),
    UnitSpec(
        "hwg_fifo", "stream", (_WIDTH, Param("Depth", 1)),
        (*_CLOCKED, *_IN, "in_data_i", *_OUT, "out_data_o"), latency=_one,
    ),
    UnitSpec(
        "hwg_fork", "stream", (Param("Sinks", 1),), (*_CLOCKED, *_IN, *_OUT),
    ),
    UnitSpec(
        "hwg_stream_check", "stream", (_WIDTH,), (*_CLOCKED, "valid_i", "ready_i", "data_i")
    ),
    UnitSpec(
        "hwg_flow_buffer", "flow", (_WIDTH, Param("Depth", 1)),
        (
            *_CLOCKED, *_IN, "launch_valid_o", "result_valid_i", "result_data_i", *_OUT,
            "out_data_o",
        ),
        uses=("hwg_fifo",), latency=_one,
    ),
    UnitSpec(
        "hwg_bist", "selftest", (Param("Samples", 1), _WIDTH, Param("Latency", 1)),
        (
            *_CLOCKED, "sample_addr_o", "sample_valid_o", "result_valid_i", "result_data_i",
            "expected_addr_o", "expected_data_i", "pass_o", "fail_o",
        ),
        uses=("hwg_valid",), latency=lambda params: params["Latency"] + 4,
    ),
    UnitSpec(
        "hwg_harness", "selftest", (Param("InWidth", 1), Param("OutWidth", 1)),
        ("clk_i", "serial_i", "serial_o", "data_o", "data_i"), latency=_one,
    ),
    UnitSpec(
        "hwg_axis_unpack", "axi", (*_FRAME, Param("Count", 1)),
        (*_CLOCKED, *_IN, "in_data_i", "in_keep_i", "in_last_i", *_OUT, "out_data_o", "out_bad_o",
         "error_o"),
        latency=_one,
    ),
    UnitSpec(
        "hwg_axis_pack", "axi", (*_FRAME, Param("Signed", *_FLAG), Param("Count", 1)),
        (*_CLOCKED, *_IN, "in_data_i", *_OUT, "out_data_o", "out_keep_o", "out_last_o"),
        latency=_one,
    ),
    UnitSpec(
        "hwg_axis_split", "axi", (Param("DataWidth", 8), Param("Beats", 1)),
        (*_CLOCKED, "enable_i", "many_i", "open_o", "sample_o", *_BEATS),
    ),
    UnitSpec(
        "hwg_axis_join", "axi", (Param("DataWidth", 8),),
        (*_CLOCKED, "batch_i", "sample_o", *_BEATS),
    ),
    UnitSpec(
        "hwg_axil_regs", "axi",
        (
            Param("AddrWidth", 6),
            *(Param(name, vector=True) for name in (
                "Version", "DigestHi", "DigestLo", "Latency", "Interval", "Clock", "Ports"
            )),
        ),
        (
            *_CLOCKED, "aw_valid_i", "aw_ready_o", "aw_addr_i", "w_valid_i", "w_ready_o",
            "w_data_i", "w_strb_i", "b_valid_o", "b_ready_i", "b_resp_o", "ar_valid_i",
            "ar_ready_o", "ar_addr_i", "r_valid_o", "r_ready_i", "r_data_o", "r_resp_o",
            "enable_o", "reset_o", "batch_o", "frame_error_i", "frame_open_i",
            "result_waiting_i", "sample_in_i", "sample_out_i",
        ),
        latency=_one,
    ),
)  # fmt: skip

UNITS: Mapping[str, UnitSpec] = {spec.module: spec for spec in (*_SPECS, *CODEC, *DMA)}


def with_uses(modules: Iterable[str]) -> tuple[UnitSpec, ...]:
    """Return the units and what they instantiate, each after what it uses."""
    order: dict[str, UnitSpec] = {}

    def visit(module: str) -> None:
        for used in UNITS[module].uses:
            visit(used)
        order.setdefault(module, UNITS[module])

    for module in sorted(modules):
        visit(module)
    return tuple(order.values())
