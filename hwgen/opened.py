# SPDX-License-Identifier: Apache-2.0
"""A build folder opened again: its graph, float data on the input grids, and prediction."""

from __future__ import annotations

import hashlib
import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.emit.files import npz_bytes
from hwgen.emit.loose import write_files
from hwgen.errors import ConfigError
from hwgen.frontends.bundle import BROKEN, load_bundle
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.ops.serial import digest
from hwgen.verify.reference import Reference

_AGAIN = "build it again with: hwgen build MODEL -b BOARD -o OUT"


@dataclass(frozen=True)
class Output:
    """A build folder opened again.

    Attributes:
        folder: where it lies.
        graph: what was built.
        design: the content of ``design.json``.
        version: the hwgen that built it.
    """

    folder: Path
    graph: Graph
    design: dict[str, Any]
    version: str

    @classmethod
    def open(cls, folder: Path) -> Output:
        """Read a folder that `build` wrote.

        The RTL may have been edited (that is what a simulation is for), and results may have
        entered the report; what the RTL is held against may not have changed.

        Raises:
            ConfigError: it is no such folder, or the design or the model in it was changed.
        """
        manifest = _json(folder, "manifest.json")
        known = manifest.get("files")
        if "hwgen" not in manifest or not isinstance(known, dict):
            raise ConfigError("manifest.json is not one of hwgen's", str(folder), _AGAIN)
        for path, expected in sorted(known.items()):
            if not path.startswith(("rtl/", "sim/", "report.")):
                _unchanged(folder, path, expected)
        design = _json(folder, "design.json")
        graph = load_bundle(folder / "model" / "graph.json")
        if design.get("model") != digest(graph):
            raise ConfigError("design.json and model/ do not belong together", str(folder), _AGAIN)
        return cls(folder, graph, design, str(manifest["hwgen"]))


def _json(folder: Path, name: str) -> dict[str, Any]:
    try:
        found = json.loads((folder / name).read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ConfigError(
            f"this is no folder that hwgen built ({name}: {reason})", str(folder), _AGAIN
        ) from error
    if not isinstance(found, dict):
        raise ConfigError(f"{name} is not one of hwgen's", str(folder), _AGAIN)
    return found


def _unchanged(folder: Path, path: str, expected: object) -> None:
    try:
        content = (folder / path).read_bytes()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} is missing from the build", str(folder), _AGAIN) from error
    if hashlib.sha256(content).hexdigest() != expected:
        raise ConfigError(f"{path} was changed after the build", str(folder), _AGAIN)


# -------------------------------------------------------------------- samples


def load_arrays(path: Path, option: str) -> Any:
    """Return the array of a ``.npy``, or the name to array table of a ``.npz``.

    Args:
        path: the file.
        option: what the user named it with, for messages.

    Raises:
        ConfigError: the file is none, is damaged, or holds Python objects.
    """
    try:
        with warnings.catch_warnings():  # numpy warns where it goes on to fail
            warnings.simplefilter("ignore")
            found = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
            if isinstance(found, np.ndarray):
                return found
            with found:
                return {name: found[name] for name in found.files}
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: no such file", option, "check the path") from error
    except BROKEN as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise ConfigError(
            f"{path} cannot be read as a numpy array ({reason})",
            option,
            "write it with numpy.save, or numpy.savez for several arrays",
        ) from error


def load_table(path: Path, option: str) -> dict[str, Any]:
    """Return the name to array table of a ``.npz``.

    Raises:
        ConfigError: as `load_arrays`, or the file holds a single array.
    """
    found = load_arrays(path, option)
    if isinstance(found, dict):
        return found
    raise ConfigError(f"{path} holds one array", option, "write a .npz with numpy.savez")


def read_data(graph: Graph, path: Path, option: str = "--data") -> dict[str, Any]:
    """Read samples: a ``.npy`` for one input, a ``.npz`` by input name for several.

    Raises:
        ConfigError: the file cannot be read or does not fit the inputs.
    """
    names = [node.name for node in graph.inputs]
    found = load_arrays(path, option)
    if isinstance(found, dict):
        return found
    if len(names) != 1:
        raise ConfigError(
            f"one array for the inputs {', '.join(names)}",
            option,
            "give a .npz with one array each",
        )
    return {names[0]: found}


def to_codes(
    graph: Graph, data: Mapping[str, Any], option: str = "--data"
) -> tuple[dict[str, Codes], int]:
    """Return float samples on the input grids, and how many values had to be moved there.

    Values are rounded half to even and saturated, as the input's quantizer does.

    Raises:
        ConfigError: an input is missing or unknown, has another shape, or holds NaN.
    """
    names = [node.name for node in graph.inputs]
    if set(data) != set(names):
        raise ConfigError(
            f"arrays for {', '.join(sorted(data)) or 'nothing'}; the inputs are {', '.join(names)}",
            option,
            "give one array an input, under its name",
        )
    codes: dict[str, Codes] = {}
    moved = 0
    for node in graph.inputs:
        values = np.asarray(data[node.name])
        if values.dtype.kind not in "fiu" or not np.all(np.isfinite(values)):
            raise ConfigError(
                f"input {node.name} needs finite real numbers",
                option,
                f"it holds {values.dtype}" if values.dtype.kind not in "fiu" else "it holds NaN",
            )
        if values.ndim == 0 or values.shape[1:] != node.type.shape or not len(values):
            dims = ", ".join(map(str, node.type.shape))
            raise ConfigError(
                f"input {node.name} has shape {values.shape}, expected (samples, {dims})",
                option,
                "the first axis counts the samples, at least one",
            )
        lo, hi = node.type.lo.astype(np.float64), node.type.hi.astype(np.float64)
        with np.errstate(over="ignore", under="ignore"):  # what is so far out saturates
            scaled = np.ldexp(values.astype(np.float64), node.type.frac)
        made = np.clip(np.rint(scaled), lo, hi)
        moved += int(np.count_nonzero(made != scaled))
        codes[node.name] = made.astype(np.int64)
    counts = {name: len(rows) for name, rows in codes.items()}
    if len(set(counts.values())) > 1:
        said = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise ConfigError(f"the inputs have different numbers of samples: {said}", option)
    return codes, moved


# -------------------------------------------------------------------- prediction


def values_of(graph: Graph, codes: Mapping[str, Codes]) -> dict[str, Any]:
    """Return the float64 values of output codes."""
    return {
        out.name: codes[out.name].astype(np.float64) * np.array(out.scale) + np.array(out.offset)
        for out in graph.outputs
    }


def predict(graph: Graph | Path | str, x: Any, apply_scaler: bool = False) -> Any:
    """Run the integer reference on floats; floats come out.

    Args:
        graph: a graph, or a folder that `build` wrote.
        x: one array ``(samples, *shape)``, or a table by input name.
        apply_scaler: *x* is raw; apply the training scaler first.

    Returns:
        One array, or a table by output name when there are several.

    Raises:
        ConfigError: no such folder, or samples that do not fit the inputs.
    """
    made = graph if isinstance(graph, Graph) else Output.open(Path(graph)).graph
    values, _ = _predict(made, x, apply_scaler, "x")
    return values if len(values) > 1 else next(iter(values.values()))


def _predict(graph: Graph, x: Any, apply_scaler: bool, option: str) -> tuple[dict[str, Any], int]:
    """Return the values by output name, and how many inputs were off the grid."""
    if isinstance(x, Mapping):
        table = dict(x)
    elif len(graph.inputs) == 1:
        table = {graph.inputs[0].name: np.asarray(x)}
    else:
        names = ", ".join(node.name for node in graph.inputs)
        raise ConfigError(f"one array for the inputs {names}", option, "give a table by name")
    if apply_scaler:
        table = _scaled(graph, table, option)
    codes, moved = to_codes(graph, table, option)
    return values_of(graph, Reference(graph).run(codes)), moved


def _scaled(graph: Graph, table: dict[str, Any], option: str) -> dict[str, Any]:
    """Apply the training scaler to the first input."""
    if not graph.scaler_mean:
        raise ConfigError(
            "the build has no training scaler", "--apply-scaler", "build with --scaler FILE.npz"
        )
    first = graph.inputs[0]
    values = np.asarray(table.get(first.name, np.empty(0)))
    if values.dtype.kind not in "fiu" or values.shape[1:] != first.type.shape:
        return table  # told by to_codes
    mean, std = (_spread(part, first.type.shape) for part in (graph.scaler_mean, graph.scaler_std))
    return {**table, first.name: (values.astype(np.float64) - mean) / std}


def _spread(values: tuple[float, ...], shape: tuple[int, ...]) -> Any:
    """Return one figure an element, where a scaler has that many; else it broadcasts by itself."""
    array = np.array(values)
    return array.reshape(shape) if array.size == int(np.prod(shape)) else array


def scaler_fits(size: int, shape: tuple[int, ...]) -> bool:
    """Tell whether a scaler fits an input: one figure for all, one a channel, one an element."""
    return size in (1, shape[-1] if shape else 1, int(np.prod(shape)))


def predict_file(out: Path, data: Path, to: Path, apply_scaler: bool = False) -> dict[str, Any]:
    """Run `predict` from file to file: ``.npy`` for one output, ``.npz`` by name for several.

    Raises:
        ConfigError: a folder or file that is none, or samples that do not fit.
    """
    graph = Output.open(out).graph
    names = [output.name for output in graph.outputs]
    if len(names) > 1 and to.suffix != ".npz":
        raise ConfigError(
            f"the outputs {', '.join(names)} do not go into one {to.name}", "--to", "name it y.npz"
        )
    made, moved = _predict(graph, read_data(graph, data, "x.npy"), apply_scaler, "x.npy")
    content = io.BytesIO()
    if to.suffix == ".npz":
        content.write(npz_bytes(made))
    else:
        np.save(content, made[names[0]])
    write_files({to: content.getvalue()}, "--to")
    samples = len(made[names[0]])
    text = f"{samples} samples -> {to}"
    if moved:
        text += f"\nnote: {moved} input values were not on the grid and were rounded or saturated"
    return {"samples": samples, "moved": moved, "to": str(to), "text": text}
