# SPDX-License-Identifier: Apache-2.0
"""Post-training quantization of a whole float model: a grid for every kernel and every activation.

Layers are taken in order, and each is given what the quantized layers in front of it really hand
on. Its bias then takes up the mean of the error that is left (static bias correction), for which
the hardware pays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import ConfigError, ModelError, ModelProblems
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.keras.layer_classes import CLASSES
from hwgen.frontends.keras.network import Call, Layer
from hwgen.frontends.keras.topology import parse
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.conversion import Conversion
from hwgen.frontends.qkeras.given import given_format
from hwgen.frontends.qkeras.input_scalers import MEANS, find_outside, outside_of
from hwgen.frontends.qkeras.ports import check_options, first_quantizers
from hwgen.ir.fixed import Fixed
from hwgen.quantize.fold import channel_axes, foldings, is_float_product, main_kernel
from hwgen.quantize.forward import Forward
from hwgen.quantize.grids import METHODS, grid_of, quantize_kernel, rounded
from hwgen.quantize.registry import F64, FUNCTIONS

_SAMPLE = 1 << 20  # values that a grid is searched on, at most
_BIAS_MORE = 8  # fraction bits of a bias beyond those of its kernel
_HUGE = 2.0**64
GRID_BITS = 32  # of a quantized kernel on one grid for all channels


@dataclass(frozen=True)
class Recipe:
    """Settings of a quantization.

    Attributes:
        weights, activations, inputs: bits; *inputs* are those of activations if None.
        method: ``mse``, ``aciq`` or ``minmax``, see `hwgen.quantize.grids.grid_of`.
        correct_bias: let biases take up the mean of the error.
        split: a coarse and a fine grid in channels where that halves the error.
    """

    weights: int = 8
    activations: int = 8
    inputs: int | None = None
    method: str = "mse"
    correct_bias: bool = True
    split: bool = False

    def __post_init__(self) -> None:
        bits = {
            "--weight-bits": (self.weights, 2), "--activation-bits": (self.activations, 1),
            "--input-bits": (self.inputs, 1),
        }  # fmt: skip
        for option, (value, least) in bits.items():
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (whole and least <= value <= 16):
                what = f"{value!r} is no number of bits from {least} to 16"
                hint = "give --bits 8, or leave it out: 8 is the default"
                raise ConfigError(what, option, hint)
        if self.method not in METHODS:
            raise ConfigError(
                f"unknown method {self.method!r}", "--method", f"there are {', '.join(METHODS)}"
            )


@dataclass(frozen=True)
class LayerGrid:
    """Outcome of a quantization for one layer.

    Attributes:
        layer: its name.
        weights: format of its kernel, the finest channel's; "" without a float kernel.
        coarsest: fraction bits of the coarsest channel.
        split: channels with two grids.
        saturated: weights that saturate.
        output: format behind it, "" where none was needed.
        clipped: share of the calibration values that saturate there.
    """

    layer: str
    weights: str = ""
    coarsest: int = 0
    split: int = 0
    saturated: int = 0
    output: str = ""
    clipped: float = 0.0


@dataclass(frozen=True)
class Quantized:
    """A quantized model: the Keras model with quantized weights, and the formats behind layers.

    Attributes:
        model: as `convert` takes it.
        options: the formats.
        layers: what became of each.
        folded: normalisations that went into the kernel in front of them.
        outputs: of the float model on the calibration data, by output.
    """

    model: KerasModel
    options: Options
    layers: tuple[LayerGrid, ...]
    folded: tuple[str, ...]
    outputs: Mapping[str, F64]


def quantize(
    model: KerasModel, data: Mapping[str, Any], recipe: Recipe, options: Options | None = None
) -> Quantized:
    """Quantize a float Keras model.

    Args:
        model: as read; what it quantizes itself stays as it is.
        data: calibration samples, as the model takes them, by input name.
        recipe: bits and method.
        options: input formats that are given, masks, scaler and outputs.

    Raises:
        ConfigError: data that do not fit the model, or options that this does not take.
        ModelProblems: with every layer that cannot be quantized.
    """
    options = options or Options()
    for option, found in (
        ("--format", options.formats),
        ("--weight-format", options.weight_formats),
    ):
        if found:
            raise ConfigError(
                "quantization chooses the formats itself",
                option,
                f"leave {option} out; or build the float model with --format and --weight-format",
            )
    if options.head:
        raise ConfigError(
            "a quantized model has its logits as outputs",
            "--head",
            f"leave it out, and build the bundle with --head {options.head}",
        )
    return _Work(model, recipe, options).done(data)


class _Work:
    """One quantization under way."""

    def __init__(self, model: KerasModel, recipe: Recipe, options: Options) -> None:
        self.recipe, self.model, self.options = recipe, model, options
        self.plain = Forward.of(model, options)
        found = foldings(self.plain)
        self.terms = {f.product.key: f.norm for f in found}
        self.changed: dict[str, F64] = {}
        for folding in found:
            self.changed.update(folding.changed)
        # The same function; its kernels are those that are quantized.
        self.folded = replace(self.plain, changed=dict(self.changed))
        self.now = replace(self.plain, changed=self.changed)
        every = Fixed(8, 4, True)
        asked = replace(options, formats={"*": every}, weight_formats={"*": every})
        whole = parse(model.config, model.source)
        self.conversion = Conversion(model, self.plain.network, asked, whole)
        check_options(self.conversion)
        find_outside(self.conversion)
        self.rows: dict[str, LayerGrid] = {}
        self.formats: dict[str, Fixed] = {}

    def done(self, data: Mapping[str, Any]) -> Quantized:
        self._refuse()
        samples = self._checked(data)
        with np.errstate(over="ignore", invalid="ignore"):
            floats = self.folded.run(samples)
        for call in self.plain.network.calls:
            if not np.abs(floats[call.output]).max(initial=0.0) < _HUGE:  # NaN, too
                raise ConfigError(
                    f"values reach beyond 2**64 behind {call.layer.where}",
                    "--data",
                    "give data as the model was trained on, of the same scale",
                )
        inputs = self._input_formats(floats)
        self._walk(samples, floats, inputs)
        outputs = {name: floats[tensor] for name, tensor in self.plain.network.outputs}
        return Quantized(
            self._model(),
            replace(
                self.options,
                input_formats={**self.options.input_formats, **inputs},
                formats=self.formats,
                grid_bits=GRID_BITS,
            ),
            tuple(self.rows.values()),
            tuple(norm.name for norm in self.terms.values()),
            outputs,
        )

    # ---------------------------------------------------------------- what cannot be done

    def _refuse(self) -> None:
        problems: list[ModelError] = []
        for call in self.plain.network.calls:
            layer = call.layer
            try:
                if layer.cls == "InputLayer":
                    continue
                if layer.cls not in FUNCTIONS:
                    raise ModelError(
                        f"a {layer.cls} cannot be quantized",
                        layer.where,
                        "replace it; hwgen ops lists what is read",
                    )
                self.plain.activated(layer, np.zeros(1), self.plain.final(call))
                for name in CLASSES[layer.cls].kernels:
                    self.plain.weight(layer, name)
            except ModelError as error:
                if str(error) not in map(str, problems):
                    problems.append(error)
        if problems:
            raise ModelProblems(self.model.source, problems)

    def _checked(self, data: Mapping[str, Any]) -> dict[str, F64]:
        """Return the data by input, or refuse them."""
        network = self.plain.network
        names = [name for name, _ in network.inputs]
        if set(data) != set(names):
            raise ConfigError(
                f"arrays for {', '.join(sorted(data)) or 'nothing'}; the inputs are "
                f"{', '.join(names)}",
                "--data",
                "give one array an input, under its name",
            )
        made, wrong = {}, []
        for name, tensor in network.inputs:
            call = next(c for c in network.calls if c.output == tensor)
            config = call.layer.config
            shape = tuple((config.get("batch_input_shape") or config.get("batch_shape") or ())[1:])
            values = np.asarray(data[name])
            if values.dtype.kind not in "fiub":
                wrong.append(f"input {name} needs real numbers, not {values.dtype}")
            elif values.shape[1:] != shape or not values.size:
                dims = ", ".join(map(str, shape))
                wrong.append(f"input {name} has shape {values.shape}, expected (samples, {dims})")
            elif not np.isfinite(values).all():
                wrong.append(f"input {name} holds NaN or infinity")
            elif not np.any(values):
                wrong.append(f"input {name} is zero throughout")
            made[name] = values.astype(np.float64) if values.dtype.kind in "fiub" else values
        counts = {len(values) for values in made.values() if values.ndim}
        if len(counts) > 1 and not wrong:
            wrong.append(f"the inputs have different numbers of samples: {sorted(counts)}")
        if wrong:
            hint = "give samples as the model was trained on, the first axis counts them"
            raise ConfigError("; ".join(wrong), "--data", hint)
        return made

    # ---------------------------------------------------------------- grids

    def _grid(self, values: F64, bits: int) -> Fixed:
        flat = values.reshape(-1)
        if flat.size > _SAMPLE:
            flat = flat[:: -(-flat.size // _SAMPLE)]
        signed = bool(flat.min(initial=0.0) < 0)
        return grid_of(flat, max(bits, 1 + signed), signed, self.recipe.method)

    def _input_formats(self, floats: Mapping[str, F64]) -> dict[str, Fixed]:
        made = {}
        c = self.conversion
        for name, tensor in c.network.inputs:
            given = name in self.options.input_formats or "" in self.options.input_formats
            readers = first_quantizers(c, tensor)
            if given or (readers and None not in readers):
                continue
            made[name] = self._grid(self._as_taken(tensor, floats), self._input_bits())
        return made

    def _input_bits(self) -> int:
        inputs = self.recipe.inputs
        return self.recipe.activations if inputs is None else inputs

    def _as_taken(self, tensor: str, floats: Mapping[str, F64]) -> F64:
        """Return an input as the core takes it: behind what its scaler does."""
        values = floats[tensor]
        for call in outside_of(self.conversion, tensor):
            if call.layer.cls in MEANS:
                count = values[0].size / floats[call.output][0].size
                return np.asarray(values * (2.0 ** np.floor(np.log2(count)) / count))
            values = floats[call.output]
        return values

    def _walk(
        self, samples: Mapping[str, F64], floats: Mapping[str, F64], inputs: Mapping[str, Fixed]
    ) -> None:
        """Quantize layer after layer on what the quantized ones in front of it hand on."""
        network, c = self.plain.network, self.conversion
        names = {tensor: name for name, tensor in network.inputs}
        given = self.options.input_formats
        grids: dict[str, Fixed | None] = {}  # behind an input, or the last layer of its scaler
        for name, tensor in network.inputs:
            outside = outside_of(c, tensor)
            if not outside or outside[-1].layer.cls not in MEANS:
                last = outside[-1].output if outside else tensor
                grids[last] = inputs.get(name) or given.get(name) or given.get("")
        values: dict[str, F64] = {}
        for call in network.calls:
            layer, grid = call.layer, grids.get(call.output)
            if call.output in names:
                x = samples[names[call.output]]
                values[call.output] = x if grid is None else rounded(x, grid)
                continue
            ins = [values[tensor] for tensor in call.inputs]
            if layer.cls == "InputLayer":
                values[call.output] = ins[0]
                continue
            if is_float_product(self.plain, layer) and layer.name not in self.rows:
                self._kernels(call, [floats[tensor] for tensor in call.inputs], ins)
            made = self.now.call(call, ins)
            if call.output in c.outside:
                made = made if grid is None else rounded(made, grid)
            elif self._rounds(call):
                fixed = self._grid(floats[call.output], self.recipe.activations)
                before, made = made, rounded(made, fixed)
                self._told(layer, output=str(fixed), clipped=_clipped(before, fixed))
                self.formats[layer.key] = fixed
            values[call.output] = made

    def _rounds(self, call: Call) -> bool:
        """Tell whether an activation format goes behind a call: not behind what leaves."""
        if call.output in self.plain.network.leaving:
            return False
        return given_format(self.conversion, call) is not None

    def _kernels(self, call: Call, exact: list[F64], real: list[F64]) -> None:
        layer, recipe = call.layer, self.recipe
        fracs: list[int] = []
        splits = saturated = 0
        for name in CLASSES[layer.cls].kernels:
            axes = channel_axes(layer) if name == main_kernel(layer) else 2
            floats = self.folded.weight(layer, name)
            made = quantize_kernel(floats, axes, recipe.weights, recipe.method, recipe.split)
            self.changed[f"{layer.key}/{name}"] = made.values
            fracs += made.fracs
            splits, saturated = splits + made.split, saturated + made.saturated
        self._bias(layer, exact, real, max(fracs))
        finest = Fixed(recipe.weights, max(fracs), True)
        self._told(
            layer, weights=str(finest), coarsest=min(fracs), split=splits, saturated=saturated
        )

    def _bias(self, layer: Layer, exact: list[F64], real: list[F64], frac: int) -> None:
        """Let what is added behind a product take up the mean of its error, and round it."""
        key, sign = f"{layer.key}/bias", 1.0
        if layer.key in self.terms:
            key, sign = f"{self.terms[layer.key].key}/moving_mean", -1.0
        elif not layer.config.get("use_bias", True):
            return
        term = sign * (self.now.weight(layer, "bias") if sign > 0 else self.changed[key])
        if self.recipe.correct_bias:
            function = FUNCTIONS[layer.cls]
            error = function(self.folded, layer, exact) - function(self.now, layer, real)
            term = term + error.reshape(-1, error.shape[-1]).mean(axis=0)
        grid = frac + _BIAS_MORE
        self.changed[key] = sign * np.ldexp(np.rint(np.ldexp(term, grid)), -grid)

    def _told(self, layer: Layer, **values: Any) -> None:
        row = self.rows.get(layer.name, LayerGrid(layer.name))
        self.rows[layer.name] = replace(row, **values)

    def _model(self) -> KerasModel:
        """Return the model with the quantized weights in place of its own."""
        weights: dict[str, dict[str, npt.NDArray[Any]]] = {
            key: dict(table) for key, table in self.model.weights.items()
        }
        for path, array in self.changed.items():
            key, _, name = path.rpartition("/")
            if name in weights.get(key, {}):
                weights[key][name] = array.astype(np.float32)
        return replace(self.model, weights=weights)


def _clipped(values: F64, fixed: Fixed) -> float:
    scaled = np.rint(np.ldexp(values, fixed.frac))
    beyond = scaled > fixed.hi
    if fixed.signed:
        beyond |= scaled < fixed.lo
    return float(np.mean(beyond))
