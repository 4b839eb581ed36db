# SPDX-License-Identifier: Apache-2.0
"""Hints of refused settings, followed: each leads to a build, not to the next refusal.

Every hint of plan/ and of the settings in api/ has a row here, or stands in a list that says what
it leads to instead; a new one without either fails by its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.errors import HwgenError
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph
from hwgen.ops.dense import Dense
from hwgen.ops.input_ import Input
from hwgen.ops.requantize import Requantize
from hwgen.plan.mapping import Realisation
from tests.frontends.hint_texts import hints
from tests.plan.test_stream_heads import network
from tests.verify.conftest import make_graph, small_net

FOLDERS = ("hwgen/plan", "hwgen/api", "hwgen/frontends/tables")
BASE: dict[str, Any] = {"board": "vu13p", "effort": 0}
Settings = dict[str, Any]


@dataclass(frozen=True)
class Way:
    """Refused settings, and the same after their hint was followed.

    Attributes:
        hint: words of the hint, as the source has them.
        wrong, right: settings of a build.
        graph: what is built.
        said: words of the hint as it is told, where the source fills them in.
    """

    hint: str
    wrong: Settings
    right: Settings
    graph: Callable[[], Graph] = small_net
    said: str = ""


def cnn() -> Graph:
    return network("logits")


def wide() -> Graph:
    """Two dense layers that are far too many products for a small part at once."""
    rng = np.random.default_rng(1)
    kernels = (rng.integers(-31, 32, (64, 64)) for _ in range(2))
    first, second = (Dense(kernel, np.zeros(64, np.int64)) for kernel in kernels)
    layers = [("x", Input.of((64,), Fixed(8, 4, True)), ()), ("fc1", first, ("x",)),
              ("act", Requantize(4, 0, 255), ("fc1",)), ("fc2", second, ("act",))]  # fmt: skip
    return make_graph("wide", layers, ["fc2"])


def as_(kind: str, layer: str = "fc1", **more: Any) -> Settings:
    return {"mapping": {layer: Realisation(kind, **more)}}


SLOW: Settings = {"board": "ulx3s", "clock": "246MHz"}
SMALL: Settings = {"board": "icebreaker", "style": "parallel"}
KEPT = as_("adders", "conv")  # with a choice of the user's nothing else is tried
STREAM: Settings = {"style": "stream", "interval": 60}
WAYS = [
    Way("0 is quick, 1 the default", {"effort": 9}, {"effort": 0}),
    Way("ask for {} MHz or less", {"clock": "5GHz"}, {"clock": "100MHz"}, said="MHz or less"),
    Way("allow more time", {"latency": "1ns"}, {"latency": "900ns"}),
    Way("choose 0 to {}; a crossing", {"register_links": 99}, {"register_links": 1},
        said="a crossing of dies"),
    Way("choose 0 to {}", {"seed": -1}, {"seed": 7}, said="choose 0 to"),
    Way("write a frequency such as 200MHz", {"clock": "fast"}, {"clock": "200MHz"}),
    Way("write a time such as 100ns", {"latency": "soon"}, {"latency": "900ns"}),
    Way("write a number of cycles such as 8, or auto", {"interval": "soon"}, {"interval": "auto"}),
    Way("write a number such as 5000", {"fps": "many"}, {"fps": 5000}),
    Way("write a rate such as 40MHz", {"rate": "often"}, {"rate": "40MHz"}),
    Way("give one of them", {"interval": 2, "rate": "40MHz"}, {"rate": "40MHz"}),
    Way("ask for a clock of {} MHz or more", {"rate": "300MHz", "clock": "200MHz"},
        {"rate": "300MHz", "clock": "300MHz"}, said="ask for a clock of 300 MHz or more"),
    Way("write such as {}", {"budget": "lut"}, {"budget": "lut<20000"}, said="lut<"),
    # --- realisations
    Way("{}the layers with weights are {}", as_("adders", "fc9"), as_("adders", "fc1"),
        said="the layers with weights are fc1"),
    Way("{}there are {}", as_("adder"), as_("adders"), said="did you mean 'adders'?"),
    Way("leave it out", as_("adders", pe=2), as_("adders")),
    Way("pe and simd are 1 or more", {**STREAM, **as_("folded", pe=0, simd=1)},
        {**STREAM, **as_("folded", pe=1, simd=1)}),
    Way("pe and simd are the least for their steps", {**STREAM, **as_("folded", pe=5, simd=7)},
        {**STREAM, **as_("folded", pe=4, simd=5)}, said="such as pe 4 and simd 5"),
    Way("choose folded or adders", {**STREAM, **as_("xnor", pe=1, simd=1)},
        {**STREAM, **as_("folded", pe=1, simd=1)}),
    Way("build it with --style stream, or choose adders",
        {"style": "parallel", **as_("folded", pe=1, simd=1)},
        {**STREAM, **as_("folded", pe=1, simd=1)}),
    Way("allow a longer one, such as --interval 8", as_("serial"), {**as_("serial"),
        "interval": 8}),
    Way("leave it out, or build with --style parallel", {**STREAM, "register_links": 1}, STREAM),
    Way("--interval {} can be built", {**STREAM, "interval": 10, **KEPT},
        {**STREAM, "interval": 25, **KEPT}, cnn, "--interval 25 can be built"),
    Way("{}{}; or prune more", {**STREAM, "interval": 10}, {**STREAM, "interval": 25},
        cnn, "--interval 25 fits on vu13p"),
    Way("{}{}; or prune more", SMALL, {**SMALL, "style": "stream", "interval": 25},
        cnn, "--style stream --interval 25 fits on icebreaker"),
    Way("{}; {}", SMALL, {**SMALL, "style": "stream", "interval": 416},
        wide, "--style stream --interval 416 fits on icebreaker"),
    Way("{}{}; or prune more", {"board": "icebreaker", "style": "stream", "interval": 64},
        {"board": "icebreaker", "style": "stream", "interval": 416}, wide,
        "--interval 416 fits on icebreaker"),
    Way("{}; --best-effort builds it all the same", SLOW, {**SLOW, "best_effort": True},
        said="--best-effort"),
    Way("{}; --best-effort builds it all the same", SLOW, {**SLOW, "clock": "244.6MHz"},
        said="--clock 244.6MHz holds"),
    Way("{}; or prune more, or use fewer bits", SMALL, {**SMALL, "board": "tangnano9k"},
        cnn, "the smallest board that holds it is tangnano9k"),
    Way("allow a longer interval, or leave it to", {"interval": 2, "budget": "lut<9"},
        {"interval": "auto", "budget": "lut<2000"}),
    Way("no longer interval takes less", {"interval": "auto", "budget": "lut<9"},
        {"interval": "auto", "budget": "lut<2000"}),
    Way("ask for a shorter interval, which takes more", {"interval": 16, "latency": "3cycles"},
        {"interval": 1, "latency": "9cycles"}),
    # --- settings in Python
    Way("give -b BOARD", {"board": None}, {}),
    Way("{}the settings are {}", {"clok": "200MHz"}, {"clock": "200MHz"}, said="did you mean"),
    Way("write {}=True, or leave it out", {"best_effort": 1}, {"best_effort": True},
        said="write best_effort=True"),
    Way("write {}='{}{}'", {"clock": 200}, {"clock": "200MHz"}, said="write clock='200MHz'"),
    Way("such as {}", {"clock": [200]}, {"clock": "200MHz"}, said="such as 200MHz"),
    Way("write {}={}", {"effort": "low"}, {"effort": 0}, said="write effort="),
    Way("letters, digits and underscores", {"name": "9 lives"}, {"name": "lives_9"}),
]  # fmt: skip


def build(graph: Graph, settings: Settings) -> Any:
    return hwgen.build(graph, **{**BASE, **settings})


@pytest.mark.parametrize("way", [pytest.param(w, id=f"{i}-{w.hint[:30]}")
                                 for i, w in enumerate(WAYS)])  # fmt: skip
def test_a_hint_leads_to_a_build(way: Way) -> None:
    graph = way.graph()
    with pytest.raises(HwgenError) as caught:
        build(graph, way.wrong)
    assert (way.said or way.hint) in caught.value.hint
    assert build(graph, way.right).figures.latency_cycles > 0


@pytest.mark.parametrize("cap", [{"latency": "9cycles"}, {"budget": "lut<400"}])
def test_a_folding_that_a_cap_refuses_is_not_recommended(cap: Settings) -> None:
    with pytest.raises(HwgenError) as caught:
        build(wide(), {**SMALL, **cap})
    assert "--interval" not in caught.value.hint
    with pytest.raises(HwgenError):
        build(wide(), {**SMALL, **cap, "style": "stream", "interval": "auto"})


# --- hints that lead elsewhere --------------------------------------------------------------------

OTHER = "of another verb than build"
FILES = "a file that is missing, damaged or in the way: the one that was meant"
TABLES = "tests/frontends/test_tables_reader.py: every case breaks a network that builds"
LEFT = {
    r"hwgen/frontends/tables/": TABLES,
    r"hwgen/api/(codec_\w+|synth|explore\w*|emulat\w+|pack|predict|sim|verify)": OTHER,
    r"hwgen/api/(workers|quantize|estimate|original|samples)": OTHER,
    r"hwgen/plan/coding/": OTHER,
    r"hwgen/api/(config|folder|guard|results)": FILES,
}
# What is told of designs that are too large or too slow, or of layers that have one form alone:
# the tests beside this one meet these refusals.
NO_WAY = (
    r"no interval up to", r"where the tensor is small",
    r"give fewer bits to its inputs", r"or a slower clock", r"choose adders for it",
    r"^choose adders$", r"ask for an interval of 2 or more", r"below it realisation",
    r"give a Keras model", r"allow that latency",
)  # fmt: skip


def test_every_hint_has_a_row_or_a_reason(root: Path) -> None:
    found = hints(root, *FOLDERS)
    assert len(found) > 90
    lost = {
        text: place
        for text, place in found.items()
        if not any(way.hint in text for way in WAYS)
        and not any(re.match(words, place) for words in LEFT)
        and not any(re.search(words, text) for words in NO_WAY)
    }
    assert lost == {}, "a hint that no test follows"
    assert [w.hint for w in WAYS if not any(w.hint in text for text in found)] == []
    for words in NO_WAY:
        assert any(re.search(words, text) for text in found), words
    for words in LEFT:
        assert any(re.match(words, place) for place in found.values()), words
