# SPDX-License-Identifier: Apache-2.0
"""Integer graph of a model, printed or written as a bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hwgen.api.load import load
from hwgen.api.results import VerbResult
from hwgen.errors import count_of
from hwgen.frontends.bundle import write_bundle
from hwgen.frontends.options import Options
from hwgen.ir.graph import Graph


@dataclass(frozen=True, repr=False)
class Shown(VerbResult):
    """Graph of a model, one line a node."""

    graph: Graph

    def as_dict(self) -> dict[str, object]:
        """Return the lines and the notes."""
        graph = self.graph
        return {"graph": graph.name, "nodes": list(graph.lines()), "notes": list(graph.notes)}

    def text(self) -> str:
        """Return the lines and the notes."""
        return "\n".join([self.graph.show(), *(f"note: {note}" for note in self.graph.notes)])


@dataclass(frozen=True, repr=False)
class Loaded(VerbResult):
    """Graph of a model, and the bundle that it was written to (None without one)."""

    graph: Graph
    out: Path | None

    def as_dict(self) -> dict[str, object]:
        """Return the number of nodes and the notes."""
        graph = self.graph
        out = {} if self.out is None else {"out": str(self.out)}
        return {
            "graph": graph.name, "nodes": len(graph.nodes), "notes": list(graph.notes), **out,
        }  # fmt: skip

    def text(self) -> str:
        """Return the number of nodes, the notes, and the files."""
        lines = [f"{self.graph.name}: {count_of(len(self.graph.nodes), 'node')}"]
        lines += [f"note: {note}" for note in self.graph.notes]
        if self.out is not None:
            lines.append(f"written: {self.out} and {self.out.with_suffix('.npz').name}")
        return "\n".join(lines)


def show(
    model: Path | str, weights: Path | str | None = None, options: Options | None = None
) -> Shown:
    """Return the integer graph of a model for people.

    Raises: as `hwgen.api.load.load`.
    """
    return Shown(load(model, weights, options))


def load_to(
    model: Path | str,
    weights: Path | str | None = None,
    options: Options | None = None,
    out: Path | None = None,
) -> Loaded:
    """Load a model, and write it as a bundle if *out* is given.

    Raises: as `hwgen.api.load.load` and `hwgen.frontends.bundle.write_bundle`.
    """
    graph = load(model, weights, options)
    if out is not None:
        write_bundle((graph, out))
    return Loaded(graph, out)
