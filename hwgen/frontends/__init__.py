# SPDX-License-Identifier: Apache-2.0
"""Front ends: readers that turn the file of a trained model into an integer graph.

`READERS` lists what can be read; adding a format is one reader and one line here. All of them build
their graphs with ``frontends/exact``, so that no number is rounded on the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hwgen.frontends.bundle import READER as BUNDLE
from hwgen.frontends.heads import with_outputs
from hwgen.frontends.kinds import file_kind, refusal
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.reader import READER as KERAS
from hwgen.frontends.reader import Reader
from hwgen.frontends.tables.reader import READER as TABLES
from hwgen.ir.graph import Graph

READERS: tuple[Reader, ...] = (KERAS, BUNDLE, TABLES)


def reader_of(path: Path) -> Reader:
    """Return the reader that takes a file.

    Raises:
        ConfigError: there is no such file, or it cannot be opened.
        ModelError: no reader takes it.
    """
    kind = file_kind(path)
    for reader in READERS:
        if reader.sniff(path):
            return reader
    *most, last = [reader.reads for reader in READERS]
    raise refusal(kind, path.name, f"{', '.join(most)} and {last}")


def read(path: Path, options: Options | None = None) -> Graph:
    """Return the integer graph of a model file, before any pass.

    Raises:
        ConfigError, ModelError: with every problem of the model.
    """
    reader, options = reader_of(path), options or Options()
    graph = reader.read(path, options)
    # A Keras model is cut before it is converted: what is left out need not have an integer form.
    return graph if reader is KERAS else with_outputs(graph, options.outputs)


def sources(path: Path, options: Options | None = None) -> Mapping[str, bytes]:
    """Return what a build ships of a model file as it came, by path in the build folder."""
    return reader_of(path).sources(path, options or Options())
