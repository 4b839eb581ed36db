# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization of a Keras file: a float model in, a bundle out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api.deviation import Deviation, deviation
from hwgen.api.results import VerbResult
from hwgen.api.samples import to_codes
from hwgen.arrays import load_arrays
from hwgen.errors import ConfigError, count_of
from hwgen.frontends import reader_of
from hwgen.frontends.bundle import write_bundle
from hwgen.frontends.keras import live
from hwgen.frontends.keras.file import KerasModel, read_keras
from hwgen.frontends.keras.topology import parse
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.frontends.qkeras.reader import READER as KERAS
from hwgen.ir.graph import Graph
from hwgen.ir.names import node_name
from hwgen.passes import run_passes
from hwgen.progress import Progress, silent
from hwgen.quantize.model import LayerGrid, Quantized, Recipe
from hwgen.quantize.model import quantize as quantize_model

_FEW = 32  # calibration samples, below which a note doubts them


@dataclass(frozen=True, repr=False)
class Quantization(VerbResult):
    """Quantization of a model.

    Attributes:
        graph: of the quantized model.
        layers: what became of each layer.
        folded: normalisations that went into the kernel in front of them.
        deviation: from the float model, on the calibration data.
        moved: share of the calibration values that are not on the grid of the input.
        out: the bundle; None where none was asked for.
        quantized: the Keras model with quantized weights, and its formats.
        constant: every output is the same for all of the calibration data.
    """

    graph: Graph
    layers: tuple[LayerGrid, ...]
    folded: tuple[str, ...]
    deviation: Deviation
    moved: float
    out: Path | None
    quantized: Quantized
    constant: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return the figures as plain data."""
        return {
            "graph": self.graph.name,
            "inputs": {n.name: str(n.type.fixed) for n in self.graph.inputs},
            "layers": [asdict(row) for row in self.layers],
            "folded": list(self.folded),
            "deviation": self.deviation.as_dict(),
            "moved": self.moved,
            "notes": list(self.graph.notes),
            **({} if self.out is None else {"out": str(self.out)}),
        }

    def text(self) -> str:
        """Return a line a layer, the deviation, the notes and the files."""
        lines = [f"{node.name}: input {node.type.fixed}" for node in self.graph.inputs]
        width = max((len(row.layer) for row in self.layers), default=0)
        for row in self.layers:
            said = []
            if row.weights:
                finest = row.weights.rpartition(".")[2]
                spread = "" if row.coarsest == int(finest) else f" down to .{row.coarsest}"
                said.append(f"weights {row.weights}{spread}")
            said += [f"{row.split} channels on two grids"] if row.split else []
            said += [f"{row.saturated} weights saturate"] if row.saturated else []
            said += [f"output {row.output}"] if row.output else []
            said += [f"{row.clipped:.2%} of its values saturate"] if row.clipped else []
            lines.append(f"{row.layer:<{width}}  {', '.join(said)}")
        if self.folded:
            lines.append(f"folded into the kernel in front: {', '.join(self.folded)}")
        lines += self.deviation.lines()
        lines += self._doubts()
        lines += [f"note: {note}" for note in self.graph.notes]
        if self.out is not None:
            lines.append(f"written: {self.out} and {self.out.with_suffix('.npz').name}")
        return "\n".join(lines)

    def _doubts(self) -> list[str]:
        """Return what speaks against the calibration data."""
        asked = "are they of the scale that the model was trained on?"
        made = []
        if self.deviation.samples < _FEW:
            count = count_of(self.deviation.samples, "sample is", "samples are")
            made.append(f"note: {count} few to calibrate on; some hundred are wanted")
        if self.constant:
            made.append(f"note: every output is the same for all of the calibration data; {asked}")
        fixed = {
            out.name
            for out in self.graph.outputs
            for kind in [self.graph[out.node].type]
            if np.array_equal(kind.lo, kind.hi)
        }
        lost = [
            out.output
            for out in self.deviation.outputs
            if out.spread > 0 and (out.output in fixed or out.mean >= out.spread)
        ]
        if lost:
            made.append(
                f"note: {', '.join(lost)} does not follow the model on the calibration data; "
                f"{asked}"
            )
        return made


def quantize(
    model: Any,
    data: Any,
    out: Path | str | None = None,
    *,
    weights: Path | str | None = None,
    options: Options | None = None,
    recipe: Recipe | None = None,
    progress: Progress = silent,
) -> Quantization:
    """Quantize a float Keras model on calibration data; written as a bundle if *out* is given.

    ``hwgen.quantize("jet.h5", x_train[:1000], "jet.json", recipe=Recipe(weights=6))``

    Args:
        model: ``.h5``, ``.keras``, architecture ``.json``, or a Keras model in memory.
        data: samples as the model takes them: a file (``.npy``, ``.npz`` by input name), an array,
            or a table by input name.
        out: ``NAME.json`` of the bundle.
        weights: weights file of an architecture in JSON.
        options: input formats, masks, scaler, and the outputs that are kept.
        recipe: bits and method.
        progress: called with every step.

    Raises:
        ConfigError: data that do not fit the model, or settings out of range.
        ModelError: with every layer that cannot be quantized.
    """
    stored = _stored(model, weights)
    given = options or Options()
    samples = _table(stored, data)
    done = quantize_model(stored, samples, recipe or Recipe(), given)
    progress(
        "quantize",
        f"{count_of(len(done.layers), 'layer')}, {len(done.folded)} normalisations folded",
    )
    graph = run_passes(convert(done.model, done.options))
    progress("convert", f"{count_of(len(graph.nodes), 'node')}")
    return _result(graph, done, samples, None if out is None else Path(out))


def _result(
    graph: Graph, done: Quantized, data: Mapping[str, Any], out: Path | None
) -> Quantization:
    samples = {node_name(name): np.asarray(x) for name, x in data.items()}
    codes, moved = to_codes(graph, samples)
    count = sum(int(np.size(x)) for x in samples.values())
    off = deviation(graph, codes, [*done.outputs.values()], True)
    same = all(np.ptp(values, axis=0).max() == 0 for values in done.outputs.values())
    made = Quantization(graph, done.layers, done.folded, off, moved.count / count, out, done, same)
    if out is not None:
        write_bundle((graph, out))
    return made


def _stored(model: Any, weights: Path | str | None) -> KerasModel:
    if hasattr(model, "get_config") and hasattr(model, "save"):
        return live.saved(model).model
    path = Path(model)
    if reader_of(path) is not KERAS:
        raise ConfigError(
            "it is quantized already", path.name, "give the float Keras model that it was made of"
        )
    return read_keras(path, None if weights is None else Path(weights))


def _table(model: KerasModel, data: Any) -> Mapping[str, Any]:
    """Return calibration data by input name; an array alone is that of the only input."""
    found = load_arrays(Path(data), "--data") if isinstance(data, str | Path) else data
    names = [name for name, _ in parse(model.config, model.source).inputs]
    if isinstance(found, Mapping):
        only = len(names) == len(found) == 1
        return {names[0]: next(iter(found.values()))} if only else found
    if len(names) != 1:
        raise ConfigError(
            f"one array for the inputs {', '.join(names)}", "--data", "give a .npz with one each"
        )
    return {names[0]: found}
