# SPDX-License-Identifier: Apache-2.0
"""Chosen outputs: the part of a Keras network that some of its outputs need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hwgen.frontends.formats import check_names
from hwgen.frontends.keras.network import Call, Network

_DROPPED = ("Softmax", "Activation")


def chosen(network: Network, names: Sequence[str]) -> list[int]:
    """Return which outputs of a network are named, all without a name.

    An output goes by its own name, by that of the layer which makes it, and behind a final softmax
    by that of the layer in front, whose name the port has.

    Raises:
        ConfigError: there is no such output.
    """
    if not names:
        return list(range(len(network.outputs)))
    makers = {call.output: call for call in network.calls}
    aliases = [_aliases(name, makers.get(tensor), makers) for name, tensor in network.outputs]
    known = [alias for each in aliases for alias in each]
    check_names(names, known, "--outputs", "output")
    return [i for i, each in enumerate(aliases) if set(each) & set(names)]


def _aliases(name: str, call: Call | None, makers: dict[str, Call]) -> list[str]:
    found = [name]
    if call is not None:
        found += [call.layer.name, call.layer.key]
        if call.layer.cls in _DROPPED and (front := makers.get(call.inputs[0])) is not None:
            found += [front.layer.name, front.layer.key]
    return list(dict.fromkeys(found))


def cut(network: Network, names: Sequence[str]) -> Network:
    """Return the network without what the named outputs do not need; its inputs stay.

    Raises:
        ConfigError: there is no such output.
    """
    if not names:
        return network
    outputs = tuple(network.outputs[i] for i in chosen(network, names))
    needed = {tensor for _, tensor in outputs} | {tensor for _, tensor in network.inputs}
    for call in reversed(network.calls):
        if call.output in needed:
            needed.update(call.inputs)
    calls = tuple(call for call in network.calls if call.output in needed)
    return replace(network, calls=calls, outputs=outputs)
