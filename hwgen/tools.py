# SPDX-License-Identifier: Apache-2.0
"""Other people's programs: found, and run with a log and a time limit.

The only module of hwgen/ that starts a process.
"""

from __future__ import annotations

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
# In front of a command: its stack may grow as far as the system allows, for programs that follow
# deep expressions by recursion.
DEEP = ("sh", "-c", 'ulimit -s "$(ulimit -H -s)" 2>/dev/null; exec "$0" "$@"')


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


def search_path(*first: Path) -> str:
    """Return PATH with *first* and this Python's own folder in front.

    A wrapper script, and make, must find this environment's ``python``.
    """
    own = str(Path(sys.executable).parent)
    return os.pathsep.join([*map(str, first), own, os.environ.get("PATH", "")])


def on_path(program: str, name: str, hint: str) -> Tool:
    """Return a program that is on the path.

    Raises:
        ToolMissing: it is not; *hint* says how to get it.
    """
    found = shutil.which(program, path=search_path())
    if found is None:
        raise ToolMissing(f"{name} is not installed", program, hint)
    return Tool(name, Path(found))


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return this process's environment without what would change a simulation, plus *extra*."""
    kept = {
        key: value
        for key, value in os.environ.items()
        # The first four change what cocotb's runner does; the last two what make does.
        if not key.startswith(("COCOTB_", "GPI_", "PYGPI_", "VERILATOR_"))
        and key not in ("WAVES", "GUI", "PYTEST_CURRENT_TEST", "MAKEFLAGS", "MAKELEVEL")
    }
    return {**kept, "PATH": search_path(), **(extra or {})}


def run(
    command: Sequence[str],
    folder: Path | None = None,
    *,
    name: str = "",
    what: str = "",
    timeout: float = 1800.0,
    stdin: bytes = b"",
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
) -> str:
    """Run a program and return what it printed (both streams).

    Args:
        command: program and arguments, behind `DEEP` or not.
        folder: to run in.
        name: of the tool, for messages; its command line is in them where this is left out.
        what: it was working on, for messages.
        timeout: seconds; then it and all it started are ended.
        stdin: bytes that it reads.
        env: variables added to a cleaned copy of this process's environment.
        log: file that keeps all that was printed, however it ended.

    Raises:
        ToolMissing: the program cannot be started.
        ToolFailed: it ended with an error, or not in time; the tail of its log is in the message.
    """
    shown = command[len(DEEP) :] if tuple(command[: len(DEEP)]) == DEEP else command
    title = name or Path(shown[0]).name
    try:
        # A session of its own, so that a time limit ends the compiler under make under us as well.
        process = subprocess.Popen(
            list(command),
            cwd=folder,
            env=environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        reason = error.strerror or error
        raise ToolMissing(f"{title} cannot be started ({reason})", what) from error
    late = False
    try:
        output, _ = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)  # what it started runs under it
        output, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    text = output.decode("utf-8", "replace")
    if log is not None:
        log.write_text(text, encoding="utf-8")
    if late or process.returncode:
        how = f"took more than {timeout:g} s" if late else f"ended with status {process.returncode}"
        raise failed(f"{title} {how}", () if name else shown, text, what)
    return text


def failed(problem: str, command: Sequence[str], log: str, what: str) -> ToolFailed:
    """Return the error for a program that failed: problem, command if any, tail of the log."""
    shown = [f"command: {' '.join(command)}"] if command else []
    return ToolFailed("\n".join([problem, *shown, *tail(log)]), what)


def tail(log: str) -> list[str]:
    """Return the last lines of a log that say something, indented for a message."""
    return [f"  | {line}" for line in log.splitlines() if line.strip()][-TAIL_LINES:]
