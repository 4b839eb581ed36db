# SPDX-License-Identifier: Apache-2.0
"""A build folder opened again: its graph, float data on the input grids, and prediction."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.emit.files import npz_bytes
from hwgen.emit.loose import write_files
from hwgen.errors import ConfigError
from hwgen.frontends.bundle import load_bundle
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.ops.serial import digest
from hwgen.verify.reference import Reference


@dataclass(frozen=True)
class Output:
    """A build folder opened again."""

    folder: Path
    graph: Graph
    design: dict[str, Any]

    @classmethod
    def open(cls, folder: Path) -> Output:
        """Read a folder that `build` wrote.

        Raises:
            ConfigError: it is none, or its parts do not belong together.
        """
        hint = "build it again with: hwgen build MODEL -b BOARD -o OUT"
        try:
            manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
            design = json.loads((folder / "design.json").read_text("utf-8"))
            known = manifest["files"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"this is no folder that hwgen built ({error})", str(folder), hint
            ) from error
        graph = load_bundle(folder / "model" / "graph.json")
        if design.get("model") != digest(graph) or "model/graph.json" not in known:
            raise ConfigError("design.json and model/ do not belong together", str(folder), hint)
        return cls(folder, graph, design)


def to_codes(graph: Graph, data: Mapping[str, Any]) -> tuple[dict[str, Codes], int]:
    """Return float samples on the input grids, and how many values had to be moved there.

    Values are rounded half to even and saturated, as the input's quantizer does.

    Raises:
        ConfigError: an input is missing, has another shape, or holds NaN.
    """
    codes, moved = {}, 0
    for node in graph.inputs:
        if node.name not in data:
            raise ConfigError(f"no data for input {node.name!r}", "--data", "give one array an input")
        values = np.asarray(data[node.name])
        if values.dtype.kind not in "fiu" or not np.all(np.isfinite(values)):
            raise ConfigError(f"input {node.name!r} needs finite numbers", "--data")
        if values.shape[1:] != node.type.shape or not len(values):
            raise ConfigError(
                f"input {node.name!r} has shape {values.shape}, expected (samples, "
                f"{', '.join(map(str, node.type.shape))})",
                "--data",
            )
        scaled = np.ldexp(values.astype(np.float64), node.type.frac)
        made = np.clip(np.rint(scaled), node.type.lo.astype(float), node.type.hi.astype(float))
        moved += int(np.count_nonzero(made != scaled))
        codes[node.name] = made.astype(np.int64)
    return codes, moved


def read_data(graph: Graph, path: Path) -> dict[str, Any]:
    """Read samples: a ``.npy`` for one input, a ``.npz`` by input name for several.

    Raises:
        ConfigError: the file cannot be read or does not fit the inputs.
    """
    names = [node.name for node in graph.inputs]
    try:
        found = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ConfigError(f"{path} cannot be read ({error})", "--data", "write it with numpy.save") from error
    if isinstance(found, np.ndarray):
        if len(names) != 1:
            raise ConfigError(f"the model has inputs {names}", "--data", "give a .npz with one array each")
        return {names[0]: found}
    with found:
        return {name: found[name] for name in found.files}


def values_of(graph: Graph, codes: Mapping[str, Codes]) -> dict[str, Any]:
    """Return the float64 values of output codes."""
    return {
        out.name: codes[out.name].astype(np.float64) * np.array(out.scale) + np.array(out.offset)
        for out in graph.outputs
    }


def predict(
    graph: Graph | Path | str, x: Any, apply_scaler: bool = False
) -> Any:
    """Run the integer reference on floats; floats come out.

    Args:
        graph: a graph, or a folder that `build` wrote.
        x: one array ``(samples, *shape)``, or a table by input name.
        apply_scaler: *x* is raw; apply the training scaler first.

    Returns:
        One array, or a table by output name when there are several.
    """
    made = graph if isinstance(graph, Graph) else Output.open(Path(graph)).graph
    table = dict(x) if isinstance(x, Mapping) else {made.inputs[0].name: np.asarray(x)}
    if apply_scaler:
        if not made.scaler_mean:
            raise ConfigError(
                "the bundle has no training scaler", "--apply-scaler", "build with --scaler FILE.npz"
            )
        first = made.inputs[0].name
        table[first] = (table[first] - np.array(made.scaler_mean)) / np.array(made.scaler_std)
    codes, _ = to_codes(made, table)
    values = values_of(made, Reference(made).run(codes))
    return values if len(values) > 1 else next(iter(values.values()))


def predict_file(out: Path, data: Path, to: Path, apply_scaler: bool = False) -> dict[str, Any]:
    """Run `predict` from file to file."""
    graph = Output.open(out).graph
    table = read_data(graph, data)
    moved = 0 if apply_scaler else to_codes(graph, table)[1]
    made = predict(graph, table, apply_scaler)
    content = io.BytesIO()
    if isinstance(made, dict):
        content.write(npz_bytes(made))
    else:
        np.save(content, made)
    write_files({to: content.getvalue()}, "--to")
    samples = len(next(iter(table.values())))
    text = f"{samples} samples -> {to}"
    if moved:
        text += f"\nnote: {moved} input values were not on the grid and were rounded or saturated"
    return {"samples": samples, "moved": moved, "to": str(to), "text": text}
