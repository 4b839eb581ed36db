# SPDX-License-Identifier: Apache-2.0
"""FPGA families: delays and sizes of their primitives, read from boards/families/*.toml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hwgen import paths
from hwgen.errors import ConfigError, suggest
from hwgen.target.toml_table import Maybe, positive, read, sources

_FAMILY: dict[str, Any] = {
    "name": str,
    "title": str,
    "vendor": str,
    "lut": {
        "inputs": int,
        "carry_group": int,
        "adder_operands": int,
        "memory": Maybe(bool),
        "source": str,
    },
    "dsp": Maybe({"a_width": int, "b_width": int, "source": str}),
    "bram": Maybe({"bits": int, "max_width": int, "source": str}),
    "delay": {
        part: {"ns": float, "source": str}
        for part in (
            "lut",
            "net",
            "carry_in",
            "carry_per_bit",
            "carry_out",
            "third_operand",
            "clk_to_q",
            "setup",
            "margin",
        )
    },
}


def load_family(name: str, board: Path) -> Family:
    """Return a family, from beside the file of a board or from those that are shipped.

    Raises:
        ConfigError: there is none of that name, or its file is wrong.
    """
    folders = (board.parent / "families", paths.boards() / "families")
    for folder in folders:
        path = folder / f"{name}.toml"
        if path.is_file():
            return _read_family(path)
    known = sorted({p.stem for folder in folders for p in folder.glob("*.toml")})
    raise ConfigError(
        f"unknown family {name!r}",
        f"{board.name}: family",
        f"{suggest(name, known)}known families: {', '.join(known)}",
    )


def _read_family(path: Path) -> Family:
    data = read(path, _FAMILY)
    where = f"families/{path.name}"
    lut, delay = data["lut"], data["delay"]
    positive(where, lut, "lut", "inputs", "carry_group")
    for part, figure in delay.items():
        if figure["ns"] < 0:
            raise ConfigError(f"a delay cannot be {figure['ns']}", f"{where}: delay.{part}.ns")
    if lut["adder_operands"] not in (2, 3):
        raise ConfigError(
            f"2 or 3 is expected, not {lut['adder_operands']}", f"{where}: lut.adder_operands"
        )
    dsp, bram = data["dsp"], data["bram"]
    if dsp is not None:
        positive(where, dsp, "dsp", "a_width", "b_width")
        if dsp["a_width"] < dsp["b_width"]:
            raise ConfigError("a_width is the wider of the two", f"{where}: dsp.a_width")
    if bram is not None:
        positive(where, bram, "bram", "bits", "max_width")
    return Family(
        name=data["name"],
        title=data["title"],
        vendor=data["vendor"],
        lut_inputs=lut["inputs"],
        table_memory=lut["memory"] is not False,
        carry_group=lut["carry_group"],
        adder_operands=lut["adder_operands"],
        **{part: figure["ns"] for part, figure in delay.items()},
        sources=sources(data),
        dsp_widths=None if dsp is None else (dsp["a_width"], dsp["b_width"]),
        bram_bits=0 if bram is None else bram["bits"],
        bram_width=0 if bram is None else bram["max_width"],
    )


@dataclass(frozen=True)
class Family:
    """FPGA family, as the delay and the cost model need it. Delays are in nanoseconds.

    Attributes:
        name: file name without its ending.
        title, vendor: for people and for project scripts.
        lut_inputs: inputs of the largest single look-up table.
        carry_group: positions that one step of the carry chain covers.
        adder_operands: 3 where a look-up table and a carry position a bit add three, else 2.
        lut: input to output of a look-up table.
        net: one routed net.
        carry_in: operand pin into the carry chain, its look-up table included.
        carry_per_bit: along the chain.
        carry_out: from the chain to a sum output.
        third_operand: what an adder of three takes longer than one of two.
        clk_to_q, setup: of a flip-flop.
        margin: kept free in every stage.
        sources: figure to where it comes from.
        dsp_widths: signed operands of the multiplier in a DSP block, the wider first; None if the
            family's file does not tell.
        bram_bits: of one block of memory, as a board's budget counts them; 0 if not told.
        bram_width: bits of its widest port; 0 if not told.
        table_memory: whether look-up tables can hold memory that is written.
    """

    name: str
    title: str
    vendor: str
    lut_inputs: int
    carry_group: int
    adder_operands: int
    lut: float
    net: float
    carry_in: float
    carry_per_bit: float
    carry_out: float
    third_operand: float
    clk_to_q: float
    setup: float
    margin: float
    sources: tuple[tuple[str, str], ...]
    dsp_widths: tuple[int, int] | None = None
    bram_bits: int = 0
    bram_width: int = 0
    table_memory: bool = True

    def adder_ns(self, width: int, operands: int = 2) -> float:
        """Return the delay of a carry chain of *width* positions with the net in front of it."""
        steps = -(-width // self.carry_group)
        chain = steps * self.carry_group * self.carry_per_bit
        extra = self.third_operand if operands == 3 else 0.0
        return self.net + self.carry_in + chain + self.carry_out + extra

    def logic_ns(self, levels: int) -> float:
        """Return the delay of *levels* look-up tables with the nets in front of them."""
        return levels * (self.net + self.lut)

    @property
    def overhead_ns(self) -> float:
        """Part of the period that a register stage takes before any logic."""
        return self.clk_to_q + self.setup + self.margin
