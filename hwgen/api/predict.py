# SPDX-License-Identifier: Apache-2.0
"""Prediction: the integer reference run on floats, in memory or from file to file."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api.emulator import Emulator
from hwgen.api.folder import BuildFolder
from hwgen.api.results import VerbResult
from hwgen.api.samples import Floats, Moved, as_table, read_data, scaled, to_codes, values_of
from hwgen.errors import ConfigError
from hwgen.files import npz_bytes, write_files
from hwgen.ir.graph import Graph
from hwgen.ops.reference import Reference
from hwgen.verify.emulation import emulator_of


def predict(
    graph: Graph | Path | str, x: Any, apply_scaler: bool = False, allow_changed: bool = False
) -> Any:
    """Run the integer reference on floats; floats come out.

    Args:
        graph: a graph, or a folder that `build` wrote.
        x: one array ``(samples, *shape)``, or a table by input name.
        apply_scaler: *x* is raw; apply the training scaler first.
        allow_changed: go on where RTL or bench were edited; neither takes part here.

    Returns:
        One array, or a table by output name when there are several.

    Warns:
        UserWarning: values lie beyond the range of an input, and were saturated.

    Raises:
        ConfigError: no such folder, or samples that do not fit the inputs.
    """
    made = graph if isinstance(graph, Graph) else BuildFolder.open(Path(graph), allow_changed).graph
    values, moved = _predict(made, x, apply_scaler, "x")
    if moved.saturated:
        warnings.warn(str(moved), stacklevel=2)
    return values if len(values) > 1 else next(iter(values.values()))


def _predict(
    graph: Graph, x: Any, apply_scaler: bool, option: str
) -> tuple[Mapping[str, Floats], Moved]:
    """Return the values by output name, and how many inputs were off the grid."""
    table = as_table(graph, x, option)
    if apply_scaler:
        table = scaled(graph, table, option)
    codes, moved = to_codes(graph, table, option)
    return values_of(graph, Reference(graph).run(codes)), moved


@dataclass(frozen=True, repr=False)
class Prediction(VerbResult):
    """Prediction from file to file.

    Attributes:
        samples: how many.
        moved: input values that were not on the grid, of which some were
        rounded: to a code beside them, and others
        saturated: as they lie beyond the input's range.
        to: file that was written.
    """

    samples: int
    moved: int
    rounded: int
    saturated: int
    to: str

    def text(self) -> str:
        """Return what was written, and a note on inputs that had to be moved."""
        moved = Moved(self.rounded, self.saturated)
        return f"{self.samples} samples -> {self.to}" + (f"\nnote: {moved}" if self.moved else "")


def predict_file(
    out: Path,
    data: Path,
    to: Path,
    apply_scaler: bool = False,
    allow_changed: bool = False,
    emulator: bool = False,
) -> Prediction:
    """Run `predict` from file to file: ``.npy`` for one output, ``.npz`` by name for several.

    With *emulator* the network runs as machine code, compiled once, which gives the same numbers.

    Raises:
        ConfigError: a folder or file that is none, or samples that do not fit.
        ToolMissing, ToolFailed: as `hwgen.emulate`.
    """
    opened = BuildFolder.open(out, allow_changed)
    graph = opened.graph
    names = [output.name for output in graph.outputs]
    if len(names) > 1 and to.suffix != ".npz":
        raise ConfigError(
            f"the outputs {', '.join(names)} do not go into one {to.name}", "--to", "name it y.npz"
        )
    x = read_data(graph, data, "x.npy")
    if emulator:
        compiled = Emulator(graph, emulator_of(graph, opened.design))
        made, moved = compiled.moved(x, apply_scaler, option="x.npy")
    else:
        made, moved = _predict(graph, x, apply_scaler, "x.npy")
    content = io.BytesIO()
    if to.suffix == ".npz":
        content.write(npz_bytes(made))
    else:
        np.save(content, made[names[0]])
    write_files({to: content.getvalue()}, "--to")
    return Prediction(len(made[names[0]]), moved.count, moved.rounded, moved.saturated, str(to))
