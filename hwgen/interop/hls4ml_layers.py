# SPDX-License-Identifier: Apache-2.0
"""Layers of hwgen inside a project of hls4ml's Vitis backend: adder graphs and XNOR-popcounts.

They are registered through hls4ml's extension API: a layer class, its templates of config and call,
and code that goes into the project's ``nnet_code_gen.h``. The rest of the project is hls4ml's.

    from hwgen.interop.hls4ml_layers import realise
    model = hls4ml.converters.convert_from_keras_model(keras, backend="Vitis", ...)
    realise(model, {"fc1": "adders", "fc2": "xnor"})
    model.compile()
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from hwgen import paths
from hwgen.emit.hls.design import MOST_BITS, twin_headers
from hwgen.emit.hls.flow import FlowCore
from hwgen.errors import ConfigError, ModelError, ToolMissing
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Node, Output
from hwgen.ir.names import identifier
from hwgen.ir.tensor import Codes
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.plan.goal import Goal, parse_clock
from hwgen.plan.planner import plan
from hwgen.target.board import load_board

KINDS = ("adders", "xnor")


def realise(
    model: Any, choices: Mapping[str, str], board: str = "vu9p", clock: str = "200MHz"
) -> None:
    """Replace dense layers of a converted model by hwgen's; call it before ``compile``.

    Args:
        model: what hls4ml's converter returned, for its backend Vitis and ``io_parallel``.
        choices: layer to ``adders`` (shared adders instead of products) or ``xnor`` (where data and
            weights are both signs).
        board: that adder graphs are made for.
        clock: that they are made for, as of the option ``--clock``.

    Raises:
        ConfigError: another backend or kind of streams, no such layer or realisation, or no clock.
        ModelError: a layer that is not dense, or whose formats hwgen does not take.
        ToolMissing: hls4ml is not installed.
    """
    if str(model.config.get_config_value("Backend")).lower() != "vitis":
        raise ConfigError("layers of hwgen go into projects of the backend Vitis", "backend")
    if model.config.get_config_value("IOType") != "io_parallel":
        raise ConfigError(
            "layers of hwgen take whole vectors", "io_type", "convert with io_type='io_parallel'"
        )
    layer_class, passes = _registered()
    from hls4ml.model.optimizer import optimize_model
    from hls4ml.model.types import Source

    # All of them are made before the first one is replaced: a model stays whole or as it was.
    for node, name, text in [_made(model, *each, board, clock) for each in choices.items()]:
        attributes = {
            "n_in": node.weights["weight"].data.shape[0],
            "n_out": node.weights["weight"].data.shape[1],
            "call": f"hwgen_{identifier(name)}",
            "trace": node.get_attr("trace", False),
        }
        made = model.make_node(layer_class, name, attributes, list(node.inputs), list(node.outputs))
        # The variable stays: what reads it, and whether it is the result, stay too.
        made.set_attr(made.outputs[0], node.get_output_variable())
        made.set_attr("hwgen_code", Source(text))
        model.replace_node(node, made)
    optimize_model(model, list(passes))


def _made(model: Any, name: str, kind: str, board: str, clock: str) -> tuple[Any, str, str]:
    """Return a layer of a model, its name and the C++ that takes its place.

    Raises:
        ConfigError, ModelError: as `realise`.
    """
    node = model.graph.get(name)
    if node is None:
        raise ConfigError(
            f"there is no layer {name}", "realise", f"there are {', '.join(model.graph)}"
        )
    if kind not in KINDS:
        raise ConfigError(f"no realisation {kind!r}", name, f"there are {', '.join(KINDS)}")
    data = _DenseData(node)
    return node, name, _xnor(data) if kind == "xnor" else _adders(data, board, clock)


@cache
def _registered() -> tuple[Any, tuple[str, ...]]:
    """Register layer and templates once; return the class and the names of the templates."""
    try:
        import hls4ml
    except ImportError as error:
        raise ToolMissing(
            "hls4ml is not installed", "realise", "pip install 'hwgen[hls4ml]'"
        ) from error
    from hls4ml.backends.template import FunctionCallTemplate, LayerConfigTemplate
    from hls4ml.model.attributes import Attribute
    from hls4ml.model.layers import Layer, register_layer

    class HwgenDense(Layer):  # type: ignore[misc]
        """Dense layer whose C++ hwgen writes."""

        _expected_attributes = (Attribute("n_in"), Attribute("n_out"))

        def initialize(self) -> None:
            """Enter the output; `realise` puts that of the replaced layer in its place."""
            self.add_output_variable([self.get_attr("n_out")])

    class Config(LayerConfigTemplate):  # type: ignore[misc]
        """Sizes of the layer, for readers of the project."""

        def __init__(self) -> None:
            super().__init__(HwgenDense)

        def format(self, node: Any) -> str:
            """Return the struct of the layer's sizes."""
            sizes = f"n_in = {node.get_attr('n_in')};\n    static const unsigned n_out"
            text = f"    static const unsigned {sizes} = {node.get_attr('n_out')};\n"
            return f"struct config{node.index} {{\n{text}}};\n"

    class Call(FunctionCallTemplate):  # type: ignore[misc]
        """The call of the layer's function."""

        def __init__(self) -> None:
            super().__init__(HwgenDense, include_header=["nnet_utils/nnet_common.h"])

        def format(self, node: Any) -> str:
            """Return the call."""
            given = self._default_function_params(node)
            types = f"{given['input_t']}, {given['output_t']}"
            return f"nnet::{node.get_attr('call')}<{types}>({given['input']}, {given['output']});"

    register_layer("HwgenDense", HwgenDense)
    backend = hls4ml.backends.get_backend("Vitis")
    backend.register_template(Config)
    backend.register_template(Call)
    names = "hwgendense_config_template", "hwgendense_function_template"
    return HwgenDense, tuple(f"vitis:{name}" for name in names)


class _DenseData:
    """Dense layer of hls4ml as integers.

    Attributes:
        name: of the layer.
        weight: (n_in, n_out); signs are 1 and -1.
        bias: (n_out,).
        frac: fraction bits of the weights.
        bias_frac: fraction bits of the bias.
        source: precision of the data.
        signs: whether the data are signs; a single bit alone may be 0 and 1.
        binary: whether data and weights are signs.
    """

    def __init__(self, node: Any) -> None:
        self.name = str(node.name)
        if node.class_name not in ("Dense", "BinaryDense", "TernaryDense"):
            raise ModelError(
                f"a layer {node.class_name} is not dense", self.name, "leave it to hls4ml"
            )
        weight, bias = node.weights["weight"], node.weights["bias"]
        self.source = node.get_input_variable().type.precision
        values = np.asarray(weight.data, np.float64)
        if _is_bit(weight.type.precision):
            values = np.where(values > 0, 1.0, -1.0)
        before = node.get_input_node()
        activation = "" if before is None else str(before.get_attr("activation", ""))
        self.signs = "Xnor" in type(self.source).__name__ or activation.startswith("binary")
        self.binary = self.signs and bool(np.isin(values, (-1.0, 1.0)).all())
        self.weight, self.frac = _codes(values, self.name)
        self.bias, self.bias_frac = _codes(np.asarray(bias.data, np.float64), self.name)


def _is_bit(precision: Any) -> bool:
    """Tell whether numbers are single bits, in which hls4ml writes -1 as 0."""
    return "Xnor" in type(precision).__name__ or (precision.width, precision.signed) == (1, False)


def _codes(values: Any, name: str) -> tuple[Codes, int]:
    """Return the integers of numbers on a binary grid, and their fraction bits."""
    for frac in range(31):
        scaled = np.ldexp(values, frac)
        if np.array_equal(scaled, np.rint(scaled)):
            return scaled.astype(np.int64), frac
    raise ModelError(
        "weights or biases are on no grid of up to 30 fraction bits",
        name,
        "give the layer a quantizer, or a precision in hls4ml's configuration",
    )


def _adders(data: _DenseData, board: str, clock: str) -> str:
    """Return the C++ of a layer as an adder graph."""
    if data.signs and _is_bit(data.source):
        raise ModelError(
            "the layer's data are signs in single bits",
            data.name,
            "realise it as 'xnor', or leave it",
        )
    precision = data.source
    fixed = Fixed(
        int(precision.width), int(precision.width - precision.integer), bool(precision.signed)
    )
    frac = max(data.frac, data.bias_frac - fixed.frac)
    weight = data.weight << (frac - data.frac)
    bias = data.bias << (frac + fixed.frac - data.bias_frac)
    source = Input.of((weight.shape[0],), fixed)
    dense = Dense(weight, bias, frac)
    kind = dense.infer([source.infer([])])
    if kind.fixed.width > MOST_BITS:
        raise ModelError(
            f"sums of {kind.fixed.width} bits are more than the C++ holds ({MOST_BITS})",
            data.name,
            "give weights or data fewer bits",
        )
    name = identifier(data.name)
    nodes = (Node("x", source, (), source.infer([])), Node("y", dense, ("x",), kind))
    graph = Graph(name, nodes, (Output("y", "y", (1.0,)),))
    goal = Goal(parse_clock(clock), style="parallel")
    core = FlowCore(plan(graph, load_board(board), goal, name), False)
    # Headers come first, each group in its own order.
    files = sorted(core.files().items(), key=lambda file: file[0].endswith(".cpp"))
    body = [_plain(str(text)) for _, text in files]
    n_in, n_out = weight.shape
    (port,) = core.design.outputs
    (entry,) = core.design.inputs
    ins, outs = (f"{'si' if p.fixed.signed else 'ui'}<{p.fixed.width}>" for p in (entry, port))
    wide, point = port.fixed.width, port.fixed.frac
    exact = f"ap_{'' if port.fixed.signed else 'u'}fixed<{wide}, {wide - point}>"
    call = f"""
template <class data_T, class res_T> void hwgen_{name}(data_T data[{n_in}], res_T res[{n_out}]) {{
    #pragma HLS PIPELINE II=1
    #pragma HLS ARRAY_PARTITION variable=data complete
    #pragma HLS ARRAY_PARTITION variable=res complete
    hwg::{ins} x[{n_in}];
    for (int i = 0; i < {n_in}; i++) {{
        #pragma HLS UNROLL
        x[i] = hwg::{ins}(data[i].range({entry.fixed.width - 1}, 0));
    }}
    hwg::{outs} y[{n_out}];
    {core.top}(x, y);
    for (int i = 0; i < {n_out}; i++) {{
        #pragma HLS UNROLL
        {exact} exact;
        exact.range({wide - 1}, 0) = y[i].range({wide - 1}, 0);
        res[i] = exact;
    }}
}}
"""
    return "\n".join([_support(core.units), *body, call])


def _xnor(data: _DenseData) -> str:
    """Return the C++ of a layer whose products are equal bits."""
    if not data.binary:
        raise ModelError(
            "data and weights of an XNOR-popcount are signs",
            data.name,
            "realise it as 'adders'",
        )
    n_in, n_out = data.weight.shape
    words = -(-n_in // 64)
    bits = np.zeros((n_out, 64 * words), np.uint8)
    bits[:, :n_in] = (data.weight.T > 0).astype(np.uint8)
    packed = np.packbits(bits, axis=1, bitorder="little").view("<u8").reshape(-1)
    name = identifier(data.name)
    bias_bits = max(int(np.abs(data.bias).max(initial=0)).bit_length() + 1, 1)
    template = (paths.hls_templates() / "project" / "hls4ml_xnor.h.in").read_text("utf-8")
    weights = ", ".join(f"0x{int(word):x}ULL" for word in packed)
    biases = ", ".join(f"{int(b)}LL" for b in data.bias)
    return f"""
#ifndef HWGEN_XNOR_H
#define HWGEN_XNOR_H
{template}
#endif
struct hwgen_{name}_config {{
    static const unsigned n_in = {n_in};
    static const unsigned n_out = {n_out};
    static const unsigned words = {words};
    static const int bias_frac = {data.bias_frac};
    static const int bias_bits = {bias_bits};
}};
static const unsigned long long hwgen_{name}_weights[{len(packed)}] = {{{weights}}};
static const long long hwgen_{name}_bias[{n_out}] = {{{biases}}};
template <class data_T, class res_T> void hwgen_{name}(data_T data[{n_in}], res_T res[{n_out}]) {{
    #pragma HLS INLINE
    hwgen_xnor<data_T, res_T, hwgen_{name}_config>(
        data, res, hwgen_{name}_weights, hwgen_{name}_bias);
}}
"""


def _support(units: set[str]) -> str:
    """Return the twins that a layer takes, with ap_int; each has a guard of its own."""
    lines = ["#ifndef HWG_AP", "#define HWG_AP", "#endif"]
    lines += ["#if defined(__SYNTHESIS__) && !defined(HWG_VITIS)", "#define HWG_VITIS", "#endif"]
    for path, content in twin_headers(units).items():
        if path not in ("lang/stream.h", "lang/processes.h"):
            lines.append(_plain(content.decode()))
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return C++ without its includes: all of it stands in one file, behind those of hls4ml."""
    return re.sub(r"^#include .*\n", "", text, flags=re.M)
