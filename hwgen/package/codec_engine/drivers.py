# SPDX-License-Identifier: Apache-2.0
"""Drivers of the engine: Python for PYNQ, C for bare metal."""

from __future__ import annotations

from hwgen.codec.tables import Tables
from hwgen.files import fill_template
from hwgen.package.codec_engine.core import CodecCore, TableSet
from hwgen.package.codec_engine.tables import DEPTHS, Memory, c_tables, memories
from hwgen.package.codec_engine.transform import FORWARD_ROWS, INVERSE_ROWS
from hwgen.package.ip_core import Driver
from hwgen.package.registers import RegisterMap, field_lines, offset_lines
from hwgen.package.text import class_name, template

_TRANSFORM_TYPE = """\
/* How a map becomes coefficients and comes back, beside what its descriptor says. */
typedef struct {
    uint8_t down;          /* bits by which values are shifted */
    int32_t lo, hi;        /* limits of what comes back */
    uint32_t inputs;       /* of the KLT; 0: there is none, nor what follows */
    const uint16_t *order; /* channel of each input; those beyond the map only fill */
    const uint32_t *there; /* rows of the matrices, four words a row; null without a writer */
    const uint32_t *back;  /* null without a reader */
} @{name}_transform;

"""
_TRANSFORM_FIELD = "const {name}_transform *transform; /* null: there is none */"
# Of the example, where the core does transforms.
_TURN = """\
if (found == {NAME}_OK && map->transform) {{
    found = {name}_turn(&core, engine, descriptor, map->transform, 0);
}}"""
_NARROW = "static int16_t narrow[VALUES]; /* values of a map without a transform */"
_LIMITS = """\
if (map->transform) {{
    low = map->transform->lo;
    high = map->transform->hi;
}}"""
_PACK = """\
if (map->transform) {{
    return {name}_pack_map(map->descriptor, map->transform, given, sending);
}}
for (size_t i = 0; i < values_of(map); i++) {{
    narrow[i] = (int16_t)given[i];
}}
return {name}_pack(map->descriptor, narrow, sending);"""
_UNPACK = """\
if (map->transform) {{
    return {name}_unpack_map(map->descriptor, map->transform, receiving, values);
}}
const {name}_result found = {name}_unpack(map->descriptor, receiving, narrow);
for (size_t i = 0; i < values_of(map); i++) {{
    values[i] = narrow[i];
}}
return found;"""
# Sizes in the descriptor of a single block: of coefficients as they are, or of the map.
_BLOCK = (
    "put(block + 8, 2, n);",
    "put(block + 10, 2, h);",
    "put(block + 12, 2, w);",
    "block[20] &= 0x80u; /* of coefficients, as they are */",
)
_BLOCK_OF_MAP = (
    "const uint32_t spatial = descriptor[5] & TRANSFORMED ? descriptor[20] & 3u : 0;",
    "const uint32_t side = spatial == 0 ? 1u : spatial == 1 ? 2u : 4u;",
    "put(block + 8, 2, n / (side * side));",
    "put(block + 10, 2, least(h * side, get(descriptor + 10, 2) - y * g.bh * side));",
    "put(block + 12, 2, least(w * side, get(descriptor + 12, 2) - x * g.bw * side));",
)


def _map_functions(core: CodecCore) -> str:
    names = {"name": core.base, "NAME": core.base.upper()}
    return fill_template(template("codec_map.h.in"), **names).rstrip("\n")


def _turns(core: CodecCore, registers: RegisterMap) -> str:
    if core.turns is None:
        return ""
    name = core.base.upper()
    word = registers.resets()["transforms"]
    return (
        f"#define {name}_TRANSFORMS 0x{word:08x}u /* what the registers tell of transforms */\n"
        f"#define {name}_KINDS {core.turns.kinds}u /* a mask: 1 Haar2, 2 ICT4, 4 WHT4 */\n"
        f"#define {name}_GROUPS {core.turns.groups}u /* of eight channels of a KLT */"
    )


def _example(core: CodecCore) -> str:
    """Return ``main.c``: the maps of the plan go to memory and back, and faults are met."""
    names = {"name": core.base, "NAME": core.base.upper()}
    turned, size = core.turns is not None, f"{core.base}_stream_bytes(map->descriptor)"
    if turned:
        size = f"map->transform ? {core.base}_map_bytes(map->descriptor) : {size}"
    counts = [each.values for each in core.maps]
    # A block begins with a beat, so that all but one of its values may be missing in the last one.
    places = max(each.grid.size + each.grid.blocks * (core.lanes - 1) for each in core.maps)

    def turn(text: str) -> str:
        return text.format(**names) if turned else ""

    plain = {way: f"return {core.base}_{way}(map->descriptor, " for way in ("pack", "unpack")}
    return fill_template(
        template("codec_main.c.in"), **names, size=size, dma=template("axi_dma.c.in"),
        type="int32_t" if turned else "int16_t",
        room=str(max(8 * each.descriptor.capacity for each in core.maps)),
        index=str(max(each.index_bytes for each in core.maps)),
        stream=str(places * core.container // 8), values=str(max(counts)),
        counts=", ".join(map(str, counts)), narrow=turn(_NARROW), limits=turn(_LIMITS),
        pack=turn(_PACK) or plain["pack"] + "given, sending);",
        unpack=turn(_UNPACK) or plain["unpack"] + "receiving, values);",
        turn=turn(_TURN), truth="map->transform ? second : given" if turned else "given",
    )  # fmt: skip


def _constants(core: CodecCore, registers: RegisterMap) -> dict[str, str]:
    resets = registers.resets()
    return {
        "ip": core.ip,
        "lanes": str(core.lanes),
        "bits": str(core.bits),
        "word": str(core.word),
        "coder": str(int(core.coder)),
        "sets": str(core.sets),
        "address": str(core.address_bits),
        "bytes": str(core.container // 8),
        "config": f"{resets['config']:08x}",
        "limits": f"{resets['limits']:08x}",
    }


def _memories(core: CodecCore) -> list[Memory]:
    """Return the memories that the core has, whatever they hold."""
    return memories(core, TableSet(Tables.generic()))


def codec_c(core: CodecCore, registers: RegisterMap) -> Driver:
    """Return the bare-metal driver, without the header of its registers."""
    names = {"name": core.base, "NAME": core.base.upper()}
    turned = core.turns is not None
    externs = []
    if core.table_sets:
        externs.append(
            f"extern const {core.base}_set {core.base}_sets[{names['NAME']}_TABLE_SETS];"
        )
    if core.maps:
        externs.append(f"extern const {core.base}_map {core.base}_maps[{names['NAME']}_MAPS];")
    header = fill_template(
        template("codec.h.in"), **names, guard=f"{names['NAME']}_H", externs="\n".join(externs),
        table_sets=str(len(core.table_sets)), maps=str(len(core.maps)),
        turns=_turns(core, registers),
        transform_type=fill_template(_TRANSFORM_TYPE, name=core.base) if turned else "",
        transform_field=_TRANSFORM_FIELD.format(**names) if turned else "",
        map_functions=_map_functions(core) if turned else "",
        **_constants(core, registers),
    )  # fmt: skip
    loads = []
    for memory in _memories(core):
        depth, kind = DEPTHS[memory.kind], "bytes" if memory.rom.width <= 8 else "words"
        loads.append(
            f"load_{kind}(core, {memory.kind}, number * {depth}u, set->{memory.name}, {depth}u);"
        )
    check = f" || HWG_READ32(ADDRESS(core, transforms)) != {names['NAME']}_TRANSFORMS"
    source = fill_template(
        template("codec.c.in"), **names, loads="\n".join(loads),
        transforms=check if turned else "",
        block_size="\n".join(_BLOCK_OF_MAP if turned else _BLOCK),
    )  # fmt: skip
    if turned:
        source += fill_template(
            template("codec_map.c.in"), **names, there=str(FORWARD_ROWS), back=str(INVERSE_ROWS)
        )
    files = [(f"{core.base}.h", header), (f"{core.base}.c", source)]
    if core.table_sets:
        files.append((f"{core.base}_tables.c", c_tables(core)))
    if core.maps and core.writer and core.reader:
        files.append(("main.c", _example(core)))
    usage = fill_template(
        template("readme_codec_c.md.in"), base=core.base, BASE=core.base.upper(), engine=_way(core)
    )
    return Driver(tuple(files), usage)


def _way(core: CodecCore) -> str:
    """Return the engine that the examples of the README use."""
    return "WRITER" if core.writer else "READER"


def codec_pynq(core: CodecCore, registers: RegisterMap) -> Driver:
    """Return the PYNQ driver."""
    resets = registers.resets()
    transforms = resets.get("transforms")
    kinds = ", ".join(str(memory.kind) for memory in _memories(core))
    klass = class_name(core.base)
    text = fill_template(
        template("codec.py.in"), module=core.base, klass=klass,
        kinds=f"{kinds}," if "," not in kinds else kinds, magic=f"{resets['id']:08x}",
        registers=offset_lines(registers.registers), fields=field_lines(registers.registers),
        transforms="None" if transforms is None else f"0x{transforms:08x}",
        **_constants(core, registers),
    )  # fmt: skip
    usage = fill_template(
        template("readme_codec_pynq.md.in"), base=core.base, klass=klass, engine=_way(core)
    )
    return Driver(((f"{core.base}.py", text),), usage)
