# SPDX-License-Identifier: Apache-2.0
"""README of the packaged engine: figures, streams, and the maps of its plan."""

from __future__ import annotations

from collections.abc import Iterator

from hwgen.codec.block_scan import FULL_KLT
from hwgen.files import fill_template
from hwgen.package.codec_engine.core import PAGE, CodecCore
from hwgen.package.codec_engine.tables import DEPTHS, memories
from hwgen.package.codec_engine.top import IN, OUT
from hwgen.package.text import counted, template


def _figures(core: CodecCore) -> Iterator[tuple[str, str]]:
    lanes = core.lanes
    yield "coder", f"{core.coder.name.lower()}, values of 1 to {core.bits} bits"
    yield "values a cycle", f"{lanes} each way, where the bus keeps up"
    if core.board:
        mhz = core.board.default_mhz
        yield (
            f"at the {mhz:g} MHz of {core.board.name}",
            f"{lanes * mhz:g} million values a second each way; the bus {core.bus * mhz / 8000:g} "
            "GB/s each way",
        )
    yield (
        "memory bus",
        (
            f"{core.bus} bits, addresses of {core.address_bits}; bursts of {core.burst} beats, "
            f"{core.outstanding} under way each way"
        ),
    )
    yield "blocks", "at most 4096 values"
    words = sum(DEPTHS[m.kind] for m in memories(core, core.table_sets[0]))
    sets = counted(core.sets, "table set")
    yield sets, f"{words} words each, to be loaded with {words} writes"
    if core.turns:
        names = [
            name for i, name in enumerate(("Haar2", "ICT4", "WHT4")) if core.turns.kinds >> i & 1
        ]
        if core.turns.groups:
            names.append(f"KLT over up to {counted(core.turns.groups, 'group')} of 8 channels")
        yield "transforms", f"{', '.join(['quantiser', *names])}; a value a cycle"
        yield "values of maps", f"up to {core.turns.width} bits, two's complement"
    yield "context weights", "yes" if core.weighted else "no: tensors with weights are not for it"


def _streams(core: CodecCore) -> Iterator[str]:
    yield "| stream | | |"
    yield "|---|---|---|"
    beat = f"{counted(core.lanes, 'value')} of {core.container} bits, the first one lowest"
    if core.writer:
        yield f"| `{IN}` | TDATA | {beat} |"
    if core.reader:
        top = core.count_width + 1
        yield f"| `{OUT}` | TDATA | {beat} |"
        yield "| | TUSER 0 | the last beat of a block |"
        yield "| | TUSER 1 | with it: the block was damaged, and is all zeros |"
        places = f"TUSER {top}:2" if top > 2 else "TUSER 2"
        yield f"| | {places} | values of the beat |"
        yield "| | TLAST | the last beat of the tensor |"


def _tables(core: CodecCore) -> Iterator[str]:
    if not core.maps:
        yield "The tables of set 0 were made without data: they suit any map that is mostly small"
        yield "values and zeros. Better ones come of `hwgen codec calibrate`, with `--plan`."
        return
    yield "The tables are the plan's. Its maps, with what each takes in memory at most:"
    yield ""
    yield "| map | height, width, channels | bits | set | fingerprint | blocks | index |"
    yield "|---|---|---|---|---|---|---|"
    for each in core.maps:
        d = each.descriptor
        shape = f"{d.height} x {d.width} x {d.channels}"
        yield (
            f"| `{each.name}` | {shape} | {d.bits} | {d.table_set} | {each.fingerprint:08x} | "
            f"{8 * d.capacity} bytes | {each.index_bytes} bytes |"
        )
    if core.turns:
        yield ""
        yield "Values of a transformed map are those of the map, block by block: the pixels of its"
        yield "patches, the channels in the order of its KLT (`order` in `tables/tables.json`). The"
        yield "drivers' `pack` and `unpack` (in C `pack_map` and `unpack_map`), given the map's"
        yield "transform, know that order. Before such a map registers `transform0_*` or"
        yield "`transform1_*` and the rows of its KLT are written: by `describe` in Python, in C by"
        yield "`turn`. A damaged block is zeros of the map."
        if any(each.descriptor.transform & FULL_KLT for each in core.maps):
            yield ""
            yield "A KLT over all channels is not done: the values are those behind it."
    elif any(each.descriptor.transform for each in core.maps):
        yield ""
        yield "Of a transformed map the core carries the coefficients; the transform is not in it."


def introduction(core: CodecCore) -> str:
    """Return the first lines of the README."""
    model = f"\nIt codes for the model with SHA-256 `{core.model}`." if core.model else ""
    return (
        f"The feature-map codec as an IP core, made by hwgen {core.version}: {core.title}.{model}"
    )


def explanation(core: CodecCore) -> str:
    """Return what the README tells of figures, ports, tensors and tables."""
    return fill_template(
        template("readme_codec.md.in"),
        page=str(PAGE),
        bus=str(core.bus),
        figures="\n".join(f"| {name} | {what} |" for name, what in _figures(core)),
        burst=str(core.burst),
        bits=str(core.word),
        streams="\n".join(_streams(core)),
        tables="\n".join(_tables(core)),
    )
