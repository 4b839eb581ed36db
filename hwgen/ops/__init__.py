# SPDX-License-Identifier: Apache-2.0
"""The operations: importing this room registers every one of them.

Each file holds one operation or one closely related family; `OPS` maps a kind to its class.
"""

from __future__ import annotations

from hwgen.ops.base import OPS, Example, Op
from hwgen.ops.conv import Conv
from hwgen.ops.dense import Dense
from hwgen.ops.depthwise import DepthwiseConv
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
    "Add",
    "Concat",
    "Conv",
    "Dense",
    "DepthwiseConv",
    "Example",
    "Input",
    "MaxPool",
    "Maximum",
    "MovePoint",
    "MulShift",
    "Multiply",
    "Op",
    "Pad",
    "Permute",
    "Requantize",
    "Reshape",
    "ShiftLeft",
    "SumPool",
    "Thresholds",
    "Upsample",
]
