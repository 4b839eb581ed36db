# SPDX-License-Identifier: Apache-2.0
"""Conversion: the state of one Keras model's conversion, which every handler is given."""

from __future__ import annotations

from hwgen.frontends.exact.builder import ExactBuilder
from hwgen.frontends.exact.steps import Value
from hwgen.frontends.keras.file import KerasModel
from hwgen.frontends.keras.network import Call, Network
from hwgen.frontends.options import Options


class Conversion(ExactBuilder):
    """A graph under construction, and the model that it is made from.

    Attributes:
        model: the file as read.
        network: its calls in order.
        options: what the user added.
        values: of the tensors so far; None where something was refused.
        readers: the calls that read a tensor.
        dropped: tensors behind a final softmax that is gone.
        unquantized: keys of layers whose float kernel was refused: their bias is the same problem.
    """

    def __init__(self, model: KerasModel, network: Network, options: Options) -> None:
        super().__init__(model.source, "Keras", "a QActivation")
        self.model = model
        self.network = network
        self.options = options
        self.values: dict[str, Value | None] = {}
        self.dropped: set[str] = set()
        self.unquantized: set[str] = set()
        self.readers: dict[str, list[Call]] = {}
        for call in network.calls:
            for tensor in call.inputs:
                self.readers.setdefault(tensor, []).append(call)
