# SPDX-License-Identifier: Apache-2.0
"""Step functions by channel behind a folded layer: one comparator a level for a row of the fold.

A folded layer gives a few channels a cycle. ``hwg_stream_thresholds`` takes them as they come, with
the constants of their turn; adder graphs would wait for all channels and compare each by itself.
"""

from __future__ import annotations

import numpy as np

from hwgen.design.types import UnitRef
from hwgen.errors import count_of
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Node
from hwgen.ir.tensor import Codes
from hwgen.ops.thresholds import Thresholds
from hwgen.plan.stream.maps import Map
from hwgen.plan.stream.segments import Segment
from hwgen.plan.stream.units import Facts
from hwgen.units.facts import facts, with_defaults

UNIT = "hwg_stream_thresholds"
FEW, MOST = 4, 255  # thresholds of a channel; fewer, alike in all words, are compared at once


def takes(segment: Segment, lanes: int) -> bool:
    """Tell whether the first function behind a folded layer is such steps, *lanes* a word."""
    if not segment.tail:
        return False
    first, *rest = segment.tail
    op, shape = first.op, first.type.shape
    return (
        isinstance(op, Thresholds)
        and shape[-1] % lanes == 0
        and op.thresholds.shape[-1] <= MOST
        and (op.thresholds.shape[-1] >= FEW or op.on_word(shape, lanes) is None)
        and _by_channel(op.thresholds)
        and _by_channel(op.values)
        and all(node.op.on_word(node.type.shape, lanes) is not None for node in rest)
    )


def comparisons(node: Node) -> int:
    """Return the comparisons of a function of one number that are made at once, at least one."""
    return node.op.thresholds.shape[-1] if isinstance(node.op, Thresholds) else 1


def _by_channel(rows: Codes) -> bool:
    """Tell whether rows of constants are those of channels, or one for all."""
    return all(size == 1 for size in rows.shape[:-2])


def params_of(node: Node, lanes: int, fixed: Fixed) -> dict[str, int]:
    """Return the parameters of the unit for steps.

    Args:
        node: the steps.
        lanes: channels of a word.
        fixed: of the numbers that it reads.
    """
    op = node.op
    assert isinstance(op, Thresholds)
    turns = node.type.shape[-1] // lanes
    values = _turns(op.values, node, lanes)
    return {
        "Lanes": lanes, "Turns": turns, "Levels": op.thresholds.shape[-1].bit_length(),
        "InWidth": fixed.width, "InSigned": int(fixed.signed), "OutWidth": node.type.fixed.width,
        "ValueTurns": 1 if bool((values == values[:1]).all()) else turns,
    }  # fmt: skip


def _turns(rows: Codes, node: Node, lanes: int) -> Codes:
    """Return rows of constants by turn and lane, (turns, lanes, constants)."""
    channels, count = node.type.shape[-1], rows.shape[-1]
    whole: Codes = np.broadcast_to(rows.reshape(-1, count), (channels, count))
    return whole.reshape(-1, lanes, count)


def stairs(node: Node, source: Map) -> Facts:
    """Return the unit for steps by channel.

    Args:
        node: the steps.
        source: what they read, some channels a word.
    """
    op, params = node.op, params_of(node, source.lanes, source.fixed)
    assert isinstance(op, Thresholds)
    steps, top = op.thresholds.shape[-1], 1 << source.fixed.width
    more = 2 ** params["Levels"] - 1 - steps
    limits = np.clip(_turns(op.thresholds, node, source.lanes), -top, top - 1)
    values = _turns(op.values, node, source.lanes)[: params["ValueTurns"]]
    constants = {
        "Thresholds": np.pad(limits, ((0, 0), (0, 0), (0, more)), constant_values=top - 1),
        "Values": np.pad(values, ((0, 0), (0, 0), (0, more)), mode="edge"),
    }
    return Facts(
        UnitRef(UNIT, params, {name: codes.reshape(-1) for name, codes in constants.items()}),
        source.lanes,
        source.words,
        facts(UNIT).latency(with_defaults(UNIT, params)),
        source.words,
        f"{count_of(steps, 'step')}, {count_of(source.lanes, 'channel')} a word, "
        f"{count_of(params['Turns'], 'turn')}",
    )
