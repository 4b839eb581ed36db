# SPDX-License-Identifier: Apache-2.0
"""Timing of a device family, as far as nodes of the logic need it."""

from __future__ import annotations

from typing import Protocol


class Timing(Protocol):
    """Delays of a device family, in nanoseconds."""

    @property
    def overhead_ns(self) -> float:
        """Clock to output, set-up and clock skew of one register-to-register path."""

    @property
    def adder_operands(self) -> int:
        """Operands of one adder, 2 or 3."""

    @property
    def lut_inputs(self) -> int:
        """Inputs of the largest single look-up table."""

    def adder_ns(self, width: int, operands: int = 2) -> float:
        """Return the delay of a carry-chain adder or comparator, routing included."""

    def logic_ns(self, levels: int) -> float:
        """Return the delay of *levels* look-up tables in a row, routing included."""
