# SPDX-License-Identifier: Apache-2.0
"""Project behind hls4ml's calls: the exact graph of a Keras model, its emulator, its build."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.api.build import Build, build
from hwgen.api.emulate import emulate
from hwgen.api.emulator import Emulator
from hwgen.api.load import from_keras
from hwgen.api.pack import pack
from hwgen.api.samples import to_codes
from hwgen.api.sim import sim
from hwgen.api.synth import synth
from hwgen.errors import ConfigError, Mismatch, ModelError
from hwgen.frontends.options import Options
from hwgen.ir.graph import Graph
from hwgen.ir.names import node_name
from hwgen.ops import Input
from hwgen.ops.reference import Reference
from hwgen.progress import Progress, silent
from hwgen.target.board import boards
from hwgen.verify.compile_hls import compilations, run_hls
from hwgen.verify.self_check import make_vectors

_STYLES = {"io_parallel": "parallel", "io_stream": "stream"}
_STEPS = ("reset", "csim", "synth", "cosim", "validation", "export", "vsynth", "fifo_opt")


@dataclass(frozen=True)
class Settings:
    """Settings of a project, as hls4ml's configuration has them.

    Attributes:
        folder: to write to.
        name: of the project.
        part: of a vendor; None where none is named.
        board: of hwgen.
        named: whether the user named the board.
        clock_period: nanoseconds.
        io_type: ``io_parallel`` or ``io_stream``.
        input_format: ``s16.10`` for inputs without a quantizer; None: hls4ml's precision.
        head: ``logits``, ``argmax`` or ``softmax``; None: softmax where the model ends in one.
    """

    folder: str
    name: str
    part: str | None
    board: str
    named: bool
    clock_period: float
    io_type: str
    input_format: str | None
    head: str | None = None


class Project:
    """Project of a model that hls4ml converted.

    Args:
        keras: the Keras model.
        settings: of the project.
        precisions: hls4ml's precision of every input, in the model's order.
        progress: called with what the user should know.

    Raises:
        ModelError: there is no Keras model, or it has no exact integer form.
    """

    def __init__(
        self,
        keras: Any,
        settings: Settings,
        precisions: Sequence[Any],
        progress: Progress = silent,
    ) -> None:
        if keras is None:
            raise ModelError(
                "the Keras model is gone: hls4ml keeps none in a graph that was stored",
                settings.name,
                "convert the model again with convert_from_keras_model",
            )
        self.settings, self.progress = settings, progress
        self.format = settings.input_format or _format_of(precisions[0])
        names = [tensor.name.split(":")[0] for tensor in keras.inputs]
        formats: str | dict[str, str] = self.format
        if settings.input_format is None and len(names) == len(precisions) > 1:
            formats = {n: _format_of(p) for n, p in zip(names, precisions, strict=True)}
        # The layers alone, whose values are traced; and what is compiled and built.
        self.layers: Graph = from_keras(keras, input_format=formats)
        self.graph = self._with_head(keras, formats)
        self.names = [str(name) for name in keras.output_names]
        for node in self.graph.inputs:
            progress("input", f"{node.name} is {node.type.fixed} (bits.fraction bits)")
        for note in self.graph.notes:
            progress("note", note)

    def _with_head(self, keras: Any, formats: str | dict[str, str]) -> Graph:
        """Return the graph with what is made of its outputs; without a choice as in the model.

        Raises:
            ConfigError: the outputs cannot have the head that was asked for.
        """
        plain, asked, why = self.layers, self.settings.head, ""
        ends = [note for note in plain.notes if "softmax" in note or "sigmoid" in note]
        soft = [note for note in ends if "softmax" in note]
        head = asked or ("softmax" if len(soft) == len(plain.outputs) else "logits")
        if head != "logits":
            try:
                return from_keras(keras, Options(head=head), input_format=formats)
            except ConfigError as error:
                if asked:
                    raise
                why = f" ({error.what})"
        if ends and not asked:
            warnings.warn(
                f"the last softmax or sigmoid is dropped{why}: predict gives the logits in front "
                "of it. The class is the same; apply scipy.special.softmax for probabilities.",
                stacklevel=2,
            )
        return plain

    @property
    def board(self) -> str:
        """Board to plan for: the one that was named, the one that has the part, or the default."""
        settings = self.settings
        if settings.named or not settings.part:
            return settings.board
        wanted = settings.part.lower()
        for board in boards():
            if board.part.lower() == wanted:
                return str(board.name)
        self.progress(
            "board",
            f"no board of hwgen has the part {settings.part}; planned for {settings.board}. "
            "Name one with board=; hwgen boards lists them",
        )
        return settings.board

    @cached_property
    def emulator(self) -> Emulator:
        """Machine code of the network."""
        return emulate(self.graph)

    def compile(self) -> str:
        """Compile the emulator and return the path of its library."""
        return str(self.emulator.path)

    # Emulation

    def _table(self, x: Any) -> tuple[Mapping[str, Any], np.dtype[Any]]:
        """Return samples by input name, and the type that the answer shall have."""
        arrays = list(x) if len(self.graph.inputs) > 1 else [x]
        table = {}
        for node, array in zip(self.graph.inputs, arrays, strict=True):
            values = np.asarray(array)
            if values.dtype not in (np.float32, np.float64):
                raise TypeError(f"{values.dtype} samples: hls4ml takes float32 and float64")
            if values.size % node.type.size:
                raise ValueError(f"samples of shape {values.shape} for inputs of {node.type.shape}")
            table[node.name] = values.reshape(-1, *node.type.shape)
        return table, np.asarray(arrays[0]).dtype

    def _shaped(self, made: Mapping[str, Any], dtype: np.dtype[Any]) -> Any:
        """Return outputs as hls4ml does: flat samples, one alone without its axis."""
        found = [
            made[out.name].reshape(len(made[out.name]), -1).astype(dtype)
            for out in self.graph.outputs
        ]
        found = [rows[0] if len(rows) == 1 else rows for rows in found]
        return found[0] if len(found) == 1 else found

    def predict(self, x: Any) -> Any:
        """Return what the network gives, shaped and typed as hls4ml's own emulation."""
        table, dtype = self._table(x)
        made, _ = self.emulator.moved(table)
        return self._shaped(made, dtype)

    def trace(self, x: Any) -> tuple[Any, Mapping[str, Any]]:
        """Return what `predict` returns, and the values of every layer by its name."""
        table, dtype = self._table(x)
        codes, _ = to_codes(self.layers, table, "x")
        made = Reference(self.layers, [node.name for node in self.layers.nodes]).run(codes)
        values = {
            node.layer or node.name: np.ldexp(
                np.asarray(made[node.name], np.float64), -node.type.frac
            ).astype(dtype)
            for node in self.layers.nodes
            if not isinstance(node.op, Input)
        }
        found = self.predict(x)
        if self.graph is not self.layers:
            each = found if isinstance(found, list) else [found]
            values |= dict(zip(self.names, each, strict=True))
        return found, values

    # Hardware

    def write(self) -> Build:
        """Write RTL and report into the output folder, and return the build.

        ``io_parallel`` is the parallel style, ``io_stream`` the stream style.

        Raises:
            ConfigError: another io_type, or a folder that is not hwgen's.
            DoesNotFit: the network is too large for the board, or too slow.
        """
        style = _STYLES.get(self.settings.io_type)
        if style is None:
            raise ConfigError(
                f"there is no io_type {self.settings.io_type!r}",
                "io_type",
                f"choose one of {', '.join(_STYLES)}",
            )
        return build(
            self.graph,
            self.settings.folder,
            board=self.board,
            clock=f"{self.settings.clock_period:g}ns",
            name=node_name(self.settings.name),
            style=style,
            hls=True,
            overwrite=True,
        )

    def build(self, **steps: Any) -> dict[str, object]:
        """Build the project and return its figures, by the names of hls4ml's reports.

        Args:
            steps: ``csim``: the C++ against the reference;
                ``synth``: figures of the plan; ``cosim``: the RTL against the reference in a
                simulator; ``validation``: both; ``vsynth``: synthesis with Yosys; ``export``: IP
                packages. ``reset`` is always done.

        Raises:
            TypeError: another word.
            Mismatch: C++ or RTL differ from the reference.
        """
        unknown = sorted(set(steps) - set(_STEPS))
        if unknown:
            raise TypeError(f"build does not know {', '.join(unknown)}: {', '.join(_STEPS)}")
        if steps.get("fifo_opt"):
            raise ConfigError("there are no FIFOs to make smaller", "fifo_opt", "leave it out")
        made, folder = self.write(), Path(self.settings.folder)
        report: dict[str, object] = {}
        if steps.get("synth", True):
            figures = made.figures
            report["CSynthesisReport"] = {
                "TargetClockPeriod": f"{self.settings.clock_period:.2f}",
                "EstimatedClockPeriod": f"{1000 / figures.fmax.mhz:.3f}",
                "BestLatency": str(figures.latency_cycles),
                "WorstLatency": str(figures.latency_cycles),
                "IntervalMin": str(figures.interval),
                "IntervalMax": str(figures.interval),
                **{
                    name: str(getattr(figures.modelled, kind))
                    for name, kind in (("LUT", "lut"), ("FF", "ff"), ("DSP", "dsp"))
                },
            }
        both = bool(steps.get("validation"))
        if steps.get("csim", True) or both:
            report["CSimResults"] = self._csim(made, folder)
        if steps.get("cosim") or both:
            run = sim(folder)
            report["CosimReport"] = dict(run.as_dict())
        if steps.get("vsynth"):
            report["VivadoSynthReport"] = dict(synth(folder).as_dict())
        if steps.get("export"):
            pack(folder)
        return report

    def _csim(self, made: Build, folder: Path) -> dict[str, int]:
        """Return how many samples of compiled code were compared with the reference.

        Raises:
            Mismatch: some differ.
        """
        vectors = make_vectors(made.graph, 1000, 1)
        how = compilations()[0]
        found = run_hls(folder, made.design, vectors, how)
        wrong = np.zeros(len(vectors), bool)
        for port, codes in vectors.outputs.items():
            wrong |= (found[port] != codes).reshape(len(vectors), -1).any(axis=1)
        if wrong.any():
            count = int(wrong.sum())
            raise Mismatch(
                f"{count} of {len(vectors)} samples differ from the reference ({how})",
                str(folder),
                "hwgen verify OUT --against hls tells more",
                len(vectors),
                count,
            )
        return {"samples": len(vectors), "mismatches": 0}


def _format_of(precision: Any) -> str:
    """Return a precision of hls4ml, such as ``fixed<16,6>``, as hwgen writes it, ``s16.10``."""
    width, integer = int(precision.width), int(precision.integer)
    return f"{'s' if precision.signed else 'u'}{width}.{width - integer}"
