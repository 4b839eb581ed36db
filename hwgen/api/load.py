# SPDX-License-Identifier: Apache-2.0
"""Loading: a model file in, an integer graph out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from hwgen.errors import ConfigError
from hwgen.frontends import read
from hwgen.frontends.options import Options, settled
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
    options = with_weights(settled(options, input_format), weights)
    return run_passes(read(Path(model), options))


def with_weights(options: Options, weights: Path | str | None) -> Options:
    """Return the options with a weights file that was named beside them."""
    return options if weights is None else replace(options, weights=Path(weights))


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
