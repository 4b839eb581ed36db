# SPDX-License-Identifier: Apache-2.0
"""Loading: a model file in, an integer graph out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from hwgen.errors import ConfigError
from hwgen.frontends import read
from hwgen.frontends.heads import with_head
from hwgen.frontends.keras import live
from hwgen.frontends.keras.file import KerasModel
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
    return headed(read(Path(model), options), options)


def headed(graph: Graph, options: Options) -> Graph:
    """Return the graph of a reader with the head that is asked for, passes done.

    Raises:
        ConfigError: the outputs cannot have that head.
    """
    return run_passes(with_head(graph, options.head or "logits"))


@dataclass(frozen=True)
class KerasGraph(Graph):
    """Graph of a Keras model in memory.

    Attributes:
        source: name and content of the model's own file, which a build ships so that it can be
            verified; the name is empty where no file says all that the model computes.
        stored: the model as a reader of its file would return it.
    """

    source: tuple[str, bytes] = field(default=("", b""), compare=False, repr=False)
    stored: KerasModel | None = field(default=None, compare=False, repr=False)


def from_keras(
    model: Any,
    options: Options | None = None,
    *,
    input_format: str | Mapping[str, str] | None = None,
) -> KerasGraph:
    """Return the integer graph of a Keras or QKeras model in memory, passes done.

    Args:
        model: the model.
        options: input formats, masks, scaler.
        input_format: ``s8.4`` for every input that no quantizer follows, or a table by name.

    Raises:
        ConfigError, ModelError: as for a file.
    """
    given = settled(options, input_format)
    saved = live.saved(model)
    graph = headed(live.from_keras(saved, given), given)
    own = {each.name: getattr(graph, each.name) for each in fields(Graph)}
    return KerasGraph(**own, source=(saved.name, saved.content), stored=saved.model)


def with_weights(options: Options, weights: Path | str | None) -> Options:
    """Return the options with a weights file that was named beside them."""
    return options if weights is None else replace(options, weights=Path(weights))


def top_name(model: Path | str | Graph, out: Path | str | None = None) -> str:
    """Return the name that the design of a model has unless told otherwise.

    A model in memory has none but Keras' counter, such as ``sequential_3``: the output folder
    names it.
    """
    if isinstance(model, KerasGraph) and out is not None:
        return node_name(Path(out).absolute().name)[:MAX_NAME]
    return node_name(model.name if isinstance(model, Graph) else Path(model).stem)[:MAX_NAME]


def checked_name(name: str) -> str:
    """Return a name that a design can have, as it is.

    Raises:
        ConfigError: a Verilog module cannot be called so.
    """
    if name != node_name(name) or len(name) > MAX_NAME:
        raise ConfigError(
            f"{name!r} is no name for a Verilog module",
            "--name",
            f"letters, digits and underscores, a letter first, {MAX_NAME} at most",
        )
    return name
