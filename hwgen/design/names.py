# SPDX-License-Identifier: Apache-2.0
"""Names in a design: links, which the design holds, and the modules that printers make of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hwgen.design.types import Design
from hwgen.ir.names import Names
from hwgen.units.library import unit_files


@dataclass(frozen=True)
class LinkNames:
    """Legal and unique names of the links of a design with one pipeline.

    Inputs keep their names, as the caller knows them; a layer of the same name gives way.

    Attributes:
        outputs: link of every output port, by the port's name.
        layers: link of every layer, by the layer's name.
    """

    outputs: dict[str, str]
    layers: dict[str, str]

    @classmethod
    def of(
        cls, inputs: Sequence[str], outputs: Sequence[str], layers: Sequence[str] = ()
    ) -> LinkNames:
        """Name the links of ports and layers."""
        names = Names(inputs)
        names.take("valid")  # travels beside the data
        leaving = {port: names.take(f"{port}_result") for port in outputs}
        return cls(leaving, {layer: names.take(layer) for layer in layers})


@dataclass(frozen=True)
class ModuleNames:
    """Names of the modules of a design: ``hwg_jet``, ``hwg_jet_fc1``, ``hwg_jet_axis``.

    Attributes:
        top: the core.
        axis: the core behind AXI-Stream.
        package: the constants.
        layers: module of every layer of a pipeline, by the name of its link.
        kind: of the links of the core, ``flow`` or ``stream``.
        cdc: the AXI-Stream top with a clock of its own for AXI; empty where there is one clock.
    """

    top: str
    axis: str
    package: str
    layers: dict[str, str]
    kind: str = "flow"
    cdc: str = ""

    @classmethod
    def of(cls, design: Design) -> ModuleNames:
        """Name the modules; no hand-written unit is shadowed."""
        modules = Names(unit_files())
        top = "hwg_" + modules.take(design.name, "hwg_")
        crossed = design.axi_mhz is not None
        for suffix in ("axis", "pkg", *(("cdc",) if crossed else ())):
            modules.take(suffix, f"{top}_")
        layers = {
            layer.link: f"{top}_{modules.take(layer.link, f'{top}_')}" for layer in design.layers
        }
        kind = "stream" if design.style == "stream" else "flow"
        cdc = f"{top}_cdc" if crossed else ""
        return cls(top, f"{top}_axis", f"{top}_pkg", layers, kind, cdc)

    @property
    def tops(self) -> dict[str, str]:
        """The modules that a user instantiates: ``flow`` or ``stream``, ``axis``, maybe ``cdc``."""
        return {self.kind: self.top, "axis": self.axis, **({"cdc": self.cdc} if self.cdc else {})}
