# SPDX-License-Identifier: Apache-2.0
"""Clock synthesis: the divisors that come nearest to a clock from below, and the primitive.

Limits: ECP5, Lattice FPGA-DS-02012; iCE40, Lattice FPGA-TN-02052; Gowin, UG286 (the narrower of
GW1N and GW2A). Nexus boards run from their oscillator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from hwgen.emit.verilog import sv
from hwgen.errors import ConfigError


@dataclass(frozen=True)
class Pll:
    """A setting of a family's PLL.

    Attributes:
        mhz: what comes out, exactly.
        divisors: reference, feedback and output divisor; the output's turns the oscillator's
            frequency into *mhz*.
    """

    mhz: Fraction
    divisors: tuple[int, int, int]


def best_clock(family: str, oscillator: float, goal: float) -> Pll | None:
    """Return the setting with the highest clock up to *goal* MHz; None for the oscillator itself.

    Raises:
        ConfigError: the slowest clock there is lies above the goal.
    """
    given, most = (Fraction(mhz).limit_denominator(10**6) for mhz in (oscillator, goal))
    settings = {"ecp5": _ecp5, "ice40": _ice40, "gowin": _gowin}.get(family)
    found = [pll for pll in settings(given) if pll.mhz <= most] if settings else []
    best = max(found, key=lambda pll: pll.mhz, default=None)  # of equals the first
    if given <= most and (best is None or given >= best.mhz):
        return None
    if best is None:
        raise ConfigError(
            f"a clock of {goal:g} MHz cannot be made from {oscillator:g} MHz on this board",
            "--bitstream",
            "build with a faster clock",
        )
    return best


def _ecp5(given: Fraction) -> Iterator[Pll]:
    for ref in range(1, 9):
        if given / ref < 10:  # a slow comparison makes a poor clock
            return
        for feedback in range(1, 81):
            out = given / ref * feedback
            if not 10 <= out <= 400:
                continue
            # The oscillator inside runs at 400 to 800 MHz; the middle is safest.
            divisor = round(600 / out)
            if 1 <= divisor <= 128 and 400 <= out * divisor <= 800:
                yield Pll(out, (ref, feedback, divisor))


def _ice40(given: Fraction) -> Iterator[Pll]:
    for ref in range(16):
        compared = given / (ref + 1)
        if not 10 <= compared <= 133:
            continue
        for power in range(1, 7):
            for feedback in range(64):
                inside = compared * (feedback + 1)
                if 533 <= inside <= 1066 and 16 <= inside / 2**power <= 275:
                    yield Pll(inside / 2**power, (ref, feedback, power))


def _gowin(given: Fraction) -> Iterator[Pll]:
    for ref in range(64):
        compared = given / (ref + 1)
        if compared < 3:
            return
        for feedback in range(64):
            out = compared * (feedback + 1)
            for divisor in (2, 4, 8, 16, 32, 48, 64, 80, 96, 112, 128):
                if 4 <= out <= 600 and 500 <= out * divisor <= 1200:
                    yield Pll(out, (ref, feedback, divisor))


def pll_instance(family: str, pll: Pll, oscillator: float) -> list[str]:
    """Return the primitive between ``board_clk_i`` and ``clk``, with ``locked``."""
    ref, feedback, divisor = pll.divisors
    if family == "ecp5":
        loop = '(* ICP_CURRENT = "12", LPF_RESISTOR = "8", MFG_ENABLE_FILTEROPAMP = "1" *)'
        params = {
            "CLKI_DIV": str(ref), "CLKFB_DIV": str(feedback), "CLKOP_DIV": str(divisor),
            "CLKOP_CPHASE": str((divisor - 1) // 2), "CLKOP_FPHASE": "0",
            "CLKOP_ENABLE": '"ENABLED"', "FEEDBK_PATH": '"CLKOP"', "PLLRST_ENA": '"DISABLED"',
            "INTFB_WAKE": '"DISABLED"', "STDBY_ENABLE": '"DISABLED"', "DPHASE_SOURCE": '"DISABLED"',
        }  # fmt: skip
        ports = {
            "CLKI": "board_clk_i", "CLKFB": "clk", "CLKOP": "clk", "LOCK": "locked",
            "RST": "1'b0", "STDBY": "1'b0", "PHASESEL0": "1'b0", "PHASESEL1": "1'b0",
            "PHASEDIR": "1'b1", "PHASESTEP": "1'b1", "PHASELOADREG": "1'b1",
            "PLLWAKESYNC": "1'b0", "ENCLKOP": "1'b0",
        }  # fmt: skip
        rates = (
            f'(* FREQUENCY_PIN_CLKI = "{oscillator:g}", '
            f'FREQUENCY_PIN_CLKOP = "{float(pll.mhz):g}" *)'
        )
        heads = [f"  {rates}", f'  {loop[:-3]}, MFG_GMCREF_SEL = "2" *)']
        return [*heads, *_instance("EHXPLLL", params, ports)]
    if family == "ice40":
        compared = Fraction(oscillator).limit_denominator(10**6) / (ref + 1)
        filters = sum(compared >= edge for edge in (17, 26, 44, 66, 101)) + 1
        params = {
            "FEEDBACK_PATH": '"SIMPLE"', "DIVR": f"4'd{ref}", "DIVF": f"7'd{feedback}",
            "DIVQ": f"3'd{divisor}", "FILTER_RANGE": f"3'd{filters}",
        }  # fmt: skip
        ports = {
            "PACKAGEPIN": "board_clk_i", "PLLOUTGLOBAL": "clk", "LOCK": "locked",
            "RESETB": "1'b1", "BYPASS": "1'b0",
        }  # fmt: skip
        return _instance("SB_PLL40_PAD", params, ports)
    params = {
        "FCLKIN": f'"{oscillator:g}"', "IDIV_SEL": str(ref), "FBDIV_SEL": str(feedback),
        "ODIV_SEL": str(divisor),
    }  # fmt: skip
    zeros = {"RESET": 1, "RESET_P": 1, "CLKFB": 1, "FBDSEL": 6, "IDSEL": 6, "ODSEL": 6,
             "PSDA": 4, "DUTYDA": 4, "FDLY": 4}  # fmt: skip
    ports = {"CLKIN": "board_clk_i", "CLKOUT": "clk", "LOCK": "locked"}
    return _instance("rPLL", params, ports | {k: f"{n}'b0" for k, n in zeros.items()})


def _instance(kind: str, params: dict[str, str], ports: dict[str, str]) -> list[str]:
    return sv.instance(kind, "u_pll", list(params.items()), list(ports.items()))
