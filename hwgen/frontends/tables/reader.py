# SPDX-License-Identifier: Apache-2.0
"""The reader of networks of tables, as KANELE writes Kolmogorov-Arnold networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.exact.builder import ExactBuilder, Origin
from hwgen.frontends.kinds import file_kind
from hwgen.frontends.options import Options
from hwgen.frontends.reader import Reader
from hwgen.frontends.tables.file import (
    CONFIG,
    VECTORS,
    Sizes,
    read_sizes,
    read_tables,
    read_vectors,
)
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph, Output
from hwgen.ir.tensor import Codes
from hwgen.ops.edge_tables import EdgeTables
from hwgen.ops.input_ import Input
from hwgen.ops.reference import Reference

INPUT, OUTPUT = "x", "y"


def _sniff(path: Path) -> bool:
    return file_kind(path) == "tables"


def _read(path: Path, options: Options) -> Graph:
    if options.weights is not None:
        raise ConfigError("tables need no weights", "--weights", "leave it out")
    if options.input_formats or options.masks or options.scaler:
        raise ConfigError(
            f"the numbers of a network of tables are in its {CONFIG}",
            path.name,
            "leave out --input-format, --masks and --scaler",
        )
    c = ExactBuilder(path.name, "the tables")
    sizes = read_sizes(c, path)
    if sizes is None:
        return c.graph(path.stem, ())  # raises
    tables = read_tables(c, path, sizes)
    vectors = read_vectors(c, path, sizes)
    value = c.emit(INPUT, Input.of(sizes.layers[:1], Fixed(sizes.widths[0])), [], _origin(INPUT))
    for layer, values in enumerate(tables):
        name = f"layer{layer}"
        value = c.emit(name, _operation(sizes, layer, values), [value], _origin(name))
    graph = c.graph(path.stem, [Output(OUTPUT, value.node, (1.0,))])
    if vectors is not None:
        _check_vectors(graph, *vectors)
    return graph


def _origin(name: str) -> Origin:
    return Origin(name, name)


def _operation(sizes: Sizes, layer: int, values: Codes) -> EdgeTables:
    """Return a layer: no bias, and sums that saturate at the bits of its output."""
    half = 1 << sizes.widths[layer + 1] - 1
    bias = np.zeros(values.shape[1], np.int64)
    return EdgeTables(values, sizes.first(layer), bias, -half, half - 1)


def _check_vectors(graph: Graph, given: Codes, wanted: Codes) -> None:
    """Refuse tables that do not compute the vectors beside them.

    Raises:
        ModelError: with the first output that differs.
    """
    made = Reference(graph).run({INPUT: given})[OUTPUT]
    wrong = np.argwhere(made != wanted)
    if len(wrong):
        row, column = (int(n) for n in wrong[0])
        raise ModelError(
            f"line {row + 1} says that output {column} is {wanted[row, column]}, the tables "
            f"compute {made[row, column]}; {len(np.unique(wrong[:, 0]))} of {len(made)} lines "
            "differ",
            VECTORS[1],
            "tables, config and vectors are of different networks, or a file is damaged",
        )


def _sources(path: Path, options: Options) -> dict[str, bytes]:
    """Return tables, configuration and vectors as they came."""
    there = [path, *(path.with_name(name) for name in (CONFIG, *VECTORS))]
    return {f"model/tables/{p.name}": p.read_bytes() for p in there if p.is_file()}


READER = Reader("tables", "networks of truth tables (.json)", _sniff, _read, _sources)
