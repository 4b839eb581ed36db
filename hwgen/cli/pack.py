# SPDX-License-Identifier: Apache-2.0
"""The verb that hands a design to others' tools."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from hwgen.cli.common import Arguments, Verbs, progress


def _pack(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.api import pack

    return pack.pack(
        Path(args.out), args.to and Path(args.to), args.format or (), say=progress(args)
    )


VERBS: Verbs = {"pack": (_pack, "package a built design as an IP core, with drivers")}

# fmt: off
ARGUMENTS: Arguments = (
    ("pack", "out", {"metavar": "OUT", "help": "a folder that 'hwgen build' wrote"}),
    ("pack", "-o --to", {"metavar": "DIR", "help": "folder to write; default: OUT/ip"}),
    ("pack", "--format", {"action": "append", "metavar": "NAME", "help": "ip-xact, fusesoc, "
        "vivado, pynq, c, trigger or all; may be repeated; default: all"}),
)
# fmt: on
