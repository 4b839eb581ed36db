# SPDX-License-Identifier: Apache-2.0
"""A design as HLS C++: its functions, AXI-Stream top, constants, benches and scripts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hwgen import paths
from hwgen.design.names import ModuleNames
from hwgen.design.types import Design
from hwgen.emit.hls.axis import axis_files
from hwgen.emit.hls.bench import bench_files
from hwgen.emit.hls.flow import FlowCore
from hwgen.emit.hls.project import Device, project_files
from hwgen.emit.hls.serial import SerialCore
from hwgen.emit.hls.serial_stages import SerialText, serial_code
from hwgen.emit.hls.stream import StreamText
from hwgen.errors import ConfigError
from hwgen.files import FileSet
from hwgen.ir.tensor import Codes

_SUPPORT = ("lang/int.h", "lang/pragmas.h", "lang/stream.h")
MOST_BITS = 63  # of an element: what the bench's numbers hold


def code_of(design: Design) -> FlowCore | SerialCore | SerialText | StreamText:
    """Return the text of a design in its style.

    Raises:
        ConfigError: a unit without a twin, or numbers that C++ does not hold.
    """
    if design.style == "stream":
        return StreamText(design)
    return serial_code(design) if design.style == "serial" else FlowCore(design)


def emit_hls(
    design: Design, device: Device, inputs: Mapping[str, Codes], outputs: Mapping[str, Codes]
) -> FileSet:
    """Return ``hls/`` of a design.

    Args:
        design: what to print.
        device: part and clock of the scripts.
        inputs: of the test bench, codes of shape (samples, *shape) by port.
        outputs: what the reference says of them, likewise.

    Raises:
        ConfigError: a unit without a C++ twin, or numbers that C++ does not hold.
    """
    for port in (*design.inputs, *design.outputs):
        if port.fixed.width > MOST_BITS:
            raise ConfigError(
                f"elements of {port.fixed.width} bits; HLS C++ has ports of up to {MOST_BITS}",
                port.name,
                "build without --hls, or give the port a narrower format",
            )
    text = code_of(design)
    words = design.style == "stream"
    units = text.units | (
        {"axis_from_words", "axis_to_words"} if words else {"axis_pack", "axis_unpack"}
    )
    files: dict[str, bytes | str] = {
        f"hwg/{name}": content for name, content in twin_headers(units).items()
    }
    files |= text.files()
    files |= axis_files(design, text.top, ModuleNames.of(design).axis)
    files |= bench_files(design, text.top, inputs, outputs)
    files |= project_files(text.top, text.sources, device, design.style == "parallel")
    return FileSet.of({f"hls/{name}": content for name, content in files.items()})


def twin_headers(units: Iterable[str]) -> Mapping[str, bytes]:
    """Return twins by file, and every header that one of them includes, which come before it."""
    folder = (paths.hls_templates() / "include" / "hwg").resolve()
    found: dict[str, bytes] = {}

    def take(name: str) -> None:
        content = (folder / name).read_bytes()
        for line in content.decode().splitlines():
            if line.startswith('#include "'):
                other = (folder / name).parent / line.split('"')[1]
                other = other.resolve()
                if other.is_file() and other.relative_to(folder).as_posix() not in found:
                    take(other.relative_to(folder).as_posix())
        found.setdefault(name, content)

    for name in (*_SUPPORT, *(f"{unit}.h" for unit in sorted(units))):
        take(name)
    return found
