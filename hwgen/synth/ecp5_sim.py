# SPDX-License-Identifier: Apache-2.0
"""Functions of the mapped cells of ECP5, for `Netlist.run`; after Lattice's library reference.

Values are integers whose bit t is the value in cycle t.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hwgen.errors import ToolFailed

Table = Callable[[int, tuple[int, ...]], int]


def evaluate(
    kind: str, pins: Mapping[str, int], params: Mapping[str, int], modes: Mapping[str, str],
    every: int, table: Table,
) -> dict[str, int] | None:  # fmt: skip
    """Return the outputs of a cell by pin; None if the kind is not known.

    Args:
        kind: of the primitive.
        pins: value of every input; those left out are 0.
        params: parameters that are numbers.
        modes: parameters that are words.
        every: the value that is one in every cycle.
        table: gives a look-up table's output from its content and inputs.

    Raises:
        ToolFailed: a register with an enable or an asynchronous reset.
    """

    def of(pin: str) -> int:
        return pins.get(pin, 0)

    if kind == "LUT4":
        return {"Z": table(params["INIT"], (of("A"), of("B"), of("C"), of("D")))}
    if kind == "CCU2C":
        made, carry = {}, of("CIN")
        for k in "01":
            ins = tuple(of(f"{pin}{k}") for pin in "ABCD")
            init, closed = params[f"INIT{k}"], modes.get(f"INJECT1_{k}", "YES") == "YES"
            whole, part = table(init, ins), table(init & 0xF, ins[:2])
            made[f"S{k}"] = whole if closed else whole ^ carry
            carry = (whole & carry) | (0 if closed else part & ~whole)
        return {**made, "COUT": carry}
    if kind == "PFUMX":
        return {"Z": of("BLUT") ^ ((of("BLUT") ^ of("ALUT")) & of("C0"))}
    if kind == "L6MUX21":
        return {"Z": of("D0") ^ ((of("D0") ^ of("D1")) & of("SD"))}
    if kind in ("VHI", "VLO"):
        return {"Z": every if kind == "VHI" else 0}
    if kind == "TRELLIS_FF":
        return {"Q": _register(pins, modes, every)}
    return None


def _register(pins: Mapping[str, int], modes: Mapping[str, str], every: int) -> int:
    enabled = modes.get("CEMUX", "CE")
    if not (enabled == "1" or (enabled == "CE" and pins.get("CE", every) == every)):
        raise ToolFailed("a register with an enable; a pipeline has none", "TRELLIS_FF")
    reset = pins.get("LSR", 0)
    if modes.get("LSRMUX", "LSR") == "INV":
        reset ^= every
    if reset and modes.get("SRMODE") == "ASYNC":
        raise ToolFailed("a register with an asynchronous reset", "TRELLIS_FF")
    data = pins.get("DI", 0)
    after = data | reset if modes.get("REGSET") == "SET" else data & ~reset
    return (after << 1) & every
