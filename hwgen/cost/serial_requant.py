# SPDX-License-Identifier: Apache-2.0
"""Tables of a serial requantizer, part by part: rounding, overflow, and the lanes that leave.

Each part was counted by mapping requantizers alone, 4 and 16 side by side, for one to eight bits a
cycle (Yosys; rectified or signed, with and without overflow, with and without the half step in the
sum). No network was used. Two small functions share a table where tables have six inputs; where
they have four, each function has its own, and one of n signals is a tree of ceil((n - 1) / 3).
"""

from __future__ import annotations

from hwgen.logic.serial.graph import Bank, ceil_div

_HALF = {1: 1.0, 2: 1.0, 3: 1.5, 4: 1.5, 8: 2.2}  # cut and state, the half step being in the sum
_EXCESS = {1: 0.5, 2: 2.0, 3: 2.5, 4: 2.0, 8: 2.2}  # overflow of a result without a sign
_COMPARED = 4.0, 0.6  # bounds that are compared bit by bit: of a number, and of each lane


def _between(known: dict[int, float], digit: int) -> float:
    """Return the value for a width between those that are known, and the last one beyond."""
    low = max(d for d in known if d <= digit)
    high = min((d for d in known if d >= digit), default=low)
    if low == high:
        return known[low]
    return known[low] + (known[high] - known[low]) * (digit - low) / (high - low)


def overflows(bank: Bank) -> bool:
    """Tell whether a bit above the word of the result may be set."""
    return _above(bank) > 0 and (bank.sat_hi or (bank.lo < 0 and bank.sat_lo))


def _above(bank: Bank) -> int:
    """Return the bits above the word of the result, of which one that is set tells an overflow."""
    return bank.width - bank.signed - (bank.out_width - (bank.lo < 0))


def _tree(signals: int) -> int:
    """Return the tables of four inputs of a function of so many signals."""
    return ceil_div(signals - 1, 3)


def bounds_of_a_word(bank: Bank) -> bool:
    """Tell whether the bounds are those of a word, so that few bits tell an overflow."""
    signed = bank.lo < 0
    low = -(1 << (bank.out_width - 1)) if signed else 0
    high = (1 << (bank.out_width - signed)) - 1
    whole = (not bank.sat_lo or bank.lo == low) and (not bank.sat_hi or bank.hi == high)
    return whole and (bank.signed or not signed)


def requant_tables(bank: Bank, digit: int, small: bool) -> float:
    """Return the tables of one requantizer of a bank, shift registers and phases left out.

    Args:
        bank: the requantizers.
        digit: bits a cycle.
        small: whether tables have four inputs.
    """
    lanes = min(digit, bank.out_width - (bank.lo < 0))
    total = float(lanes) if small else 0.5 * lanes
    if bank.shift:
        total += (_rounding_small if small else _rounding)(bank, digit)
    if overflows(bank):
        total += (_overflow_small if small else _overflow)(bank, digit)
    if not bounds_of_a_word(bank):
        total += (_COMPARED[0] + _COMPARED[1] * digit) * (2 if small else 1)
    return total


def _rounding(bank: Bank, digit: int) -> float:
    return _between(_HALF, digit) if bank.half else digit + 1.0


def _overflow(bank: Bank, digit: int) -> float:
    if bank.lo < 0:
        return 0.5 * digit + min(digit, _above(bank))
    return _between(_EXCESS, digit)


def _rounding_small(bank: Bank, digit: int) -> float:
    if bank.half:
        return 1 + _tree(digit + 2)  # the cut; the state, of a digit, the first one and itself
    if digit == 1:
        return 4
    return 2 * digit + 1 if digit < 5 else digit + 5


def _overflow_small(bank: Bank, digit: int) -> float:
    phases = 1 if digit == 1 or _above(bank) == 1 else 2
    signals = min(digit, _above(bank)) + phases + 1  # of the flag: lanes, and itself
    if bank.lo >= 0:
        return _tree(signals)
    # A flag of ones and one of zeros, which the first bit clears, and the choice between them.
    return 2 * _tree(signals + 1) + (2 if digit == 1 else 3)
