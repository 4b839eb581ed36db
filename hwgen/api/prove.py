# SPDX-License-Identifier: Apache-2.0
"""Proof of a build: the generated Verilog, read back, computes the model's graph at every input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwgen.api.folder import BuildFolder
from hwgen.api.guard import at_work
from hwgen.api.results import VerbResult, record
from hwgen.design.types import Design
from hwgen.errors import Unproven, count_of
from hwgen.progress import Progress, silent
from hwgen.verify.prove.design import Claims, Found, prove_flow

SHOWN = 8  # problems that are told; the count of the others
# Of a style without a proof of the whole: what stands for it.
_HELD = {
    "serial": "the logic between its layers against the reference in every build, its units and "
    "their timing in simulation",
    "stream": "the adder graphs of its stages against the reference in every build, its units and "
    "their handshakes in simulation, FIFOs and buffers by bounded model checking",
}


@dataclass(frozen=True, repr=False)
class Proof(VerbResult):
    """Proof of a build, or what stands in its way.

    Attributes:
        proven: whether every output is the graph's at every input.
        problems: why it is not; empty where it is.
        top: module that was read back.
        outputs: elements that were found equal.
        layers: modules of layers that were followed.
        wires: whose exact interval was recomputed, and fits.
        values: numbers at which functions were compared.
        units: instances of hand-written units, by module.
        whole: what a small design was compared by from ports to ports; empty of a larger one.
        outside: what the proof says nothing of.
    """

    proven: bool
    problems: tuple[str, ...]
    top: str
    outputs: int = 0
    layers: int = 0
    wires: int = 0
    values: int = 0
    units: tuple[tuple[str, int], ...] = ()
    whole: str = ""
    outside: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain data."""
        plain = {k: v for k, v in vars(self).items() if k not in ("problems", "units", "outside")}
        lists = {"problems": list(self.problems), "outside": list(self.outside)}
        return {**plain, "units": dict(self.units), **lists}

    def text(self) -> str:
        """Return the verdict, with what was proven and how."""
        if not self.proven:
            more = len(self.problems) - SHOWN
            rest = [f"and {count_of(more, 'other')}"] if more > 0 else []
            told = [*self.problems[:SHOWN], *rest]
            return "\n".join([f"{self.top} is not proven", *(f"  {line}" for line in told)])
        units = ", ".join(f"{count} {name}" for name, count in self.units) or "none"
        lines = [
            f"proven: {self.top} equals the model's integer graph at every input "
            f"({count_of(self.outputs, 'output element')}, latency included)",
            f"  {count_of(self.layers, 'layer')} read back with slang; "
            f"{count_of(self.wires, 'wire')} with exact linear forms and intervals, none overflows",
            f"  functions compared at {self.values:,} values; units: {units}",
            *([f"  from ports to ports: {self.whole}"] if self.whole else []),
        ]
        return "\n".join([*lines, *(f"  outside the proof: {what}" for what in self.outside)])


def prove(out: Path | str, *, allow_changed: bool = False, progress: Progress = silent) -> Proof:
    """Prove that the Verilog of a build computes its graph, at every input.

    The text is read back with slang. Every sum is followed as a linear form over the layer's inputs
    and compared with kernel and bias; rounding, thresholds and tables are computed at every value
    that can reach them.

    Args:
        out: folder of the build.
        allow_changed: go on where the RTL was edited, which is the point of many proofs.
        progress: called with every step.

    Raises:
        ConfigError: it is no build, or a file in it was changed.
        Unproven: it is not proven; the error carries the verdict, and names what differs or
            what cannot be followed.
        ToolMissing, ToolFailed: slang or z3 is absent, or refuses the text.
    """
    opened = BuildFolder.open(Path(out), allow_changed)
    design = opened.design
    if design.style != "parallel":
        told = (
            f"there is no proof of a whole design in the {design.style} style yet",
            f"held otherwise: {_HELD[design.style]}",
        )
        proof = Proof(False, told, f"hwg_{design.name}")
        hint = (
            f"hwgen sim {opened.folder} compares it with the reference, sample by sample; "
            "hwgen build --style parallel makes one that can be proven"
        )
        raise _refused(proof, opened, hint)
    found = prove_flow(opened.folder / "rtl", opened.graph, _claims(design), progress)
    proof = _proof(design, found)
    with at_work(opened.folder, "hwgen verify"):
        record(opened.folder, "proof", proof.as_dict())
    if not proof.proven:
        hint = f"hwgen sim {opened.folder} looks for a sample that shows it"
        raise _refused(proof, opened, hint)
    return proof


def _refused(proof: Proof, opened: BuildFolder, hint: str) -> Unproven:
    """Return the error of a proof that failed; the verdict that it carries tells why."""
    told = f"{proof.top} is not proven, for {count_of(len(proof.problems), 'reason')}"
    return Unproven(told, str(opened.folder), hint).carrying(proof)


def _claims(design: Design) -> Claims:
    layers = {
        layer.link: tuple((f.label, f.width) for f in design.link(layer.link).fields)
        for layer in design.pipeline.layers
    }
    ports = [
        {port.name: (port.fixed.width, port.fixed.signed) for port in some}
        for some in (design.inputs, design.outputs)
    ]
    return Claims(f"hwg_{design.name}", ports[0], ports[1], layers, design.latency)


def _proof(design: Design, found: Found) -> Proof:
    outside = (f"hwg_{design.name}_axis, the frames around the core; hwgen sim tests it",)
    return Proof(
        not found.problems,
        tuple(found.problems),
        f"hwg_{design.name}",
        found.elements,
        found.layers,
        found.wires,
        found.values,
        tuple(sorted(found.units.items())),
        found.whole.how if found.whole else "",
        outside,
    )
