# SPDX-License-Identifier: Apache-2.0
"""Crosscheck: QKeras, hwgen and hls4ml's emulation on the same samples, layer by layer.

Where hls4ml differs for a reason that is known, the reason is named: `deviations`.
"""

from __future__ import annotations

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.load import load
from hwgen.api.results import VerbResult
from hwgen.api.samples import read_data, to_codes
from hwgen.frontends.keras import live
from hwgen.frontends.options import Options
from hwgen.interop.hls4ml import Emulation
from hwgen.ir.graph import Graph, Node
from hwgen.ops import Input
from hwgen.ops.reference import Reference
from hwgen.progress import Progress, silent
from hwgen.verify.self_check import make_vectors

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LayerCheck:
    """Comparison of one layer's outputs.

    Attributes:
        name: of the layer in the model.
        keras, hls4ml: samples in which it differs from hwgen; None where the other has no such
            tensor.
        keras_most, hls4ml_most: the largest difference.
        reasons: why hls4ml is known to differ here.
    """

    name: str
    keras: int | None
    hls4ml: int | None
    keras_most: float = 0.0
    hls4ml_most: float = 0.0
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, repr=False)
class Crosscheck(VerbResult):
    """Comparison of three emulations of one model.

    Attributes:
        model: name of the file.
        samples: that were compared.
        moved: input values that were not on the grid, and are now.
        hls4ml_version: that was compared with.
        layers: in order; the last ones are the outputs, in front of a final softmax.
    """

    model: str
    samples: int
    moved: int
    hls4ml_version: str
    layers: tuple[LayerCheck, ...]

    @property
    def first(self) -> LayerCheck | None:
        """The first layer in which hls4ml differs from hwgen."""
        return next((layer for layer in self.layers if layer.hls4ml), None)

    def text(self) -> str:
        """Return a table, and what is known of the first layer that differs."""
        width = max(len(layer.name) for layer in self.layers)
        rows = [
            f"{self.model}: {self.samples} samples; of them differ from hwgen:",
            f"{'layer':<{width}}  {'QKeras':>16}  {'hls4ml ' + self.hls4ml_version:>20}",
        ]
        for layer in self.layers:
            theirs = _said(layer.keras, layer.keras_most), _said(layer.hls4ml, layer.hls4ml_most)
            rows.append(f"{layer.name:<{width}}  {theirs[0]:>16}  {theirs[1]:>20}".rstrip())
        if self.first is None:
            rows.append("hls4ml gives the same numbers")
        else:
            rows.append(f"hls4ml differs from {self.first.name} on")
            reasons = [r for layer in self.layers for r in layer.reasons]
            rows += [f"  {reason}" for reason in dict.fromkeys(reasons)]
            if not reasons:
                rows.append("  for no reason that hwgen knows")
        return "\n".join(rows)


def _said(count: int | None, most: float) -> str:
    if count is None:
        return "-"
    return f"{count}, most {most:.3g}" if count else "0"


def crosscheck(
    model: Path,
    weights: Path | None = None,
    options: Options | None = None,
    *,
    data: Path | None = None,
    samples: int = 1000,
    progress: Progress = silent,
) -> Crosscheck:
    """Run QKeras, hwgen and hls4ml's compiled emulation on the same samples.

    Args:
        model: Keras file.
        weights: its weights file, for an architecture in JSON.
        options: of the front end.
        data: samples as floats, brought to the input's grid; random ones without it.
        samples: how many random ones.
        progress: called with every step.

    Raises:
        ConfigError, ModelError: the model or the data cannot be read.
        ToolMissing, ToolFailed: TensorFlow, QKeras or hls4ml is absent, or refuses the model.
    """
    graph = load(model, weights, options)
    if data is None:
        codes, moved = dict(make_vectors(graph, samples, 1).inputs), 0
    else:
        codes, off = to_codes(graph, read_data(graph, data))
        moved = off.count
    floats = {
        node.name: np.ldexp(codes[node.name].astype(np.float64), -node.type.frac).astype(np.float32)
        for node in graph.inputs
    }
    count = len(next(iter(codes.values())))
    ours = _layers(graph, codes)
    progress("hwgen", f"{count} samples through {len(ours)} layers")
    opened = live.opened(model, weights)
    theirs = live.tensors(opened, floats, {name: (name, 0) for name in ours})
    progress("qkeras", f"{len(theirs)} layers compared")
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        rival = Emulation(model, weights, Path(folder), trace=True)
        traced = rival.trace(list(floats.values()))
    progress("hls4ml", f"{rival.version}: {len(traced)} layers compared")
    reasons = deviations(opened.model)
    found = []
    for name, values in ours.items():
        keras = _compared(values, theirs.get(name))
        other = _compared(values, traced.get(name))
        known = tuple(reasons.get(name, ())) if other[0] else ()
        found.append(LayerCheck(name, keras[0], other[0], keras[1], other[1], known))
    return Crosscheck(model.name, count, moved, rival.version, tuple(found))


def _layers(graph: Graph, codes: Mapping[str, Any]) -> dict[str, Floats]:
    """Return the values of the last node of every layer, by the layer's name in the model."""
    last: dict[str, Node] = {}
    for node in graph.nodes:
        if not isinstance(node.op, Input):
            last[node.layer or node.name] = node
    made = Reference(graph, [node.name for node in last.values()]).run(codes)
    scales = {out.node: (np.array(out.scale), np.array(out.offset)) for out in graph.outputs}
    found = {}
    for name, node in last.items():
        scale, offset = scales.get(node.name, (np.array(2.0**-node.type.frac), np.array(0.0)))
        found[name] = np.asarray(made[node.name], np.float64) * scale + offset
    return found


def _compared(ours: Floats, other: Any) -> tuple[int | None, float]:
    """Return how many samples differ and by how much at most; None where sizes differ."""
    if other is None or np.size(other) != ours.size:
        return None, 0.0
    off = np.abs(np.asarray(other, np.float64).reshape(len(ours), -1) - ours.reshape(len(ours), -1))
    # A scale that is no power of two is rounded in float32.
    slack = np.spacing(np.abs(ours.reshape(len(ours), -1)).astype(np.float32)).astype(np.float64)
    wrong = ~(off <= slack)
    return int(wrong.any(axis=1).sum()), float(np.nanmax(np.where(wrong, off, 0.0), initial=0.0))


# -------------------------------------------------------------------------- known deviations


def deviations(model: Any) -> dict[str, list[str]]:
    """Return why hls4ml 1.3 is known to differ from QKeras, by the layer that causes it.

    Measured on random weights and biases against QKeras 0.9; the cause is what its source does.
    """
    layers = [layer for layer in model.layers if not hasattr(layer, "layers")]
    found: dict[str, list[str]] = {}
    for index, layer in enumerate(layers):
        before = layers[index - 1] if index else None
        said = [f"{layer.name}: {text}" for text in _reasons(layer, before)]
        if said:
            found[layer.name] = said
    return found


def _quantizer(layer: Any, *names: str) -> Any:
    """Return the first quantizer of a layer that it has under one of these names."""
    for name in names:
        found = getattr(layer, name, None)
        if found is not None and not isinstance(found, str) and hasattr(found, "get_config"):
            return found
    return None


def _reasons(layer: Any, before: Any) -> Iterator[str]:
    kind = type(layer).__name__
    kernel = _quantizer(layer, "kernel_quantizer_internal", "depthwise_quantizer_internal")
    active = _quantizer(layer, "quantizer", "activation")
    for applies, text in _RULES:
        if applies(kind, kernel, active, before):
            yield text


def _is(quantizer: Any, *names: str) -> bool:
    return type(quantizer).__name__ in names


def _alpha(quantizer: Any) -> Any:
    return getattr(quantizer, "alpha", None)


_LINEAR = ("QDense", "QConv1D", "QConv2D", "QDepthwiseConv2D", "Dense", "Conv1D", "Conv2D")
Rule = Callable[[str, Any, Any, Any], bool]
_RULES: tuple[tuple[Rule, str], ...] = (
    (
        lambda kind, kernel, *_: (
            kernel is not None
            and _alpha(kernel) in (None, "auto", "auto_po2")
            and not _is(kernel, "quantized_po2")
        ),
        "the kernel's scale (alpha auto, or None, which QKeras takes for auto_po2) is cut to 10 "
        "fraction bits",
    ),
    (
        lambda kind, kernel, active, before: (
            kind == "QActivation"
            and _is(active, "quantized_bits")
            and type(before).__name__ in _LINEAR
        ),
        "a quantized_bits activation behind a linear layer is dropped",
    ),
    (
        lambda kind, kernel, active, _: (
            _is(active, "quantized_bits") and bool(getattr(active, "symmetric", False))
        ),
        "a symmetric activation saturates at one code below its bound",
    ),
    (
        lambda kind, kernel, active, _: (
            _is(active, "quantized_relu")
            and getattr(active, "bits", 0) == getattr(active, "integer", -1)
        ),
        "a quantized_relu without fraction bits truncates and wraps",
    ),
    (
        lambda kind, kernel, active, _: (
            getattr(active, "relu_upper_bound", None) is not None
            and not getattr(active, "is_quantized_clip", True)
        ),
        "the upper bound of a quantized_relu is ignored",
    ),
    (
        lambda kind, kernel, active, _: bool(getattr(active, "use_sigmoid", False)),
        "the sigmoid form of a quantized_relu is ignored",
    ),
    (
        lambda kind, kernel, *_: (
            _is(kernel, "quantized_bits") and not getattr(kernel, "keep_negative", True)
        ),
        "weights without sign lose a bit",
    ),
    (
        lambda kind, kernel, *_: _is(kernel, "quantized_bits") and getattr(kernel, "bits", 2) == 1,
        "the type of one-bit weights does not hold +1",
    ),
    (
        lambda kind, kernel, *_: _is(kernel, "quantized_po2"),
        "sums of quantized_po2 weights are cut to 10 fraction bits",
    ),
    (
        lambda kind, *_: kind == "QBatchNormalization",
        "the quantizers of a QBatchNormalization are ignored",
    ),
    (
        lambda kind, *_: kind == "BatchNormalization",
        "constants of a batch normalisation are cut to 10 fraction bits, and a negative gamma "
        "turns a threshold round",
    ),
    (
        lambda kind, kernel, active, _: _is(active, "ternary"),
        "a ternary activation has no template: what it gives is not initialised",
    ),
    (
        lambda kind, kernel, active, _: _is(active, "binary"),
        "a binary activation gives 0 and 1, not -1 and +1",
    ),
    (
        lambda kind, *_: "AveragePooling" in kind,
        "an average keeps the type of its input and is truncated to it",
    ),
    (
        lambda kind, *_: kind == "QConv2DBatchnorm",
        "the folded bias of a QConv2DBatchnorm without a bias quantizer is dropped",
    ),
    (
        lambda kind, kernel, active, before: (
            before is not None
            and type(before).__name__ == "InputLayer"
            and kind not in ("QActivation", "InputLayer")
        ),
        "an input without a quantizer is truncated to fixed<16,6>, and wraps beyond it",
    ),
)
