# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import pytest

from hwgen.ir.names import KEYWORDS, Names, identifier


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("fc1", "fc1"),
        ("dense_3", "dense3"),
        ("fc/1", "fc1"),
        ("block_2a/conv_10", "block_2a_conv10"),
        ("relu_q2", "reluq2"),
        ("input", "input_layer"),
        ("reg", "reg_layer"),
        ("1x1", "layer1x1"),
        ("Größe", "Gr_e"),
        ("__", "layer"),
        ("a b\nc", "a_b_c"),
    ],
)
def test_identifier(text: str, name: str) -> None:
    assert identifier(text) == name


def test_reserved_words_never_come_out() -> None:
    assert {"module", "input", "logic", "reg", "wire", "endmodule", "output"} <= KEYWORDS
    for word in KEYWORDS:
        assert identifier(word) not in KEYWORDS


def test_collisions_get_a_letter_whatever_the_case() -> None:
    names = Names(["x"])
    got = [names.take(t) for t in ("dense_3", "dense3", "Dense3", "X", "x", "fc")]
    assert got == ["dense3", "dense3b", "Dense3c", "Xb", "xc", "fc"]


def test_many_collisions_stay_apart() -> None:
    names = Names()
    got = [names.take("conv") for _ in range(60)]
    assert len(set(got)) == 60
    assert got[25:28] == ["convz", "convaa", "convab"]


def test_prefix_is_part_of_what_is_unique() -> None:
    names = Names(["hwg_delay"])
    assert names.take("delay", "hwg_") == "delayb"
    assert names.take("delay", "hwg_jet_") == "delay"
