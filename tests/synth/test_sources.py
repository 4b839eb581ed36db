# SPDX-License-Identifier: Apache-2.0
"""What of a build's text one module needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from hwgen.errors import ConfigError
from hwgen.synth.sources import Sources, clean

TEXTS = {
    "p": "// model 1\npackage p;\n  localparam int A = B + 1;  // of one\n  localparam int B = 2;\n"
    "  localparam int C = 3;\nendpackage\n",
    "leaf": "module leaf (\n  input a_i\n);\n  initial $fatal(1, \"no // comment\");\nendmodule\n",
    "one": "module one (\n  input a_i\n);\n  leaf u (.a_i(p::A));\nendmodule\n",
    "two": "module two (\n  input a_i\n);\n  assign x = p::C;\nendmodule\n",
    "top": "module top (\n  input a_i\n);\n  one u_one ();\n  two u_two ();\nendmodule\n",
}  # fmt: skip


def sources(folder: Path, **changed: str) -> Sources:
    for name, text in {**TEXTS, **changed}.items():
        (folder / f"{name}.sv").write_text(text)
    return Sources([folder / f"{name}.sv" for name in TEXTS])


def test_a_module_brings_what_it_uses_and_no_more(tmp_path: Path) -> None:
    part = sources(tmp_path).part("one")
    assert [text.split()[1].rstrip(";") for text in part.texts] == ["p", "leaf", "one"]
    assert "A = B + 1" in part.texts[0]
    assert "B = 2" in part.texts[0]
    assert "C = 3" not in part.texts[0]


def test_comments_elsewhere_and_other_layers_change_nothing(tmp_path: Path) -> None:
    before = sources(tmp_path).part("one")
    other = TEXTS["p"].replace("model 1", "model 2").replace("C = 3", "C = 4")
    assert sources(tmp_path, p=other, two=TEXTS["two"] + "// more\n").part("one") == before
    assert sources(tmp_path, p=TEXTS["p"].replace("B = 2", "B = 5")).part("one") != before


def test_a_black_box_keeps_its_ports_alone(tmp_path: Path) -> None:
    part = sources(tmp_path).part("top", ["one", "two"])
    assert [text.split("\n")[0] for text in part.texts] == ["(* blackbox *)"] * 2 + ["module top ("]
    assert "leaf" not in "".join(part.texts)


def test_strings_are_no_comments() -> None:
    assert clean('a = "x // y"; // z\n\n  /* b\n c */ d;  \n') == 'a = "x // y";\n    d;\n'


def test_an_unknown_module_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no module three"):
        sources(tmp_path).part("three")
