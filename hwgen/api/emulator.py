# SPDX-License-Identifier: Apache-2.0
"""Emulator: a network as machine code in this process, bit for bit its integer reference."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from hwgen.api.samples import (
    Floats,
    Moved,
    as_table,
    check_finite,
    check_shapes,
    scaled,
    scaled_input,
)
from hwgen.emit.emulator.library import Library
from hwgen.errors import ConfigError
from hwgen.ir.graph import Graph
from hwgen.ir.tensor import Codes
from hwgen.verify.compile_emulator import Loaded, compiled


class Emulator:
    """Network in machine code. Any number of threads may use one at the same time.

    Args:
        graph: what is emulated.
        library: its emulator.

    Raises:
        ToolMissing, ToolFailed: there is no C++ compiler, or it refuses the emulator.
    """

    def __init__(self, graph: Graph, library: Library) -> None:
        self.graph, self.library = graph, library
        self.path = compiled(library)
        self._loaded = Loaded(library, self.path)

    def __repr__(self) -> str:
        return f"<Emulator: {self.library.name} in {self.path.name}>"

    def close(self) -> None:
        """Unload the machine code; the object cannot be used afterwards."""
        self._loaded.close()

    def predict(self, x: Any, apply_scaler: bool = False, threads: int = 1) -> Any:
        """Return what `hwgen.predict` returns, sooner.

        Args:
            x: one array ``(samples, *shape)``, or a table by input name; float32 is quickest.
            apply_scaler: *x* is raw; apply the training scaler first.
            threads: that share the samples.

        Warns:
            UserWarning: values lie beyond the range of an input, and were saturated.

        Raises:
            ConfigError: samples that do not fit the inputs.
        """
        values, moved = self.moved(x, apply_scaler, threads)
        if moved.saturated:
            warnings.warn(str(moved), stacklevel=2)
        return values if len(values) > 1 else next(iter(values.values()))

    def moved(
        self, x: Any, apply_scaler: bool = False, threads: int = 1, option: str = "x"
    ) -> tuple[Mapping[str, Floats], Moved]:
        """Return the values by output name, and how many inputs were off the grid.

        Raises:
            ConfigError: as `predict`; *option* is what it calls the samples.
        """
        table = as_table(self.graph, x, option)
        if apply_scaler:
            table = scaled(self.graph, table, option)
        arrays = check_shapes(self.graph, table, option)
        given = {f"{n}_in": scaled_input(self.graph, n, v) for n, v in arrays.items()}
        found, counts = self._loaded.predict(given, threads)
        if counts.not_finite:
            check_finite(arrays, option)
        made = {out.name: found[f"{out.name}_out"] for out in self.graph.outputs}
        return made, Moved(counts.rounded, counts.saturated)

    def run(self, codes: Mapping[str, Codes], threads: int = 1) -> dict[str, Codes]:
        """Return the output codes of input codes, as `hwgen.ops.reference.Reference.run` does.

        Args:
            codes: integers of every input, shape ``(samples, *shape)``.
            threads: that share the samples.

        Raises:
            ConfigError: an input is missing or unknown, has another shape, or a code lies beyond
                its interval.
        """
        arrays = check_shapes(self.graph, codes, "codes")
        for node in self.graph.inputs:
            rows = arrays[node.name]
            whole = rows.dtype.kind in "iu"
            if not whole or (rows < node.type.lo).any() or (rows > node.type.hi).any():
                raise ConfigError(
                    "a code leaves the input's interval" if whole else "codes are integers",
                    node.name,
                    "predict takes values and brings them to the grid",
                )
        found = self._loaded.run({f"{name}_in": rows for name, rows in arrays.items()}, threads)
        return {out.name: found[f"{out.name}_out"].astype(np.int64) for out in self.graph.outputs}
