# SPDX-License-Identifier: Apache-2.0
"""Runs one cocotb job in a process of its own: ``python runner.py JOB.json``.

cocotb's runner reads and changes the process's environment and ends the process on failure; here it
may.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from cocotb_tools.runner import get_runner


def main(path: Path) -> None:
    """Build (where the job asks for it) and test."""
    job = json.loads(path.read_text(encoding="utf-8"))
    runner = get_runner(job["simulator"])
    if job["build"]:
        runner.build(**job["build"])
    runner.test(**job["test"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
