# SPDX-License-Identifier: Apache-2.0
"""Integer models of the stream units: what each makes of the words that it takes.

A map is an array (samples, words, lanes) of codes. The models are exact and know nothing of time.
They are written from what the headers of the units say, so that a design of units can be held
against the reference before anything is printed, and a simulation can be told what to expect on
every link.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from hwgen.ir.tensor import Codes

Params = Mapping[str, int]
Constants = Mapping[str, Codes]
Model = Callable[[Params, Constants, Sequence[Codes]], list[Codes]]


def _fork(params: Params, constants: Constants, ins: Sequence[Codes]) -> list[Codes]:
    (source,) = ins
    return [source] * params["Sinks"]


MODELS: Mapping[str, Model] = {
    "hwg_fork": _fork,
}
