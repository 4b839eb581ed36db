# SPDX-License-Identifier: Apache-2.0
"""Memories of a self-test: the samples and what is expected of them, as words of a core's ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.design.types import Port
from hwgen.emit.verilog import sv

Rows = Mapping[str, npt.NDArray[np.int64]]  # vectors by port, (samples, *shape)


@dataclass(frozen=True)
class Words:
    """Content of a memory.

    Attributes:
        bits: of a word.
        rows: the words, the first element of each in the lowest bits.
    """

    bits: int
    rows: Sequence[int]

    def only(self, kept: Sequence[int]) -> Words:
        """Return some of the words, by their place."""
        return Words(self.bits, [self.rows[i] for i in kept])


def sample_words(ports: Sequence[Port], vectors: Rows) -> Words:
    """Return the samples of several ports, each sample one word; the first port lowest."""
    count = len(next(iter(vectors.values())))
    rows, low = [0] * count, 0
    for port in ports:
        made = _packed(vectors[port.name].reshape(count, -1), port.fixed.width)
        rows = [row | word << low for row, word in zip(rows, made, strict=True)]
        low += port.bits
    return Words(low, rows)


def link_words(port: Port, vectors: Rows, words: int) -> Words:
    """Return the samples of a port, each as *words* words that follow each other."""
    lanes = port.size // words
    table = np.asarray(vectors[port.name]).reshape(-1, lanes)
    return Words(lanes * port.fixed.width, _packed(table, port.fixed.width))


def memory(name: str, words: Words) -> list[str]:
    """Return a memory with its content, and the register behind it."""
    digits = -(-words.bits // 4)
    return [
        f"  logic {sv.span(words.bits)} {name}_mem [0:{len(words.rows) - 1}];",
        f"  logic {sv.span(words.bits)} {name}_q;",
        "  initial begin",
        *(
            f"    {name}_mem[{i}] = {words.bits}'h{word:0{digits}x};"
            for i, word in enumerate(words.rows)
        ),
        "  end",
        f"  always_ff @(posedge clk_i) {name}_q <= {name}_mem[{name}_addr];",
    ]


def address_bits(words: Words) -> int:
    """Return the width of a memory's address."""
    return max((len(words.rows) - 1).bit_length(), 1)


def _packed(table: npt.NDArray[Any], width: int) -> list[int]:
    """Return rows of codes as words, the first code in the lowest bits."""
    made = []
    for row in table.tolist():
        word = 0
        for code in reversed(row):
            word = word << width | int(code) % (1 << width)
        made.append(word)
    return made
