# SPDX-License-Identifier: Apache-2.0
"""Registers that a user asks for on every link between layers.

A large AMD part is several dies (super logic regions). A wire from one to the next takes most of a
clock period, so that it wants registers at its ends. Cycles that they take count as latency.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LinkRegisters:
    """Registers on links between layers.

    Attributes:
        count: registers of each link, in series.
        inner: names of the inputs by which a result of another layer enters; the links of other
            inputs begin at the network's rim and have none.
    """

    count: int = 0
    inner: tuple[str, ...] = ()

    def between(self, source: str, port: bool, reader: str) -> int:
        """Return the registers between a value and its reader.

        Args:
            source: the layer that makes the value, or the input that it enters by.
            port: whether *source* is an input.
            reader: the layer that reads it.
        """
        crosses = source in self.inner if port else bool(source) and source != reader
        return self.count if crosses else 0


NO_REGISTERS = LinkRegisters()
