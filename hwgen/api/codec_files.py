# SPDX-License-Identifier: Apache-2.0
"""Coded maps as files: encoding, decoding, coding plans and their KLT."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.api.load import load
from hwgen.api.results import VerbResult
from hwgen.api.samples import read_data, to_codes
from hwgen.api.settings import from_names
from hwgen.arrays import load_arrays
from hwgen.codec.block_scan import FULL_KLT
from hwgen.codec.container import Container, stacked
from hwgen.codec.plan import CodingPlan, MapCoding
from hwgen.codec.statistics import token_counts
from hwgen.codec.tables import Tables
from hwgen.codec.wire import Coder
from hwgen.errors import ConfigError, VerifyError, count_of
from hwgen.files import json_bytes, write_files
from hwgen.frontends.bundle import write_bundle
from hwgen.frontends.options import Options
from hwgen.ir.fixed import bits_for
from hwgen.plan.coding.calibrate import SETS, calibrate, paper
from hwgen.plan.coding.folded_klt import klt_graphs
from hwgen.progress import Progress, silent

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


@dataclass(frozen=True, repr=False)
class Encoded(VerbResult):
    """Maps that were encoded into a file.

    Attributes:
        maps, values: how many.
        bytes: that a reader fetches.
        bits_per_value: coded.
        value_bits: of a value before.
        blocks: how many are raw, zero and coded.
        to: file that was written.
        shape: of a map, (H, W, C).
    """

    maps: int
    values: int
    bytes: int
    bits_per_value: float
    value_bits: int
    blocks: Mapping[str, int]
    to: str
    shape: tuple[int, int, int]

    def as_dict(self) -> dict[str, object]:
        """Return the figures."""
        return {key: value for key, value in asdict(self).items() if key != "shape"}

    def text(self) -> str:
        """Return the result in a line."""
        blocks = ", ".join(f"{count} {mode}" for mode, count in self.blocks.items() if count)
        return (
            f"{count_of(self.maps, 'map')} of {'x'.join(map(str, self.shape))}: "
            f"{self.bits_per_value:.3f} bits a value instead of {self.value_bits} ({blocks}) -> "
            f"{self.to}"
        )


def encode_file(
    data: Path,
    to: Path,
    *,
    plan: Path | None = None,
    name: str | None = None,
    coder: str | None = None,
    bits: int | None = None,
    slotted: bool = False,
) -> Encoded:
    """Encode the maps of a ``.npy`` file into an ``.hfm`` file.

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
    return Encoded(
        maps=len(made.maps),
        values=int(array.size),
        bytes=traffic,
        bits_per_value=round(8 * traffic / array.size, 4),
        value_bits=choice.bits,
        blocks={mode: sum(c.modes[mode] for c in made.maps) for mode in ("raw", "zero", "coded")},
        to=str(to),
        shape=choice.shape,
    )


def container(path: Path) -> Container:
    """Return the content of an ``.hfm`` file.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read ({error.strerror})", "x.hfm") from error
    return Container.unpack(data, str(path))


@dataclass(frozen=True, repr=False)
class Decoded(VerbResult):
    """Maps that were decoded into a file.

    Attributes:
        shape: of the array.
        damaged: blocks that became zeros.
        to: file that was written.
        dtype: of the array.
    """

    shape: tuple[int, ...]
    damaged: int
    to: str
    dtype: str

    def as_dict(self) -> dict[str, object]:
        """Return the figures."""
        return {"shape": list(self.shape), "damaged": self.damaged, "to": self.to}

    def text(self) -> str:
        """Return the result in a line, and a note on damage."""
        text = f"{'x'.join(map(str, self.shape))} {self.dtype} -> {self.to}"
        damaged = f"\nnote: {count_of(self.damaged, 'damaged block')} became zeros"
        return text + (damaged if self.damaged else "")


def decode_file(data: Path, to: Path, keep_going: bool = False) -> Decoded:
    """Decode an ``.hfm`` file into a ``.npy`` file.

    Args:
        data: what `encode_file` wrote.
        to: file to write.
        keep_going: write zeros for damaged blocks instead of nothing at all.

    Raises:
        ConfigError: a file cannot be read or written.
        VerifyError: blocks are damaged.
    """
    array, damages = container(data).decode()
    if damages and not keep_going:
        number, damage = damages[0]
        raise VerifyError(
            f"{count_of(len(damages), 'damaged block')}; the first is block {damage.block} of map "
            f"{number}: {damage.fault.name}",
            str(data),
            "hwgen codec inspect tells where; --keep-going writes zeros in their place",
        )
    content = io.BytesIO()
    np.save(content, array)
    write_files({to: content.getvalue()}, "--to")
    return Decoded(array.shape, len(damages), str(to), str(array.dtype))


@dataclass(frozen=True)
class CalibrationSettings:
    """Settings of a calibration.

    Attributes:
        weights: of an architecture in JSON.
        options: of the front end.
        budget: most error of the outputs, as a share of their variance; 0: lossless.
        coder: ``tans`` or ``huffman``.
        sets: most table sets.
        names: maps to code, with commas between.
        width: the coder of the transform-coding paper instead, with coefficients of that width.
        samples: how many of the data to look at.
    """

    weights: Path | str | None = None
    options: Options | None = None
    budget: float = 0.0
    coder: str = "tans"
    sets: int = SETS
    names: str | None = None
    width: float | None = None
    samples: int = SAMPLES


@dataclass(frozen=True, repr=False)
class Calibrated(VerbResult):
    """Coding plan that was written.

    Attributes:
        plan: how each map is coded, and what was measured.
        to: file that was written.
    """

    plan: CodingPlan
    to: str

    def as_dict(self) -> dict[str, object]:
        """Return ``facts``, what was measured, the maps where coding is no gain, and the file."""
        return {"facts": dict(self.plan.facts), "no_gain": list(self.no_gain), "to": self.to}

    @property
    def no_gain(self) -> tuple[str, ...]:
        """Names of the maps that coded take as many bits a value as they have, or more."""
        bits = dict(self.plan.facts)["bits"]
        return tuple(one.name for one in self.plan.choices if bits[one.name] >= one.bits)

    def text(self) -> str:
        """Return a line a map, and the error of the outputs."""
        facts = dict(self.plan.facts)
        lines = [f"{'map':<24} {'shape':>12} {'mode':<20} bits a value"]
        for choice in self.plan.choices:
            method, mode = facts["method"][choice.name], choice.mode
            kind = mode if mode in ("raw", method) else f"lossy, {method}"
            lines.append(
                f"{choice.name:<24} {'x'.join(map(str, choice.shape)):>12} {kind:<20} "
                f"{facts['bits'][choice.name]:.2f} of {choice.bits}"
                + (", no gain" if choice.name in self.no_gain else "")
            )
        lines.append(f"error of the outputs: {facts['error']:.2g} of their variance -> {self.to}")
        if self.no_gain:
            lines.append(
                f"coding is not worth it for {', '.join(self.no_gain)}: as they are, their values "
                "take no more room"
            )
        return "\n".join(lines)


def calibrate_file(
    model: Path | str, data: Path, to: Path, *, progress: Progress = silent, **settings: Any
) -> Calibrated:
    """Choose how the maps of a model are coded, and write the plan.

    Args:
        model: as `load` takes it.
        data: sample inputs, as floats.
        to: file to write.
        progress: called with every step.
        settings: as `CalibrationSettings` has them.

    Raises:
        ConfigError, ModelError: see `hwgen.errors`.
    """
    asked = from_names(CalibrationSettings, settings)
    if asked.samples < 1:
        raise ConfigError(f"{asked.samples} samples", "--samples", "at least 1")
    graph = load(model, asked.weights, asked.options)
    codes, _ = to_codes(graph, read_data(graph, data))
    some = {name: rows[: asked.samples] for name, rows in codes.items()}
    wanted = [name.strip() for name in asked.names.split(",")] if asked.names else []
    if asked.width is None:
        plan = calibrate(
            graph, some, budget=asked.budget, coder=Coder[asked.coder.upper()], sets=asked.sets,
            names=wanted, progress=progress,
        )  # fmt: skip
    else:
        plan = paper(graph, some, asked.width, wanted)
    write_files({to: json_bytes(plan.as_json())}, "--out")
    return Calibrated(plan, str(to))


@dataclass(frozen=True, repr=False)
class KltBundles(VerbResult):
    """Bundles of a map's KLT, forward and inverse.

    Attributes:
        files: that were written.
        map: name in the plan.
        source: node of the network that is coded.
        channels: size of the transform.
    """

    files: tuple[str, ...]
    map: str
    source: str
    channels: int

    def text(self) -> str:
        """Return the files and the map in a line."""
        size = f"{self.channels} x {self.channels}"
        files = " and ".join(self.files)
        return f"{files}: {size}, of map {self.map} (codes of {self.source})"


def write_klt(plan: Path | str, out: Path | str, name: str | None = None) -> KltBundles:
    """Write ``OUT_forward.json`` and ``OUT_inverse.json``, bundles that `hwgen build` takes.

    Args:
        plan: what calibration wrote (``--paper``).
        out: what their names begin with.
        name: of the map; may be left out where only one has such a KLT.

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
    paths = tuple(map(str, files))
    return KltBundles(paths, choice.name, choice.source, choice.shape[2])
