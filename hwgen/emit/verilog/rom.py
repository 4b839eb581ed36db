# SPDX-License-Identifier: Apache-2.0
"""Memories of constants as modules, and constant vectors as numbers."""

from __future__ import annotations

from hwgen.emit.verilog import sv
from hwgen.ir.tensor import Codes


def address_bits(words: int) -> int:
    """Return the bits of an address of so many words; one at least."""
    return max((words - 1).bit_length(), 1)


def packed(codes: Codes, width: int) -> int:
    """Return codes of *width* bits as one number, the first in the lowest bits."""
    mask, word = (1 << width) - 1, 0
    for code in reversed(codes.tolist()):
        word = word << width | (int(code) & mask)
    return word


def packed_literal(codes: Codes, width: int) -> str:
    """Return a vector of codes as a sized number in hexadecimal, the first in the lowest bits."""
    bits = len(codes) * width
    return f"{bits}'h{packed(codes, width):0{-(-bits // 4)}x}"


def rom(words: Codes, width: int, module: str, block: bool) -> list[str]:
    """Return the lines of a memory of constants that registers the word it reads.

    Args:
        words: (words, codes); the first code of a word is in its lowest bits.
        width: bits of a code.
        module: name.
        block: whether it is made of memory blocks, else of tables.
    """
    bits, places = words.shape[1] * width, address_bits(len(words))
    style = "block" if block else "distributed"
    ports = [
        sv.PortDecl("input", None, "clk_i"),
        sv.PortDecl("input", None, "step_i", "registers the next word"),
        sv.PortDecl("input", places, "address_i"),
        sv.PortDecl("output", bits, "data_o", f"{words.shape[1]} of {width} bits"),
    ]
    body = [
        f'  (* rom_style = "{style}" *) logic {sv.span(bits)} rom [0:{len(words) - 1}];',
        "  initial begin",
        *(f"    rom[{i}] = {packed_literal(word, width)};" for i, word in enumerate(words)),
        "  end",
        "",
        "  always_ff @(posedge clk_i) begin",
        "    if (step_i) data_o <= rom[address_i];",
        "  end",
    ]
    return sv.module(module, ports, body)
