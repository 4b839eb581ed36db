# SPDX-License-Identifier: Apache-2.0
"""Timing constraints of clock crossings, for the tools that read XDC or SDC.

A count in Gray code may pass to another clock only if its bits arrive less than a cycle apart, so
the paths between both clocks get a greatest delay instead of being declared false: the period of
the faster clock, which holds for any phase between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_PATHS = (  # from register, to register, of hwg_cdc_fifo
    ("in_gray_q", "in_meet_q"),
    ("out_gray_q", "out_meet_q"),
)


@dataclass(frozen=True)
class Crossing:
    """Instance of ``hwg_cdc_fifo``, or of ``hwg_reset_sync`` where a period is None.

    Attributes:
        instance: its name in the hierarchy, such as ``u_core/u_in_fifo``.
        in_period: of the clock that writes, in nanoseconds.
        out_period: of the clock that reads, in nanoseconds.
    """

    instance: str
    in_period: float | None = None
    out_period: float | None = None

    @property
    def period(self) -> float | None:
        """Period of the faster clock, in nanoseconds; None for a reset."""
        if self.in_period is None or self.out_period is None:
            return None
        return min(self.in_period, self.out_period)


def xdc(crossings: Sequence[Crossing]) -> str:
    """Return constraints for Vivado."""
    lines = ["# Clock crossings: counts in Gray code, and releases of resets."]
    for one in crossings:
        at = f"-hierarchical -filter {{NAME =~ *{one.instance}/"
        if one.period is None:
            pins = f"get_pins {at}release_q_reg[*]/CLR}}"
            lines.append(f"set_false_path -to [{pins}]")
            continue
        limit = f"{one.period:.3f}"
        for start, end in _PATHS:
            lines.append(
                f"set_max_delay -datapath_only -from [get_cells {at}{start}_reg[*]}}] "
                f"-to [get_cells {at}{end}_reg[*]}}] {limit}"
            )
        lines.append(f"set_max_delay -datapath_only -from [get_cells {at}mem_q_reg*}}] {limit}")
    return "\n".join([*lines, ""])


def sdc(crossings: Sequence[Crossing]) -> str:
    """Return constraints for tools that read SDC with register names, such as Quartus."""
    lines = ["# Clock crossings: counts in Gray code, and releases of resets."]
    for one in crossings:
        at = f"*{one.instance.replace('/', '|')}|"
        if one.period is None:
            lines.append(f"set_false_path -to [get_registers {{{at}release_q[*]}}]")
            continue
        for start, end in _PATHS:
            ends = f"-from [get_registers {{{at}{start}[*]}}] -to [get_registers {{{at}{end}[*]}}]"
            lines += [
                f"set_max_delay {ends} {one.period:.3f}",
                f"set_min_delay {ends} {-one.period:.3f}",
                f"set_max_skew {ends} {one.period:.3f}",
            ]
        lines.append(f"set_max_delay -from [get_registers {{{at}mem_q*}}] {one.period:.3f}")
    return "\n".join([*lines, ""])
