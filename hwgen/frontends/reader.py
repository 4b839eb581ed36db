# SPDX-License-Identifier: Apache-2.0
"""Reader: the functions that recognise one kind of model file and turn it into a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hwgen.frontends.options import Options
from hwgen.ir.graph import Graph


@dataclass(frozen=True)
class Reader:
    """A reader of trained models.

    Attributes:
        name: of the format.
        reads: the files it takes, in words that complete "hwgen reads ...".
        sniff: tells by a file's content whether it is this reader's.
        read: returns the integer graph; raises ConfigError and ModelError.
        sources: returns what a build ships of the model as it came, by path in the build folder.
    """

    name: str
    reads: str
    sniff: Callable[[Path], bool]
    read: Callable[[Path, Options], Graph]
    sources: Callable[[Path, Options], Mapping[str, bytes]]
