# SPDX-License-Identifier: Apache-2.0
"""hls4ml beside us: its compiled C++ emulation of the same model, for comparison.

The only room that imports hls4ml, and it does so inside functions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import ToolFailed, ToolMissing
from hwgen.frontends.keras.live import logits_model


class Emulation:
    """A model that hls4ml converted and compiled.

    Args:
        path: the Keras model file.
        weights: its weights file, for an architecture in JSON.
        folder: where hls4ml writes its project.
        trace: whether the outputs of all layers shall be kept.

    Raises:
        ToolMissing: hls4ml is not installed.
        ToolFailed: it cannot convert or compile the model.
    """

    def __init__(self, path: Path, weights: Path | None, folder: Path, trace: bool = False) -> None:
        try:
            import hls4ml
        except ImportError as error:
            raise ToolMissing(
                "hls4ml is not installed", "bench", "pip install 'hwgen[hls4ml]'"
            ) from error
        self.version = str(hls4ml.__version__)
        model = logits_model(path, weights)
        config = hls4ml.utils.config_from_keras_model(model, granularity="name", backend="Vitis")
        for layer in config["LayerName"].values():
            layer["Trace"] = trace
        try:
            self._model: Any = hls4ml.converters.convert_from_keras_model(
                model,
                hls_config=config,
                output_dir=str(folder),
                backend="Vitis",
                io_type="io_parallel",
            )
            self._model.compile()
        except Exception as error:  # hls4ml raises bare Exceptions
            raise ToolFailed(f"hls4ml failed: {error}", path.name) from error

    def predict(self, x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the emulated outputs."""
        made: npt.NDArray[np.float32] = self._model.predict(np.ascontiguousarray(x, np.float32))
        return made

    def trace(self, inputs: list[npt.NDArray[np.float32]]) -> dict[str, npt.NDArray[np.float32]]:
        """Return the outputs of every layer by its name."""
        arrays = [np.ascontiguousarray(x, np.float32) for x in inputs]
        _, made = self._model.trace(arrays[0] if len(arrays) == 1 else arrays)
        return dict(made)
