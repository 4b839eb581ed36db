# SPDX-License-Identifier: Apache-2.0
"""Operations of a graph; importing this package registers every one of them.

Each file holds one operation, or a few that are close; `OPS` maps a kind to its class. What an
operation is for, others learn from its family (`hwgen.ops.base`). A new file is found by itself;
the names below are for those who write graphs by hand.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from hwgen.ops.base import (
    OPS,
    Activation,
    Elementwise,
    Example,
    Matmul,
    Movement,
    Op,
    Sum,
)
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv
from hwgen.ops.edge_conv import EdgeConv
from hwgen.ops.edge_tables import EdgeTables
from hwgen.ops.input_ import Input
from hwgen.ops.merge import Add, Concat, Maximum, Multiply
from hwgen.ops.movepoint import MovePoint
from hwgen.ops.mulshift import MulShift
from hwgen.ops.pool import MaxPool, SumPool
from hwgen.ops.requantize import Requantize
from hwgen.ops.shape import Pad, Permute, Reshape, ShiftLeft, Upsample
from hwgen.ops.thresholds import Thresholds

__all__ = [
    "OPS",
    "Activation",
    "Add",
    "Concat",
    "Conv",
    "Dense",
    "DepthwiseConv",
    "EdgeConv",
    "EdgeTables",
    "Elementwise",
    "Example",
    "Input",
    "Matmul",
    "MaxPool",
    "Maximum",
    "MovePoint",
    "Movement",
    "MulShift",
    "Multiply",
    "Op",
    "Pad",
    "Permute",
    "Requantize",
    "Reshape",
    "ShiftLeft",
    "Sum",
    "SumPool",
    "Thresholds",
    "Upsample",
]

for _module in sorted(found.name for found in iter_modules(__path__)):
    import_module(f"{__name__}.{_module}")
