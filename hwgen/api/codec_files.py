# SPDX-License-Identifier: Apache-2.0
"""Coded maps as files: encoding, decoding, looking inside, and making a plan."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.load import load
from hwgen.api.samples import read_data, to_codes
from hwgen.codec.block_scan import FULL_KLT
from hwgen.codec.container import Container, stacked
from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.statistics import token_counts
from hwgen.codec.tables import Tables
from hwgen.codec.tensor import Coded
from hwgen.codec.wire import Coder, Fault, Mode
from hwgen.errors import ConfigError, VerifyError
from hwgen.files import json_bytes, load_arrays, write_files
from hwgen.frontends.bundle import write_bundle
from hwgen.frontends.options import Options
from hwgen.ir.fixed import bits_for
from hwgen.plan.coding.calibrate import SETS, calibrate, paper
from hwgen.plan.coding.folded_klt import klt_graphs
from hwgen.progress import Say, silent

SAMPLES = 64  # of the data that calibration looks at


def own_choice(
    array: npt.NDArray[Any], coder: str | None = None, bits: int | None = None
) -> tuple[MapCoding, Tables]:
    """Return how an array is coded without a plan: losslessly, with tables made for itself.

    Args:
        array: integers, a stack of maps or less.
        coder: ``tans`` or ``huffman``; tANS as far as its 14 bits go when left out.
        bits: of a value; as many as it takes when left out.

    Raises:
        ConfigError: it is no array of integers, or its values are too wide.
    """
    maps = stacked(array)
    lo, hi = int(maps.min()), int(maps.max())
    width = bits_for(lo, hi) if bits is None else bits
    kind = Coder.HUFFMAN if width > Coder.TANS.max_bits else Coder.TANS
    kind = Coder[coder.upper()] if coder else kind
    shape = (maps.shape[1], maps.shape[2], maps.shape[3])
    choice = MapCoding("map", "map", shape, width, lo < 0, coder=kind)
    if not 1 <= width <= kind.max_bits:
        raise ConfigError(
            f"values of {width} bits cannot be coded",
            "--bits" if bits is not None else "",
            f"{kind.name.lower()} carries up to {kind.max_bits} bits",
        )
    return choice, Tables.of(token_counts(maps, choice.grid, choice.signed))


def encode_file(
    data: Path,
    to: Path,
    *,
    plan: Path | None = None,
    name: str | None = None,
    coder: str | None = None,
    bits: int | None = None,
    slotted: bool = False,
) -> dict[str, Any]:
    """Encode the maps of a ``.npy`` file into an ``.hfm`` file; returns what it took.

    Args:
        data: integers, axes (N, H, W, C) or fewer.
        to: file to write.
        plan: how its maps are coded; without one, losslessly.
        name: which map of the plan it is.
        coder: without a plan, ``tans`` or ``huffman``.
        bits: without a plan, bits of a value.
        slotted: slots of fixed size instead of an index.

    Raises:
        ConfigError: a file cannot be read or written, or does not fit.
    """
    array = load_arrays(data, "x.npy")
    if isinstance(array, dict):
        raise ConfigError(f"{data} holds several arrays", "x.npy", "write a .npy with numpy.save")
    if plan is None:
        if name is not None:
            raise ConfigError("a map is named, but no plan", "--map", "give one with --plan")
        choice, tables = own_choice(array, coder, bits)
    else:
        if coder is not None or bits is not None:
            raise ConfigError("the plan says how maps are coded", "--coder, --bits", "leave it out")
        known = CodingPlan.read(plan)
        if name is None and len(known.choices) > 1:
            names = ", ".join(c.name for c in known.choices)
            raise ConfigError("which map of the plan is it?", "--map", f"there are {names}")
        choice = known.choices[0] if name is None else known[name]
        tables = known.tables_of(choice)
    made = Container.of(array, choice, tables, slotted)
    packed = made.pack()
    write_files({to: packed}, "--to")
    traffic = sum(coded.traffic for coded in made.maps)
    modes = {mode: sum(c.modes[mode] for c in made.maps) for mode in ("raw", "zero", "coded")}
    facts = {
        "maps": len(made.maps),
        "values": int(array.size),
        "bytes": traffic,
        "bits_per_value": round(8 * traffic / array.size, 4),
        "value_bits": choice.bits,
        "blocks": modes,
        "to": str(to),
    }
    blocks = ", ".join(f"{count} {mode}" for mode, count in modes.items() if count)
    text = (
        f"{_count(len(made.maps), 'map')} of {'x'.join(map(str, choice.shape))}: "
        f"{facts['bits_per_value']:.3f} bits a value instead of {choice.bits} ({blocks}) -> {to}"
    )
    return {**facts, "text": text}


def _count(number: int, name: str) -> str:
    return f"{number} {name}{'' if number == 1 else 's'}"


def _container(path: Path) -> Container:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})", "x.hfm") from error
    return Container.unpack(data, str(path))


def decode_file(data: Path, to: Path, keep_going: bool = False) -> dict[str, Any]:
    """Decode an ``.hfm`` file into a ``.npy`` file.

    Args:
        data: what `encode_file` wrote.
        to: file to write.
        keep_going: write zeros for damaged blocks instead of nothing at all.

    Raises:
        ConfigError: a file cannot be read or written.
        VerifyError: blocks are damaged.
    """
    array, damages = _container(data).decode()
    if damages and not keep_going:
        number, damage = damages[0]
        raise VerifyError(
            f"{_count(len(damages), 'damaged block')}; the first is block {damage.block} of map "
            f"{number}: {damage.fault.name}",
            str(data),
            "hwgen codec inspect tells where; --keep-going writes zeros in their place",
        )
    content = io.BytesIO()
    np.save(content, array)
    write_files({to: content.getvalue()}, "--to")
    text = f"{'x'.join(map(str, array.shape))} {array.dtype} -> {to}"
    if damages:
        text += f"\nnote: {_count(len(damages), 'damaged block')} became zeros"
    return {"shape": list(array.shape), "damaged": len(damages), "to": str(to), "text": text}


def inspect_file(data: Path, only_damaged: bool = False) -> dict[str, Any]:
    """Return a table of the blocks of an ``.hfm`` file, with what is wrong with each.

    If something is, it is among the figures as a failure.

    Raises:
        ConfigError: it cannot be read, or what all blocks need is damaged.
    """
    made = _container(data)
    grid, form, choice = made.choice.grid, made.choice.format(made.tables), made.choice
    rows = [row for i, coded in enumerate(made.maps) for row in _blocks(i, coded)]
    damaged = [row for row in rows if row["fault"] != "NONE"]
    shape = "x".join(map(str, made.shape))
    traffic = sum(coded.traffic for coded in made.maps)
    values = grid.size * len(made.maps)
    layout = "slotted" if made.maps[0].slot else "packed"
    lines = [
        f"{shape} {made.dtype}: {_count(len(made.maps), 'map')} of "
        f"{'x'.join(map(str, choice.shape))}, {choice.mode}, {form.coder.name.lower()}, "
        f"{form.bits} bits{' signed' if form.signed else ''}, {layout}, key {form.key:08x}",
        f"blocks of {'x'.join(map(str, choice.block))}, {grid.blocks} a map; "
        f"{traffic} bytes, {8 * traffic / values:.3f} bits a value",
        "",
        f"{'map':>4} {'block':>5} {'at y,x,c':>14} {'values':>6} {'mode':>5} {'bytes':>5} "
        f"{'bits':>6} {'sub-streams':>19}  fault",
    ]
    lines += [_line(row) for row in (damaged if only_damaged else rows)]
    found = f"{len(damaged)} damaged" if damaged else "none damaged"
    lines.append(f"{_count(len(rows), 'block')}, {found}")
    facts: dict[str, Any] = {
        "maps": len(made.maps),
        "blocks": damaged if only_damaged else rows,
        "damaged": len(damaged),
        "bytes": traffic,
        "text": "\n".join(lines),
    }
    if damaged:
        what = f"{_count(len(damaged), 'block')} of {len(rows)} damaged"
        facts |= {"failure": VerifyError(what, str(data)), "told": True}
    return facts


def _blocks(number: int, coded: Coded) -> list[dict[str, Any]]:
    rows = []
    for block in range(coded.grid.blocks):
        header, used, fault = coded.examine(block)
        if not fault:
            fault = coded.decode_block(block)[1]
        place = coded.grid.where(block)
        h, w, c = coded.grid.shape(block)
        subs: list[int] = []
        if header is not None and header.mode == Mode.CODED and fault in (Fault.NONE, Fault.STATE):
            subs = [*header.subs, header.words - sum(header.subs)]
        rows.append(
            {
                "map": number,
                "block": block,
                "at": [side.start for side in place],
                "values": h * w * c,
                "mode": "" if header is None else Mode(header.mode).name.lower(),
                "bytes": used,
                "sub_streams": [2 * n for n in subs],
                "fault": fault.name,
            }
        )
    return rows


def _line(row: dict[str, Any]) -> str:
    subs = " ".join(str(n) for n in row["sub_streams"])
    fault = "" if row["fault"] == "NONE" else row["fault"]
    return (
        f"{row['map']:>4} {row['block']:>5} {','.join(map(str, row['at'])):>14} "
        f"{row['values']:>6} {row['mode']:>5} {row['bytes']:>5} "
        f"{8 * row['bytes'] / row['values']:>6.2f} {subs:>19}  {fault}"
    ).rstrip()


def calibrate_file(
    model: Path | str,
    data: Path,
    to: Path,
    *,
    weights: Path | str | None = None,
    options: Options | None = None,
    budget: float = 0.0,
    coder: str = "tans",
    sets: int = SETS,
    names: str | None = None,
    width: float | None = None,
    samples: int = SAMPLES,
    say: Say = silent,
) -> dict[str, Any]:
    """Choose how the maps of a model are coded, and write the plan.

    Args:
        model: as `load` takes it.
        data: sample inputs, as floats.
        to: file to write.
        weights: of an architecture in JSON.
        options: of the front end.
        budget: most error of the outputs, as a share of their variance; 0: lossless.
        coder: ``tans`` or ``huffman``.
        sets: most table sets.
        names: maps to code, with commas between.
        width: the coder of the transform-coding paper instead, with coefficients of that width.
        samples: how many of *data* to look at.
        say: told of progress.

    Raises:
        ConfigError, ModelError: see `hwgen.errors`.
    """
    if samples < 1:
        raise ConfigError(f"{samples} samples", "--samples", "at least 1")
    graph = load(model, weights, options)
    codes, _ = to_codes(graph, read_data(graph, data))
    some = {name: rows[:samples] for name, rows in codes.items()}
    wanted = [name.strip() for name in names.split(",")] if names else []
    if width is None:
        plan = calibrate(
            graph, some, budget=budget, coder=Coder[coder.upper()], sets=sets, names=wanted, say=say
        )
    else:
        plan = paper(graph, some, width, wanted)
    write_files({to: json_bytes(plan.as_json())}, "--out")
    facts = dict(plan.facts)
    lines = [f"{'map':<24} {'shape':>12} {'mode':<20} bits a value"]
    for choice in plan.choices:
        method = facts["method"][choice.name]
        kind = choice.mode if choice.mode == "raw" or choice.mode == method else f"lossy, {method}"
        lines.append(
            f"{choice.name:<24} {'x'.join(map(str, choice.shape)):>12} {kind:<20} "
            f"{facts['bits'][choice.name]:.2f} of {choice.bits}"
        )
    lines.append(f"error of the outputs: {facts['error']:.2g} of their variance -> {to}")
    return {"facts": facts, "to": str(to), "text": "\n".join(lines)}


def write_klt(plan: Path | str, out: Path | str, name: str | None = None) -> dict[str, Any]:
    """Write ``OUT_forward.json`` and ``OUT_inverse.json``, bundles that `hwgen build` takes.

    Args:
        plan: what calibration wrote (``--paper``).
        out: what their names begin with.
        name: of the map; may be left out where only one has such a KLT.

    Returns:
        ``files``; ``map``; ``source``, the node that is coded; ``channels``; ``text``.

    Raises:
        ConfigError: the plan has no such map, or it has no KLT over all channels; or the files
            cannot be written.
    """
    known = CodingPlan.read(Path(plan))
    full = {c.name: c for c in known.choices if c.transform and c.transform.code & FULL_KLT}
    names = ", ".join(full)
    if name is None and len(full) > 1:
        raise ConfigError("which map of the plan is it?", "--map", f"there are {names}")
    asked = next(iter(full), "") if name is None else known[name].name
    if asked not in full:
        raise ConfigError(
            "there is no KLT over all channels", asked or str(plan),
            f"those of {names} are" if names else "'hwgen codec calibrate --paper' makes them",
        )  # fmt: skip
    choice = full[asked]
    assert choice.transform is not None
    forward, inverse = klt_graphs(choice.transform)
    stem = Path(out)
    files = [stem.with_name(f"{stem.name}_{side}.json") for side in ("forward", "inverse")]
    write_bundle((forward, files[0]), (inverse, files[1]))
    count = choice.shape[2]
    names = " and ".join(map(str, files))
    return {
        "files": [str(file) for file in files], "map": choice.name, "source": choice.source,
        "channels": count,
        "text": f"{names}: {count} x {count}, of map {choice.name} (codes of {choice.source})",
    }  # fmt: skip
