# SPDX-License-Identifier: Apache-2.0
"""Table of public models of other people: what becomes of each, untouched.

``make bench-models`` prints it, ``BLESS=1`` writes docs/models.md. The models lie beside the
repository, in ../shared/models; without them nothing is measured. ``ONLY=name,...`` takes some of
them (``name/stream`` the folded one alone), and leaves the other rows of the page as they are;
``QUICK=1`` leaves the simulation out.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import hwgen
from hwgen.api.quantize import quantize
from hwgen.api.samples import to_codes
from hwgen.errors import HwgenError, count_of
from hwgen.frontends.keras import live, live_double
from hwgen.ops.reference import run_reference
from hwgen.quantize.model import Recipe

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
MODELS = SHARED / "models"
PAGE = ROOT / "docs" / "models.md"
EXACT, SIMULATED = 2000, 300
BOARD = "vu13p"
COLUMNS = 9  # of the table
Data = tuple[Any, Any] | None  # samples and classes


def jets() -> Data:
    found = np.load(SHARED / "data" / "jets1000.npz")
    return found["x"].astype(np.float64), found["y"]


def mnist(side: int) -> Data:
    found = np.load(SHARED / "data" / "mnist.npz")
    x = found["x_test"][:5000] / 255.0
    if side == 14:
        x = x.reshape(len(x), 14, 2, 14, 2).mean((2, 4))
    return x.reshape(len(x), -1), found["y_test"][:5000]


@dataclass(frozen=True)
class Entry:
    """One model.

    Attributes:
        model: file.
        weights: file, None where the model has them.
        data: of its task, or None.
        bits: of post-training quantization, None for a model that is quantized.
        settings: of the build.
        exact, simulated: random samples.
    """

    model: str
    weights: str | None = None
    data: Callable[[], Data] = lambda: None
    bits: int | None = None
    settings: tuple[tuple[str, Any], ...] = ()
    exact: int = EXACT
    simulated: int = SIMULATED

    @property
    def key(self) -> tuple[str, bool]:
        """Name, and whether products are folded."""
        return self.name, ("style", "stream") in self.settings

    @property
    def name(self) -> str:
        file = Path(self.weights or self.model)
        if file.stem == "truth_tables":
            return f"kan/{file.parent.name}"
        part = file.stem.removesuffix("_weights")
        return part.removesuffix("_retrained")


S16 = (("input_format", "s16.10"),)


def stream(interval: int) -> tuple[tuple[str, Any], ...]:
    """Return the settings of a folded pipeline that takes a sample every so many cycles."""
    return (("style", "stream"), ("interval", interval))


ENTRIES = (
    Entry("qkeras_3layer.json", "qkeras_3layer_weights.h5", jets, settings=S16),
    Entry("QKERAS_3layer.h5", None, jets, settings=S16),
    Entry("KERAS_1layer.json", "KERAS_1layer_weights.h5", bits=8),
    Entry("KERAS_3layer.json", "KERAS_3layer_weights.h5", jets, 8),
    Entry("KERAS_3layer.json", "KERAS_3layer_70pruned_retrained_weights.h5", jets, 8),
    Entry("KERAS_3layer.json", "KERAS_3layer_95pruned_retrained_weights.h5", jets, 8),
    Entry("KERAS_3layer_batch_norm.json", "KERAS_3layer_batch_norm_weights.h5", jets, 8),
    Entry("KERAS_3layer_binary_smaller.json", "KERAS_3layer_binary_smaller_weights.h5", jets,
          settings=S16),
    Entry("KERAS_3layer_ternary_small.json", "KERAS_3layer_ternary_small_weights.h5", jets,
          settings=S16),
    Entry("KERAS_conv1d_small.json", "KERAS_conv1d_small_weights.h5", bits=8),
    Entry("KERAS_conv1d_small.json", "KERAS_conv1d_small_weights.h5", bits=8, settings=stream(10)),
    Entry("KERAS_conv2d_model.json", "KERAS_conv2d_model_weights.h5", bits=6),
    Entry("KERAS_conv2d_model.json", "KERAS_conv2d_model_weights.h5", bits=6, settings=stream(64)),
    Entry("jetTagger_Conv2D_Small_NoBatchNorm.json",
          "jetTagger_Conv2D_Small_NoBatchNorm_weights.h5", bits=6),
    Entry("jetTagger_Conv2D_Small_NoBatchNorm.json",
          "jetTagger_Conv2D_Small_NoBatchNorm_weights.h5", bits=6, settings=stream(625),
          simulated=50),
    Entry("KERAS_mnist_14x14_mlp.json", "KERAS_mnist_14x14_mlp_weights.h5", lambda: mnist(14), 6),
    Entry("RN06_resnet_cifar10_8b.h5", settings=(("input_format", "u8.8"), *stream(1280)),
          exact=500, simulated=10),
    Entry("kan/jets/truth_tables.json"),
    Entry("kan/rl/truth_tables.json"),
    Entry("TFC_2W2A.onnx"),
)  # fmt: skip


# What models that are refused today wait for.
WAITS = {"TFC": "a reader of QONNX files"}


@dataclass(frozen=True)
class Row:
    """What was found of a model; empty where nothing could be."""

    name: str
    how: str
    exact: str = ""
    simulated: str = ""
    lut: str = ""
    dsp: str = ""
    interval: str = ""
    latency: str = ""
    accuracy: str = ""

    @property
    def good(self) -> bool:
        """Whether it is built, or waits for a reader, and every sample is exact."""
        equal, _, whole = self.exact.partition(" of ")
        return equal == whole and not self.how.startswith("refused")

    def text(self) -> str:
        taken = (self.lut, self.dsp, self.interval, self.latency)
        cells = (self.how, self.exact, self.simulated, *taken, self.accuracy)
        return f"| `{self.name}` | {' | '.join(cell or '-' for cell in cells)} |"


def _samples(shape: tuple[int, ...], data: Data, count: int) -> Any:
    if data is not None:
        return data[0][:count].reshape(-1, *shape)
    return np.random.default_rng(1).normal(0.3, 1, (count, *shape))


def _share(values: Any, truth: Any) -> float:
    return float(np.mean(values.argmax(1) == truth))


def _accuracy(graph: Any, own: Callable[[Any], Any], data: Data) -> str:
    """Return the accuracy of a graph beside that of the model itself, on the same samples."""
    if data is None:
        return ""
    shape = graph.inputs[0].type.shape
    x = data[0].reshape(-1, *shape)
    codes, _ = to_codes(graph, {graph.inputs[0].name: x})
    out = graph.outputs[0]
    mine = run_reference(graph, codes)[out.name] * np.array(out.scale) + np.array(out.offset)
    return f"{_share(mine, data[1]):.2%}, original {_share(own(x), data[1]):.2%}"


def _quantized(entry: Entry, folder: Path, data: Data) -> tuple[Path, str, str]:
    """Quantize a float model; return the bundle, how many samples are exact, and the accuracy."""
    path, weights = MODELS / entry.model, MODELS / str(entry.weights)
    config = live.loaded(path, weights)
    x = _samples(tuple(config.input_shape[1:]), data, 1000)
    recipe = Recipe(entry.bits or 8, entry.bits or 8)
    made = quantize(path, x, folder / "q.json", weights=weights, recipe=recipe)
    (name,) = [node.name for node in made.graph.inputs]
    done = made.quantized
    for layer in config.layers:
        if layer.weights:
            table = done.model.weights[layer.name]
            names = [v.name.rpartition("/")[2].partition(":")[0] for v in layer.weights]
            layer.set_weights([table[n] for n in names])
    changed = folder / "q.h5"
    config.save(changed, save_format="h5")
    node = made.graph.inputs[0]
    rng = np.random.default_rng(2)
    lo, hi = int(node.type.lo.min()), int(node.type.hi.max())
    codes = rng.integers(lo, hi + 1, (entry.exact, *node.type.shape))
    (theirs,) = live_double.oracle(
        changed, done.options, {name: np.ldexp(codes * 1.0, -node.type.frac)}
    )
    out = made.graph.outputs[0]
    mine = run_reference(made.graph, {name: codes})[out.name]
    found = (theirs - np.array(out.offset)) / np.array(out.scale)
    equal = int(np.sum((np.rint(found) == mine).reshape(entry.exact, -1).all(1)))
    accuracy = _accuracy(made.graph, _forward(entry, name), data)
    return folder / "q.json", f"{equal:,} of {entry.exact:,}", accuracy


def _forward(entry: Entry, first: str) -> Callable[[Any], Any]:
    """Return the forward pass of a model itself."""
    weights = None if entry.weights is None else MODELS / entry.weights
    return lambda x: live.oracle(MODELS / entry.model, weights, {first: x}, 1)[0]


def _known_to_keras(entry: Entry) -> bool:
    """Tell whether Keras can load a model: not networks of tables, and not a script's classes."""
    return not entry.model.startswith("kan/") and not any(
        part in entry.model for part in ("binary", "ternary")
    )


def measure(entry: Entry, quick: bool) -> Row:
    """Return what becomes of one model."""
    data = entry.data()
    with tempfile.TemporaryDirectory() as name:
        folder, exact, accuracy = Path(name), "", ""
        model: Path = MODELS / entry.model
        weights = None if entry.weights is None else MODELS / entry.weights
        how = "as it is" if entry.bits is None else f"`hwgen quantize --bits {entry.bits}`"
        how += ", stream" if entry.key[1] else ""
        try:
            if entry.bits is not None:
                model, exact, accuracy = _quantized(entry, folder, data)
                weights = None
            built = hwgen.build(
                model, folder / "out", board=BOARD, weights=weights, effort=0, best_effort=True,
                **dict(entry.settings),
            )  # fmt: skip
            if entry.bits is None and _known_to_keras(entry):
                verdict = hwgen.verify(folder / "out", samples=entry.exact)
                exact = f"{verdict.samples - verdict.mismatches:,} of {verdict.samples:,}"
                first = built.graph.inputs[0].name
                accuracy = _accuracy(built.graph, _forward(entry, first), data)
            design = built.design
            latency = f"{count_of(design.latency, 'cycle')}, {design.latency_ns:.0f} ns"
            done = ""
            if not quick:
                ran = hwgen.sim(folder / "out", samples=entry.simulated)
                done = f"{ran.samples:,}"
            taken = built.estimate
            figures = (f"{taken.lut:,}", f"{taken.dsp:,}", f"{design.interval:,}", latency)
            return Row(entry.name, how, exact, done, *figures, accuracy)
        except HwgenError as error:
            said = (str(error.what).splitlines() or [type(error).__name__])[0]
            waits = next((why for part, why in WAITS.items() if part in entry.model), "")
            how = f"waits for {waits}" if waits else f"refused: {said}"
            return Row(entry.name, how, exact, accuracy=accuracy)


HEAD = """\
# Public models, untouched

Models that other people trained, as their files are: none was edited. Those with quantizers are
built as they are; float ones go through `hwgen quantize` first. Written by
`make bench-models BLESS=1`.

- *Exact*: random samples on which the core's integers equal Keras' own layers: for quantized
  models its float32 forward pass; for float ones its layers in double precision, with the quantized
  weights and a rounding where a format is.
- *Simulated*: samples of the RTL in Verilator; all of them equal the integer reference. A dash: not
  simulated in the run that made the row (`QUICK=1`); with `ONLY=...` a run makes some rows alone.
- *LUT* and *DSP* are estimates for a VU13P at its default clock, effort 0; a missed clock is passed
  over. *Interval* is cycles between two samples; *stream* is a folded pipeline
  ([stream.md](stream.md)), else the network is unrolled.
- *Accuracy*: of the core, and of the original model on the same samples: the 1,000 rows of jets, or
  the first 5,000 images of MNIST's test set. A dash where there are no data of the task; then the
  calibration data are random, so the row says that the model builds, not how good it is.
  `KERAS_3layer` and its kin score no better than chance as float models on these rows too: by what
  their publisher scaled the jets is not told.
- `KERAS_3layer_95pruned` is dead on these rows: its float outputs are the same for all of them, so
  what was calibrated on them is a constant.
- `BinaryDense` and `TernaryDense` are classes of a script, so there is no Keras to ask; networks of
  truth tables bring vectors of their own, which tests compare.

| model | how | exact | simulated | LUT | DSP | interval | latency | accuracy |
|---|---|---|---|---|---|---|---|---|
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where a model is refused or not exact on every sample."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default="")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--bless", action="store_true")
    args = parser.parse_args(arguments)
    wanted = [name for name in args.only.split(",") if name]
    known, rows, missed = _known(), [], 0
    for entry in ENTRIES:
        if wanted and not {entry.name, f"{entry.name}/stream" * entry.key[1]} & {*wanted}:
            rows += known.get(entry.key, [])
        elif (MODELS / entry.model).is_file():
            row = measure(entry, args.quick)
            missed += not row.good
            rows.append(row.text())
            print(rows[-1], flush=True)
    if args.bless:
        PAGE.write_text(HEAD + "\n".join(rows) + "\n", "utf-8")
    return int(missed > 0)


def _known() -> dict[tuple[str, bool], list[str]]:
    """Return the rows of the page as it is, by model and whether its products are folded."""
    made = {}
    for line in PAGE.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and len(cells) == COLUMNS:
            made[cells[0].strip("`"), cells[1].endswith("stream")] = [line]
    return made


if __name__ == "__main__":
    raise SystemExit(main())
