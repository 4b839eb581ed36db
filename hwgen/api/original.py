# SPDX-License-Identifier: Apache-2.0
"""Original of a build: the Keras model that it is made of, run on a user's data in float64.

It tells how far a build is from the model before anything is written, without TensorFlow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api.deviation import Deviation, deviation
from hwgen.api.load import KerasGraph, with_weights
from hwgen.api.samples import as_table, check_shapes, read_data, to_codes, unclipped
from hwgen.api.settings import Ask
from hwgen.errors import ConfigError, ModelError, ModelProblems
from hwgen.frontends import reader_of
from hwgen.frontends.keras.file import KerasModel, read_keras
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.frontends.qkeras.reader import READER as KERAS
from hwgen.ir.graph import Graph
from hwgen.ir.names import node_name
from hwgen.passes import run_passes
from hwgen.quantize.forward import Forward

_OPTION = "--data"
_MOST = 0.5  # share of an input's values that may saturate


def measure(ask: Ask, graph: Graph) -> Deviation | None:
    """Return the deviation of a graph from its model; None without data.

    Args:
        ask: the model, its options and the data.
        graph: that is built of it. With a head, the outputs in front of that are compared.

    Raises:
        ConfigError: the model is no Keras model, or the data do not fit it in shape or scale.
        ModelError: a layer that cannot be run in float64.
    """
    if ask.data is None:
        return None
    options = with_weights(ask.options or Options(), ask.weights)
    stored = _stored(ask, options)
    if options.head not in ("", "logits"):
        graph = run_passes(convert(stored, options))
    data = ask.data
    table = read_data(graph, Path(data)) if isinstance(data, str | Path) else data
    raw = check_shapes(graph, as_table(graph, table, _OPTION), _OPTION)
    codes, _ = to_codes(graph, raw, _OPTION)
    clipped = _clipped(graph, raw)
    found = deviation(graph, codes, _outputs(stored, options, raw), True)
    return replace(found, saturated={**clipped, **found.saturated})


def _stored(ask: Ask, options: Options) -> KerasModel:
    if isinstance(ask.model, KerasGraph) and ask.model.stored is not None:
        return ask.model.stored
    if isinstance(ask.model, str | Path) and reader_of(Path(ask.model)) is KERAS:
        return read_keras(Path(ask.model), options.weights)
    raise ConfigError(
        "it holds no float model to compare with",
        _OPTION,
        "give the Keras model that it was made of, or leave --data out",
    )


def _outputs(stored: KerasModel, options: Options, raw: Mapping[str, Any]) -> list[Any]:
    """Return the outputs of the model itself, those that are built alone."""
    forward = Forward.of(stored, options)
    network = forward.network
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            values = forward.run({name: raw[node_name(name)] for name, _ in network.inputs})
    except ModelError as error:
        hint = f"leave {_OPTION} out, and compare with: hwgen verify OUT {_OPTION} FILE"
        raise ModelProblems(stored.source, [type(error)(error.what, error.where, hint)]) from error
    outputs = [values[tensor] for _, tensor in network.outputs]
    if not all(np.isfinite(each).all() for each in outputs):
        raise ConfigError(
            "the model itself gives NaN or infinity for them",
            _OPTION,
            "give data as the model was trained on, of the same scale",
        )
    return outputs


def _clipped(graph: Graph, raw: Mapping[str, Any]) -> dict[str, float]:
    """Return the share of samples that saturate at an input, by input.

    Raises:
        ConfigError: most of the data lie beyond the format of an input, or all vanish in it.
    """
    made, wrong = {}, []
    for node in graph.inputs:
        grid = unclipped(graph, node, raw[node.name])
        beyond = (grid < node.type.lo) | (grid > node.type.hi)
        reach = f"the data reach from {raw[node.name].min():g} to {raw[node.name].max():g}"
        if (share := float(np.mean(beyond))) > _MOST:
            wrong.append(
                f"{share:.0%} of the values of input {node.name} lie beyond {node.type.fixed}; "
                f"{reach}"
            )
        elif not grid.any():
            wrong.append(f"every value of input {node.name} is zero in {node.type.fixed}; {reach}")
        elif beyond.any():
            made[node.name] = float(np.mean(beyond.reshape(len(beyond), -1).any(axis=1)))
    if wrong:
        hint = "give data of the scale that the model was trained on, or another --input-format"
        raise ConfigError("; ".join(wrong), _OPTION, hint)
    return made
