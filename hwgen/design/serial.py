# SPDX-License-Identifier: Apache-2.0
"""A design as files, and back: ``design.json`` for people and benches, ``design.npz`` beside it.

``design.json`` tells ports, links, stages, claimed latency and interval, and a little that follows
from them: names of the tops, ranges and frames of the ports. ``design.npz`` holds the logic (see
`hwgen.design.arrays`). The same design gives the same bytes, and is the same when read again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from hwgen import __version__
from hwgen.arrays import BROKEN
from hwgen.design.arrays import Arrays, pack_codes, pack_pipeline, unpack_codes, unpack_pipeline
from hwgen.design.frame import Frame
from hwgen.design.names import ModuleNames
from hwgen.design.ranges import Range, ranges
from hwgen.design.serial_arrays import pack_serial, unpack_serial
from hwgen.design.types import (
    Design,
    Field,
    Layer,
    Link,
    LinkKind,
    Part,
    Port,
    SerialPipeline,
    Stage,
    UnitRef,
)
from hwgen.errors import ConfigError
from hwgen.files import FileSet, json_bytes, npz_bytes
from hwgen.ir.fixed import Fixed

SCHEMA = 3
DOCUMENT, ARRAYS = "design.json", "design.npz"
AGAIN = "build it again with: hwgen build MODEL -b BOARD -o OUT"
Document = dict[str, Any]


def design_files(design: Design) -> FileSet:
    """Return ``design.json`` and ``design.npz`` of a design."""
    arrays: Arrays = {}
    document = _document(design, arrays)
    return FileSet.of({DOCUMENT: json_bytes(document), ARRAYS: npz_bytes(arrays)})


def read_design(folder: Path) -> Design:
    """Read the design that `design_files` wrote into a folder.

    Raises:
        ConfigError: a file is missing or damaged, or of another version of hwgen.
    """
    try:
        document = json.loads((folder / DOCUMENT).read_text("utf-8"))
    except FileNotFoundError as error:
        hint = "run `hwgen build` first"
        raise ConfigError(f"there is no {DOCUMENT} here", str(folder), hint) from error
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"cannot read {DOCUMENT}: {error}", str(folder), AGAIN) from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema != SCHEMA:
        raise ConfigError(
            f"{DOCUMENT} has schema {schema}, and this hwgen ({__version__}) reads {SCHEMA}",
            str(folder),
            AGAIN,
        )
    try:
        with np.load(folder / ARRAYS, allow_pickle=False) as found:
            arrays = {name: found[name] for name in found.files}
        return _design(document, arrays)
    except (*BROKEN, LookupError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(
            f"{DOCUMENT} and {ARRAYS} cannot be read ({reason})", str(folder), AGAIN
        ) from error


# -------------------------------------------------------------------- writing


def _document(design: Design, arrays: Arrays) -> Document:
    names = ModuleNames.of(design)
    inputs, outputs = ranges(design)
    return {
        "hwgen": __version__,
        "schema": SCHEMA,
        "name": design.name,
        "model": design.model,
        "target": design.target,
        "clock_mhz": design.clock_mhz,
        "tops": names.tops,
        "latency": design.latency,
        "interval": design.interval,
        "inputs": [_of_port(port, inputs[port.name]) for port in design.inputs],
        "outputs": [_of_port(port, outputs[port.name]) for port in design.outputs],
        "axis": {
            "data_width": design.data_width,
            **({} if design.axi_mhz is None else {"clock_mhz": design.axi_mhz}),
            "inputs": [_of_frame(port, design.data_width) for port in design.inputs],
            "outputs": [_of_frame(port, design.data_width) for port in design.outputs],
        },
        "links": [_of_link(link) for link in design.links],
        "stages": [_of_stage(stage, i, arrays) for i, stage in enumerate(design.stages)],
    }


def _of_port(port: Port, ends: Range) -> Document:
    return {
        "name": port.name,
        "link": port.link,
        "interval": port.interval,
        "shape": list(port.shape),
        "width": port.fixed.width,
        "frac": port.fixed.frac,
        "signed": port.fixed.signed,
        "lo": ends[0],
        "hi": ends[1],
        "scale": list(port.scale),
        "offset": list(port.offset),
    }


def _of_frame(port: Port, data_width: int) -> Document:
    frame = Frame.of(port, data_width)
    return {
        "name": port.name,
        "container": frame.container,
        "bytes": frame.bytes,
        "beats": frame.beats,
    }


def _of_link(link: Link) -> Document:
    return {
        "name": link.name,
        "kind": link.kind.value,
        "words": link.words,
        "depth": link.depth,
        "ram_style": link.ram_style,
        "digit_bits": link.digit_bits,
        "coding": link.coding,
        "fields": {  # first in the lowest bits
            "label": [field.label for field in link.fields],
            "width": [field.width for field in link.fields],
            "signed": [field.signed for field in link.fields],
            "cycle": [field.cycle for field in link.fields],
        },
    }


def _of_stage(stage: Stage, index: int, arrays: Arrays) -> Document:
    parts = [_of_part(part, f"s{index}p{i}.", arrays) for i, part in enumerate(stage.parts)]
    return {
        "name": stage.name,
        "note": stage.note,
        "reads": list(stage.reads),
        "writes": list(stage.writes),
        "latency": stage.latency,
        "interval": stage.interval,
        "alone": not isinstance(stage.body, tuple),
        "parts": parts,
    }


def _of_part(part: Part, key: str, arrays: Arrays) -> Document:
    if isinstance(part, UnitRef):
        for name, codes in part.constants.items():
            pack_codes(codes, f"{key}{name}", arrays)
        constants = sorted(part.constants)
        return {"unit": part.unit, "params": dict(part.params), "constants": constants}
    if isinstance(part, SerialPipeline):
        pack_serial(part, key, arrays)
        return {"serial": True, "latency": part.latency, "layers": _of_layers(part.layers)}
    pack_pipeline(part, key, arrays)
    return {"latency": part.latency, "layers": _of_layers(part.layers)}


def _of_layers(layers: Sequence[Layer]) -> list[Document]:
    return [
        {
            "name": layer.name,
            "link": layer.link,
            "note": layer.note,
            "start": layer.start,
            "end": layer.end,
            "realisation": layer.realisation,
        }
        for layer in layers
    ]


# -------------------------------------------------------------------- reading


def _design(document: Mapping[str, Any], arrays: Arrays) -> Design:
    return Design(
        str(document["name"]),
        str(document["target"]),
        float(document["clock_mhz"]),
        str(document["model"]),
        tuple(_port(entry) for entry in document["inputs"]),
        tuple(_port(entry) for entry in document["outputs"]),
        tuple(_link(entry) for entry in document["links"]),
        tuple(_stage(entry, i, arrays) for i, entry in enumerate(document["stages"])),
        int(document["latency"]),
        int(document["interval"]),
        int(document["axis"]["data_width"]),
        axi_mhz=None if (mhz := document["axis"].get("clock_mhz")) is None else float(mhz),
    )


def _port(entry: Mapping[str, Any]) -> Port:
    return Port(
        str(entry["name"]),
        tuple(int(n) for n in entry["shape"]),
        Fixed(int(entry["width"]), int(entry["frac"]), bool(entry["signed"])),
        tuple(float(v) for v in entry["scale"]),
        tuple(float(v) for v in entry["offset"]),
        int(entry["interval"]),
        str(entry["link"]),
    )


def _link(entry: Mapping[str, Any]) -> Link:
    columns = [entry["fields"][key] for key in ("label", "width", "signed", "cycle")]
    fields = (
        Field(str(label), int(width), bool(signed), int(cycle))
        for label, width, signed, cycle in zip(*columns, strict=True)
    )
    return Link(
        str(entry["name"]),
        LinkKind(entry["kind"]),
        tuple(fields),
        int(entry["words"]),
        int(entry["depth"]),
        int(entry["digit_bits"]),
        None if entry["coding"] is None else str(entry["coding"]),
        int(entry["ram_style"]),
    )


def _stage(entry: Mapping[str, Any], index: int, arrays: Arrays) -> Stage:
    parts = tuple(_part(p, f"s{index}p{i}.", arrays) for i, p in enumerate(entry["parts"]))
    return Stage(
        str(entry["name"]),
        parts[0] if entry["alone"] else parts,
        _names(entry["reads"]),
        _names(entry["writes"]),
        int(entry["latency"]),
        int(entry["interval"]),
        str(entry["note"]),
    )


def _names(entry: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in entry)


def _part(entry: Mapping[str, Any], key: str, arrays: Arrays) -> Part:
    if "unit" in entry:
        params = {str(name): int(value) for name, value in entry["params"].items()}
        constants = {str(n): unpack_codes(f"{key}{n}", arrays) for n in entry["constants"]}
        return UnitRef(str(entry["unit"]), params, constants)
    latency = int(entry["latency"])
    if entry.get("serial"):
        slow = unpack_serial(key, arrays, latency)
        return replace(slow, layers=_told(slow.layers, entry["layers"]))
    bare = unpack_pipeline(key, arrays, latency)
    return replace(bare, layers=_told(bare.layers, entry["layers"]))


def _told(bare: Sequence[Layer], entries: Sequence[Mapping[str, Any]]) -> tuple[Layer, ...]:
    """Return layers with the texts that a document tells of them."""
    return tuple(
        replace(
            layer,
            name=str(told["name"]),
            link=str(told["link"]),
            note=str(told["note"]),
            start=int(told["start"]),
            end=int(told["end"]),
            realisation=str(told["realisation"]),
        )
        for layer, told in zip(bare, entries, strict=True)
    )
