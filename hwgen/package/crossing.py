# SPDX-License-Identifier: Apache-2.0
"""Timing constraints of clock crossings, in the languages of the vendors' tools.

A count in Gray code may pass to another clock only if its bits arrive less than a cycle apart, so
the paths between both clocks get a greatest delay instead of being declared false: the period of
the faster clock, which holds for any phase between them. A level of one bit and the release of a
reset may take any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

FIFO, RESET, LEVEL = "hwg_cdc_fifo", "hwg_reset_sync", "hwg_level_sync"
_PATHS = (  # from register, to register, of hwg_cdc_fifo
    ("in_gray_q", "in_meet_q"),
    ("out_gray_q", "out_meet_q"),
)
_RESETS = ("u_a_seen", "u_b_seen", "u_a_release", "u_b_release")  # of hwg_reset_pair
_HEAD = "Clock crossings: counts in Gray code, levels, and releases of resets."


@dataclass(frozen=True)
class Crossing:
    """Instance of a unit in which a path leads from one clock to another.

    Attributes:
        instance: its name in the hierarchy, such as ``u_core/u_in_fifo``.
        in_period: of the clock that writes, in nanoseconds; of ``hwg_cdc_fifo`` alone.
        out_period: of the clock that reads, in nanoseconds; likewise.
        unit: ``hwg_cdc_fifo``, ``hwg_reset_sync`` or ``hwg_level_sync``.
    """

    instance: str
    in_period: float | None = None
    out_period: float | None = None
    unit: str = FIFO

    @property
    def limit(self) -> str:
        """Period of the faster clock, in nanoseconds."""
        assert self.in_period is not None, f"{self.instance} has no clocks"
        assert self.out_period is not None, f"{self.instance} has no clocks"
        return f"{min(self.in_period, self.out_period):.3f}"


def reset_pair(instance: str) -> tuple[Crossing, ...]:
    """Return the crossings in an instance of ``hwg_reset_pair``."""
    return tuple(Crossing(f"{instance}/{name}", unit=RESET) for name in _RESETS)


def xdc(crossings: Sequence[Crossing]) -> str:
    """Return constraints for Vivado."""
    lines = [f"# {_HEAD}"]
    for one in crossings:
        at = f"-hierarchical -filter {{NAME =~ *{one.instance}/"
        if one.unit != FIFO:
            end = "release_q_reg[*]/CLR" if one.unit == RESET else "meet_q_reg[0]/D"
            lines.append(f"set_false_path -to [get_pins {at}{end}}}]")
            continue
        for start, end in _PATHS:
            lines.append(
                f"set_max_delay -datapath_only -from [get_cells {at}{start}_reg[*]}}] "
                f"-to [get_cells {at}{end}_reg[*]}}] {one.limit}"
            )
        lines.append(f"set_max_delay -datapath_only -from [get_cells {at}mem_q_reg*}}] {one.limit}")
    return "\n".join([*lines, ""])


def sdc(crossings: Sequence[Crossing], registers: str = "get_registers", skew: bool = True) -> str:
    """Return constraints for tools that read SDC with names of registers.

    Args:
        crossings: to constrain.
        registers: command that finds registers: ``get_registers`` of Quartus, ``get_regs`` of
            Gowin, ``get_cells`` of Radiant.
        skew: the tool has ``set_max_skew``.
    """
    lines = [f"# {_HEAD}"]
    for one in crossings:
        join = "|" if registers == "get_registers" else "/"
        at = f"*{one.instance.replace('/', join)}{join}"
        if one.unit != FIFO:
            end = "release_q[*]" if one.unit == RESET else "meet_q[0]"
            lines.append(f"set_false_path -to [{registers} {{{at}{end}}}]")
            continue
        for start, end in _PATHS:
            ends = f"-from [{registers} {{{at}{start}[*]}}] -to [{registers} {{{at}{end}[*]}}]"
            lines.append(f"set_max_delay {ends} {one.limit}")
            lines.append(f"set_min_delay {ends} -{one.limit}")
            lines += [f"set_max_skew {ends} {one.limit}"] if skew else []
        lines.append(f"set_max_delay -from [{registers} {{{at}mem_q*}}] {one.limit}")
    return "\n".join([*lines, ""])


def lpf(crossings: Sequence[Crossing]) -> str:
    """Return preferences for Diamond."""
    lines = [f"# {_HEAD}"]
    for one in crossings:
        at = f"*{one.instance}/"
        if one.unit != FIFO:
            end = "release_q*" if one.unit == RESET else "meet_q*0*"
            lines.append(f'BLOCK PATH TO CELL "{at}{end}";')
            continue
        for start, end in _PATHS:
            lines.append(f'MAXDELAY FROM CELL "{at}{start}*" TO CELL "{at}{end}*" {one.limit} NS;')
        lines.append(f'MAXDELAY FROM CELL "{at}mem_q*" {one.limit} NS;')
    return "\n".join([*lines, ""])
