# SPDX-License-Identifier: Apache-2.0
"""Facts about the hand-written units in rtl/. A test reads every module header and compares."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Param:
    """A parameter of a unit.

    Attributes:
        name: as in the module.
        least, most: legal range of an ``int`` parameter; None where there is no limit.
        vector: true for a constant vector, whose width depends on other parameters.
    """

    name: str
    least: int | None = None
    most: int | None = None
    vector: bool = False


@dataclass(frozen=True)
class UnitSpec:
    """A hand-written unit.

    Attributes:
        module: its name; the file is named likewise.
        folder: below rtl/.
        params: in the order of the header.
        ports: names in the order of the header.
        uses: modules it instantiates.
        latency: cycles as a function of the parameters; 0 for combinational units.
    """

    module: str
    folder: str
    params: tuple[Param, ...]
    ports: tuple[str, ...]
    uses: tuple[str, ...] = ()
    latency: Callable[[Mapping[str, int]], int] = lambda _: 0

    @property
    def file(self) -> str:
        """Path below rtl/."""
        return f"{self.folder}/{self.module}.sv"


def _one(_: Mapping[str, int]) -> int:
    return 1


def _cycles(params: Mapping[str, int]) -> int:
    return params["Cycles"]


_CLOCKED = ("clk_i", "rst_ni")
_IN, _OUT = ("in_valid_i", "in_ready_o"), ("out_valid_o", "out_ready_i")
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


_BUS = (Param("AddrWidth", 13), Param("DataWidth", 32, 128))


def _axi(channel: str, names: str) -> tuple[str, ...]:
    return tuple(f"m_axi_{channel}{name}" for name in names.split())


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
            Param("InWidth", 1), Param("InSigned", *_FLAG), Param("Shift", 0), Param("OutWidth", 1),
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
        "hwg_axi_read", "dma",
        (*_BUS, Param("BeatsWidth", 1), Param("MaxBurst", 1, 256), Param("Outstanding", 1),
         Param("Depth", 1)),
        (
            *_CLOCKED, "cmd_valid_i", "cmd_ready_o", "cmd_addr_i", "cmd_beats_i", *_OUT,
            "out_data_o", "out_last_o", "out_error_o", "idle_o",
            *_axi("ar", "valid_o ready_i addr_o len_o size_o burst_o"),
            *_axi("r", "valid_i ready_o data_i resp_i last_i"),
        ),
        uses=("hwg_fifo",), latency=_one,
    ),
    UnitSpec(
        "hwg_axi_write", "dma",
        (*_BUS, Param("MaxBurst", 1, 256), Param("Outstanding", 1), Param("Depth", 2)),
        (
            *_CLOCKED, "cmd_valid_i", "cmd_ready_o", "cmd_addr_i", *_IN, "in_data_i", "in_strb_i",
            "in_last_i", "error_o", "idle_o",
            *_axi("aw", "valid_o ready_i addr_o len_o size_o burst_o"),
            *_axi("w", "valid_o ready_i data_o strb_o last_o"),
            *_axi("b", "valid_i ready_o resp_i"),
        ),
        uses=("hwg_fifo",), latency=_one,
    ),
)  # fmt: skip

UNITS: Mapping[str, UnitSpec] = {spec.module: spec for spec in _SPECS}


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
