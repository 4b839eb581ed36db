# SPDX-License-Identifier: Apache-2.0
"""One design through synthesis: mapped (cached by digest), checked, counted."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from hwgen.errors import Mismatch
from hwgen.synth import netlist as netlist_room
from hwgen.synth import yosys
from hwgen.synth.count import Measured, count
from hwgen.synth.netlist import Netlist
from hwgen.synth.path import PathModel, longest_path
from hwgen.target.board import load_board
from tests.benchmarks.adders.cases import Case, Ints
from tests.benchmarks.adders.designs import BOARD, Port, Text, keep

FAMILY = "ultrascale_plus"
TERNARY = (1.27, None, 1.7)  # assumed delay of a three-operand adder; None: what the family says
_DEEPEST = 60  # cycles of latency that are tried


@dataclass(frozen=True)
class Result:
    """What came out.

    Attributes:
        measured: with the longest path under the family's own delay of a three-operand adder.
        paths: the longest path under every assumption of `TERNARY`.
        latency: cycles from input to output, as found in simulation of the netlist.
        samples: how many were checked.
    """

    measured: Measured
    paths: tuple[float, ...]
    latency: int
    samples: int


def measure(case: Case, text: Text, cache: Path) -> Result:
    """Map a design, check every output of every sample, and count.

    Raises:
        Mismatch: an output is wrong, or comes at another time than claimed.
    """
    netlist = mapped(text, cache)
    latency, samples = check(case, text, netlist)
    family = load_board(BOARD).family
    paths = tuple(longest_path(netlist, PathModel.of(family, t)) for t in TERNARY)
    measured = count(netlist).with_path(paths[TERNARY.index(None)])
    return Result(measured, paths, latency, samples)


def digest_of(text: Text, family: str, *more: str) -> str:
    """Return what identifies a text and how it is mapped."""
    made = hashlib.sha256(Path(netlist_room.__file__).read_bytes())
    script = yosys.script_for(family, list(text.files), text.top)
    for part in (yosys.version(), yosys._CHAINS, *more, *script, *text.files.values()):
        made.update(part.encode())
    if family != FAMILY:
        made.update(yosys.LATTICE_ALU.read_bytes())
    return made.hexdigest()[:16]


def written(text: Text, folder: Path) -> list[Path]:
    """Write a design's files and return them in order."""
    files = []
    for i, (name, content) in enumerate(text.files.items()):
        files.append(folder / f"{i:03}_{Path(name).name}")
        files[-1].write_text(content)
    return files


def mapped(text: Text, cache: Path, family: str = FAMILY) -> Netlist:
    """Return a design's mapped netlist, kept by digest."""
    kept = cache / f"{digest_of(text, family)}.netlist"
    if kept.is_file():
        found: Netlist = pickle.loads(kept.read_bytes())
        return found
    with tempfile.TemporaryDirectory() as folder:
        made = yosys.map_design(written(text, Path(folder)), text.top, family)
    keep(kept, pickle.dumps(made))
    return made


def check(case: Case, text: Text, netlist: Netlist) -> tuple[int, int]:
    """Return the latency at which all outputs of all samples are right, and how many they are.

    Raises:
        Mismatch: there is none, or it is not the one that is claimed.
    """
    x = case.samples()
    cycles = np.concatenate([x, np.repeat(x[-1:], _DEEPEST, axis=0)])
    inputs = {text.x.name: _bits(cycles, text.x)}
    for name in text.ones:
        inputs[name] = np.ones((len(cycles), 1), np.uint8)
    got = _words(netlist.run(inputs)[text.y.name], text.y)
    want = case.run(x)
    tried = range(_DEEPEST + 1) if text.latency is None else [text.latency]
    for latency in tried:
        if np.array_equal(got[latency : latency + len(x)], want):
            return latency, len(x)
    wrong = int(np.any(got[tried[0] : tried[0] + len(x)] != want, axis=1).sum())
    raise Mismatch(f"{wrong} of {len(x)} samples differ at latency {tried[0]}", case.name)


def _bits(values: Ints, port: Port) -> npt.NDArray[np.uint8]:
    columns = [
        (values[:, i] >> (shift + k)) & 1
        for i, (width, shift) in enumerate(zip(port.width, port.shift, strict=True))
        for k in range(width)
    ]
    made: npt.NDArray[np.uint8] = np.stack(columns, axis=1).astype(np.uint8)
    return made


def _words(bits: npt.NDArray[np.uint8], port: Port) -> Ints:
    out, low = [], 0
    for width, signed, shift in zip(port.width, port.signed, port.shift, strict=True):
        weights = np.array([1 << k for k in range(width)], np.int64)
        word = bits[:, low : low + width].astype(np.int64) @ weights
        if signed:
            word -= (word >> (width - 1)) << width
        out.append(word << shift if shift >= 0 else word)
        low += width
    assert low == bits.shape[1], "formats and port differ"
    made: Ints = np.stack(out, axis=1)
    return made
