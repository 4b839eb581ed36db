# SPDX-License-Identifier: Apache-2.0
"""Runs a tool of this room in a process of its own, with a time limit and its log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from hwgen.errors import ToolFailed, ToolMissing

TAIL_LINES = 30


def run(
    command: Sequence[str], folder: Path, *, name: str, what: str, timeout: float,
    stdin: bytes = b"", log: Path | None = None,
) -> str:  # fmt: skip
    """Run a program in *folder* and return what it printed (both streams).

    Args:
        command: program and arguments.
        folder: to run in.
        name: of the tool, for messages.
        what: it was working on, for messages.
        timeout: seconds; then it and all it started are ended.
        stdin: what it reads.
        log: file that keeps all that was printed, however it ended.

    Raises:
        ToolMissing: the program cannot be started.
        ToolFailed: it ended with an error, or not in time; the tail of its log is in the message.
    """
    # This Python's own folder comes first: a wrapper script must find this environment's python.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    try:
        process = subprocess.Popen(
            list(command), cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, start_new_session=True, env={**os.environ, "PATH": path},
        )  # fmt: skip
    except OSError as error:
        raise ToolMissing(
            f"{name} cannot be started ({error.strerror or error})", Path(command[0]).name
        ) from error
    late = False
    try:
        out, _ = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        late = True
        os.killpg(process.pid, signal.SIGKILL)  # what it started runs under it
        out, _ = process.communicate()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    text = out.decode("utf-8", "replace")
    if log is not None:
        log.write_text(text, encoding="utf-8")
    if late or process.returncode:
        how = f"took more than {timeout:g} s" if late else f"ended with {process.returncode}"
        raise ToolFailed("\n".join([f"{name} {how}", *tail(text)]), what)
    return text


def tail(log: str) -> list[str]:
    """Return the last lines of a log that say something, indented for a message."""
    return [f"  | {line}" for line in log.splitlines() if line.strip()][-TAIL_LINES:]
