# SPDX-License-Identifier: Apache-2.0
"""Contents of the engine's memories as files: hexadecimal, C, and JSON that names them."""

from __future__ import annotations

from dataclasses import dataclass

from hwgen.codec.memory_images import huffman_lookup_rom, tans_encode_lookup_roms
from hwgen.codec.tables import Rom, huffman_encode_rom, tans_decode_rom
from hwgen.codec.transform import Transform
from hwgen.codec.wire import WEIGHTS, Coder
from hwgen.files import json_bytes
from hwgen.package.codec_engine.core import CodecCore, Map, TableSet
from hwgen.package.codec_engine.transform import row_words

# Kind in the register table_addr to what the memory is called.
DECODE, DECODE_WEIGHTS, ENCODE, STATES, ENCODE_WEIGHTS = range(5)
NAMES = ("decode", "weights", "encode", "states", "weights")
DEPTHS = (4096, WEIGHTS, 512, 4096, WEIGHTS)
_C_TYPES = {"decode": "uint32_t", "encode": "uint32_t", "states": "uint8_t", "weights": "uint8_t"}
WAYS = ("there", "back")
_COLUMNS = 16  # numbers of a line in C


@dataclass(frozen=True)
class Memory:
    """Contents of one memory of the engine, for one table set.

    Attributes:
        kind: of the register table_addr.
        rom: the words.
    """

    kind: int
    rom: Rom

    @property
    def name(self) -> str:
        """Name in files, ``decode``."""
        return NAMES[self.kind]

    def first(self, number: int) -> int:
        """Return where the words of a set begin."""
        return number * DEPTHS[self.kind]


def memories(core: CodecCore, content: TableSet) -> list[Memory]:
    """Return what the engine's memories hold of a table set: those that the engine has."""
    weights = Rom(8, content.weights)
    tans = core.coder is Coder.TANS
    made = []
    if core.reader:
        rom = tans_decode_rom(content.tables) if tans else huffman_lookup_rom(content.tables)
        made.append(Memory(DECODE, rom))
        made += [Memory(DECODE_WEIGHTS, weights)] if core.weighted else []
    if core.writer and tans:
        symbols, states = tans_encode_lookup_roms(content.tables)
        made += [Memory(ENCODE, symbols), Memory(STATES, states)]
    elif core.writer:
        made.append(Memory(ENCODE, huffman_encode_rom(content.tables)))
    if core.writer and core.weighted:
        made.append(Memory(ENCODE_WEIGHTS, weights))
    assert all(len(memory.rom.words) == DEPTHS[memory.kind] for memory in made)
    return made


def rows_of(core: CodecCore, transform: Transform) -> tuple[list[int], list[int]]:
    """Return the words of the rows of a KLT: the writer's and the reader's, if there are such."""
    writer = row_words(transform, False) if core.writer else []
    return writer, row_words(transform, True) if core.reader else []


def table_files(core: CodecCore) -> dict[str, str]:
    """Return the files of ``tables/``: a memory a file, and ``tables.json``.

    In the JSON, ``sets`` has for each set its memories as kind (of the register table_addr), first
    word and file; ``maps`` for each map of the plan its descriptor in hexadecimal (addresses are
    0), the fingerprint, and the bytes of its index; of one that the engine transforms what a driver
    must know besides: shift, limits, channels in the order of the KLT, files of its rows (the
    writer's, the reader's).
    """
    made: dict[str, str] = {}
    sets = []
    for number, content in enumerate(core.table_sets):
        rows = []
        for memory in memories(core, content):
            file = f"set{number}_{memory.name}.hex"
            note = f"Table set {number}: words of {memory.rom.width} bits."
            made[file] = core.banner("//", note) + memory.rom.hex()
            rows.append({"kind": memory.kind, "first": memory.first(number), "file": file})
        sets.append({"tables": content.tables.pack().hex(), "memories": rows})
    maps = {}
    for number, each in enumerate(core.maps):
        maps[each.name] = {
            "descriptor": each.descriptor.pack().hex(),
            "fingerprint": each.fingerprint,
            "index_bytes": each.index_bytes,
        }
        if each.transform is None:
            continue
        files = []
        for engine, words in enumerate(rows_of(core, each.transform)):
            file = f"map{number}_rows_{WAYS[engine]}.hex" if words else ""
            if words:
                note = "Rows of a KLT: three words a row, bits 31:0, 63:32, 90:64, and filling."
                made[file] = core.banner("//", note) + Rom(32, tuple(words)).hex()
            files.append(file)
        maps[each.name]["transform"] = {
            "down": each.transform.down,
            "lo": each.transform.lo,
            "hi": each.transform.hi,
            "order": list(each.transform.order),
            "rows": files,
        }
    made["tables.json"] = json_bytes(
        {"hwgen": core.version, "model": core.model, "sets": sets, "maps": maps}
    ).decode()
    return made


def _array(kind: str, name: str, words: tuple[int, ...]) -> list[str]:
    rows = [
        "    " + " ".join(f"{word}," for word in words[i : i + _COLUMNS])
        for i in range(0, len(words), _COLUMNS)
    ]
    return [f"static const {kind} {name}[{len(words)}] = {{", *rows, "};", ""]


def _c_transform(core: CodecCore, number: int, transform: Transform) -> list[str]:
    names, lines = [], []
    order = ("uint16_t", "order", list(transform.order))
    for kind, what, words in (
        order, *(("uint32_t", w, r) for w, r in zip(WAYS, rows_of(core, transform), strict=True))
    ):  # fmt: skip
        names.append(f"map{number}_{what}" if words else "0")
        lines += _array(kind, names[-1], tuple(words)) if words else []
    low = "INT32_MIN" if transform.lo == -(1 << 31) else str(transform.lo)
    inputs = transform.inputs if transform.group else 0
    return [
        *lines,
        f"static const {core.base}_transform map{number}_transform = {{",
        f"    {transform.down}u, {low}, {transform.hi}, {inputs}u, {', '.join(names)}}};",
        "",
    ]


def _c_map(number: int, each: Map, turned: bool) -> list[str]:
    data = each.descriptor.pack()
    rows = [
        "      " + " ".join(f"0x{byte:02x}," for byte in data[i : i + _COLUMNS])
        for i in range(0, len(data), _COLUMNS)
    ]
    # What would need an escape in C becomes an underscore.
    name = "".join(c if " " <= c <= "~" and c not in '\\"?' else "_" for c in each.name)
    last = f", &map{number}_transform" if each.transform else ", 0" if turned else ""
    return [
        f'    {{"{name}", {{',
        *rows,
        f"    }}, 0x{each.fingerprint:08x}u, {each.index_bytes}u{last}}},",
    ]


def c_tables(core: CodecCore) -> str:
    """Return ``<base>_tables.c``: the table sets and the maps of the plan."""
    base, lines, sets = core.base, [f'#include "{core.base}.h"', ""], []
    for number, content in enumerate(core.table_sets):
        given = dict.fromkeys(_C_TYPES, "0")
        for memory in memories(core, content):
            name = f"set{number}_{memory.name}"
            if given[memory.name] == "0":  # weights are the same for both
                lines += _array(_C_TYPES[memory.name], name, memory.rom.words)
            given[memory.name] = name
        sets.append("    {" + ", ".join(given.values()) + "},")
    lines += [f"const {base}_set {base}_sets[{base.upper()}_TABLE_SETS] = {{", *sets, "};"]
    if core.maps:
        lines.append("")
        for number, each in enumerate(core.maps):
            if each.transform:
                lines += _c_transform(core, number, each.transform)
        lines += [f"const {base}_map {base}_maps[{base.upper()}_MAPS] = {{"]
        for number, each in enumerate(core.maps):
            lines += _c_map(number, each, core.turns is not None)
        lines.append("};")
    return "// What the memories hold, and the feature maps of the plan.\n" + "\n".join(
        [*lines, ""]
    )
