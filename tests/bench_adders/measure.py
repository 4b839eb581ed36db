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
from hwgen.plan.board import load_board
from hwgen.synth import netlist as netlist_room
from hwgen.synth.count import Measured, count
from hwgen.synth.netlist import Netlist
from hwgen.synth.path import PathModel, longest_path
from hwgen.synth.yosys import map_design, script_for
from tests.bench_adders.cases import Case, Ints
from tests.bench_adders.designs import BOARD, Port, Text

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
    netlist = _mapped(text, cache)
    x = case.samples()
    latency = _check(case, text, netlist, x)
    family = load_board(BOARD).family
    paths = tuple(longest_path(netlist, PathModel.of(family, t)) for t in TERNARY)
    measured = count(netlist).with_path(paths[TERNARY.index(None)])
    return Result(measured, paths, latency, len(x))


def _mapped(text: Text, cache: Path) -> Netlist:
    names = list(text.files)
    digest = hashlib.sha256(Path(netlist_room.__file__).read_bytes())
    for part in (*script_for(FAMILY, names, text.top), *text.files.values()):
        digest.update(part.encode())
    kept = cache / f"{digest.hexdigest()[:16]}.netlist"
    if kept.is_file():
        found: Netlist = pickle.loads(kept.read_bytes())
        return found
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for i, (name, content) in enumerate(text.files.items()):
            files.append(Path(folder) / f"{i:03}_{Path(name).name}")
            files[-1].write_text(content)
        made = map_design(files, text.top, FAMILY)
    cache.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(".part")
    fresh.write_bytes(pickle.dumps(made))
    fresh.replace(kept)
    return made


def _check(case: Case, text: Text, netlist: Netlist, x: Ints) -> int:
    """Return the latency at which all outputs of all samples are right."""
    cycles = np.concatenate([x, np.repeat(x[-1:], _DEEPEST, axis=0)])
    inputs = {text.x.name: _bits(cycles, text.x)}
    for name in text.ones:
        inputs[name] = np.ones((len(cycles), 1), np.uint8)
    got = _words(netlist.run(inputs)[text.y.name], text.y)
    want = case.run(x)
    tried = range(_DEEPEST + 1) if text.latency is None else [text.latency]
    for latency in tried:
        if np.array_equal(got[latency : latency + len(x)], want):
            return latency
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
