# SPDX-License-Identifier: Apache-2.0
"""Loading: a model file in, an integer graph out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.bundle import load_bundle
from hwgen.frontends.keras.file import read_keras, sniff
from hwgen.frontends.options import Options, scaler_fits, settled
from hwgen.frontends.qkeras.convert import convert
from hwgen.ir.graph import Graph
from hwgen.ir.names import node_name
from hwgen.passes import run_passes

MAX_NAME = 64


def load(
    model: Path | str, weights: Path | str | None = None, options: Options | None = None,
    input_format: str | Mapping[str, str] | None = None,
) -> Graph:  # fmt: skip
    """Read a model and return its integer graph, passes done.

    Args:
        model: ``.h5``, ``.keras``, architecture ``.json`` with *weights*, or a hwgen bundle.
        weights: weights file of an architecture in JSON.
        options: input formats, masks, scaler.
        input_format: ``s8.4``, as `options` takes it.

    Raises:
        ConfigError, ModelError: with every problem of the model.
    """
    path = Path(model)
    options = settled(options, input_format)
    if sniff(path) == "bundle":
        if weights is not None:
            raise ConfigError("a bundle has its weights inside", "--weights", "leave it out")
        if options.input_formats or options.masks or options.scaler:
            raise ConfigError(
                "a bundle is converted already",
                path.name,
                "give the Keras model, or leave out --input-format, --masks and --scaler",
            )
        return load_bundle(path)
    stored = read_keras(path, None if weights is None else Path(weights))
    graph = run_passes(convert(stored, options))
    if not graph.inputs:
        raise ModelError("the model lists no input layer", path.name, "save it again with Keras")
    shape = graph.inputs[0].type.shape
    if graph.scaler_mean and not scaler_fits(len(graph.scaler_mean), shape):
        raise ConfigError(
            f"{len(graph.scaler_mean)} figures do not fit an input of shape {shape}",
            "--scaler",
            "one for all, one a channel (last axis), or one an element",
        )
    return graph


def top_name(model: Path | str | Graph) -> str:
    """Return what the design of a model is called unless told otherwise."""
    return node_name(model.name if isinstance(model, Graph) else Path(model).stem)[:MAX_NAME]


def _checked(name: str) -> str:
    if name != node_name(name) or len(name) > MAX_NAME:
        raise ConfigError(
            f"{name!r} is no name for a Verilog module",
            "--name",
            f"letters, digits and underscores, a letter first, {MAX_NAME} at most",
        )
    return name
