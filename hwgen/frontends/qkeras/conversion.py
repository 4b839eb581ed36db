# SPDX-License-Identifier: Apache-2.0
"""Conversion: the state of one Keras model's conversion, which every handler is given."""

from __future__ import annotations

from hwgen.frontends.exact.builder import ExactBuilder
from hwgen.frontends.exact.steps import Step, Value
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
        all_readers: those of outputs that are not built, too.
        dropped: tensors behind a final softmax that is gone.
        unquantized: keys of layers whose float kernel was refused: their bias is the same problem.
        given: layers behind which a format of the user is applied, by that format.
        rounded: layers whose float kernel takes a format of the user, by that format.
        outside: tensors behind a layer that the scaler of an input computes, outside the core.
    """

    def __init__(
        self, model: KerasModel, network: Network, options: Options, whole: Network | None = None
    ) -> None:
        super().__init__(model.source, "Keras", "a QActivation")
        self.model = model
        self.double = bool(options.formats or options.weight_formats)
        self.network = network
        self.options = options
        self.values: dict[str, Value | None] = {}
        self.dropped: set[str] = set()
        self.unquantized: set[str] = set()
        self.given: dict[str, list[str]] = {}
        self.rounded: dict[str, list[str]] = {}
        self.outside: set[str] = set()
        self.readers = _readers(network)
        self.all_readers = self.readers if whole is None else _readers(whole)

    def way_out(self, step: Step) -> str:
        """Name the option that rounds behind the layer that a step comes from."""
        layer = str(getattr(step, "where", "")).partition(" (")[0].rpartition("/")[2]
        return f", or round it: --format {layer}=s16.9" if layer else ""


def _readers(network: Network) -> dict[str, list[Call]]:
    found: dict[str, list[Call]] = {}
    for call in network.calls:
        for tensor in call.inputs:
            found.setdefault(tensor, []).append(call)
    return found
