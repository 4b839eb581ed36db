# SPDX-License-Identifier: Apache-2.0
"""Verb that packages a build for the tools of others."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hwgen.cli.common import Arguments, Verbs, progress
from hwgen.errors import Result

if TYPE_CHECKING:
    from hwgen.package.identity import Listing


def _pack(args: argparse.Namespace) -> Result:
    from hwgen.api import pack

    to = args.to and Path(args.to)
    return pack.pack(Path(args.out), to, args.format or (), listing(args), progress(args))


def listing(args: argparse.Namespace) -> Listing:
    """Return what a user sets of a core's identity in catalogues."""
    from hwgen.package.identity import Listing

    return Listing(args.vendor, args.library, args.ip_name, args.ip_version, args.revision)


_CORES = "pack,codec build"  # verbs that write IP cores

VERBS: Verbs = {"pack": (_pack, "package a built design as an IP core, with drivers")}

# fmt: off
ARGUMENTS: Arguments = (
    ("pack", "out", {"metavar": "OUT", "help": "a folder that 'hwgen build' wrote"}),
    ("pack", "-o --to", {"metavar": "DIR", "help": "folder to write; default: OUT/ip"}),
    ("pack", "--format", {"action": "append", "metavar": "NAME", "help": "ip-xact, fusesoc, "
        "edam, vivado, pynq, c, trigger or all; may be repeated; default: all"}),
    (_CORES, "--vendor", {"metavar": "NAME", "help": "vendor in catalogues; default: hwgen"}),
    (_CORES, "--library", {"metavar": "NAME", "help": "library in catalogues; default: ip"}),
    (_CORES, "--ip-name", {"metavar": "NAME", "help": "name in catalogues; default: that of the "
        "core, a network's with the first digits of its model's digest"}),
    (_CORES, "--ip-version", {"metavar": "N.N.N", "help": "version in catalogues; default: that of "
        "hwgen"}),
    (_CORES, "--revision", {"metavar": "N", "type": int, "help": "revision of the version; "
        "default: 1"}),
)
# fmt: on
