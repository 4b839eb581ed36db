# SPDX-License-Identifier: Apache-2.0
"""A build's config.toml makes the same build again; an edited one changes what was edited."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

import hwgen
from hwgen.api.config import read_config
from hwgen.cli import run
from hwgen.design.serial import read_design
from hwgen.errors import ConfigError
from hwgen.logic.nodes import Table
from hwgen.plan.goal import parse_clock
from hwgen.plan.mapping import Realisation, mapping_of
from tests.api.test_estimate import net
from tests.cli.models import OPEN, tiny_h5
from tests.synth.sparse import network
from tests.verify.conftest import two_ways


def again(model: object, files: Path, out: Path, **flags: object) -> hwgen.api.build.Build:
    return hwgen.build(model, out, config=files / "config.toml", **flags)


def test_an_unedited_file_makes_the_same_bytes(tmp_path: Path) -> None:
    model = tiny_h5(tmp_path / "tiny.h5", OPEN)
    masks = tmp_path / "masks.npz"
    np.savez(masks, fc1=np.tile([[1, 0, 1, 1, 1]], (4, 1)))
    np.savez(tmp_path / "scaler.npz", mean=np.arange(4.0), std=np.full(4, 0.3))
    words = ["build", str(model), "-b", "ulx3s", "--clock", "7ns", "--latency", "10cycles"]
    words += ["--effort", "0", "--seed", "7", "--name", "mine", "--input-format", "s7.3"]
    words += ["--masks", str(masks), "--scaler", str(tmp_path / "scaler.npz")]
    assert run([*words, "-q", "-o", str(tmp_path / "one")]) == 0
    masks.unlink()
    config = str(tmp_path / "one" / "config.toml")
    assert run(["build", str(model), "--config", config, "-q", "-o", str(tmp_path / "two")]) == 0
    one, two = (
        {p.relative_to(out).as_posix(): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        for out in (tmp_path / "one", tmp_path / "two")
    )
    assert sorted(one) == sorted(two)
    assert all(one[path] == two[path] for path in one)
    found = tomllib.loads(one["config.toml"].decode())
    assert found["input_format"] == "s7.3"
    assert (found["name"], found["board"], found["seed"]) == ("mine", "ulx3s", 7)
    assert found["layers"] == {name: {"realisation": "adders"} for name in ("fc1", "fc2")}


@pytest.mark.parametrize("clock", ["100MHz", "250MHz"])
def test_registers_for_a_faster_clock_and_best_effort_come_back(tmp_path: Path, clock: str) -> None:
    """Wires of an ECP5 take a part of the clock; 250 MHz is missed however it is tried."""
    graph = net(np.random.default_rng(1), 12, 10, 4)
    missed = clock == "250MHz"
    first = hwgen.build(graph, tmp_path / "a", board="ulx3s", clock=clock, best_effort=missed)
    assert first.figures.fmax.holds is not missed
    found = tomllib.loads((tmp_path / "a" / "config.toml").read_text())
    assert ("best_effort" in found) is missed
    if not missed:
        assert parse_clock(found["register_clock"]) > first.goal.clock_mhz
    second = again(graph, tmp_path / "a", tmp_path / "b")
    assert second.files == first.files
    # Another clock has registers of its own; the old ones belong to the old clock.
    slow = again(graph, tmp_path / "a", tmp_path / "c", clock="20MHz")
    alone = hwgen.build(graph, board="ulx3s", clock="20MHz", best_effort=missed)
    assert slow.files == alone.files


def test_tables_come_back_with_registers_for_a_faster_clock(tmp_path: Path) -> None:
    graph = network((6, 8, 8, 5), (2, 4, 4), seed=2)
    first = hwgen.build(graph, tmp_path / "a", board="ulx3s", clock="160MHz")
    chosen = mapping_of(first.design)
    assert Realisation("tables") in chosen.values()
    text = (tmp_path / "a" / "config.toml").read_text()
    assert "register_clock" in text
    assert again(graph, tmp_path / "a", tmp_path / "b").files == first.files
    # A layer that is edited, the line of the registers deleted, as the file asks for.
    edited = tmp_path / "edited"
    edited.mkdir()
    lines = [line for line in text.splitlines() if not line.startswith("register_clock")]
    part = '[layers.fc1]\nrealisation = "tables"'
    assert part in text
    changed = "\n".join(lines).replace(part, part.replace("tables", "adders"))
    (edited / "config.toml").write_text(changed)
    second = again(graph, edited, tmp_path / "c")
    assert mapping_of(second.design)["fc1"] == Realisation("adders")
    assert again(graph, tmp_path / "c", tmp_path / "d").files == second.files


def test_a_flag_goes_before_the_file_and_the_file_before_the_board(tmp_path: Path) -> None:
    model = tiny_h5(tmp_path / "tiny.h5")
    file = tmp_path / "config.toml"
    file.write_text('board = "ulx3s"\nclock = "40MHz"\neffort = 0\n')
    plain = again(model, tmp_path, tmp_path / "a")
    assert (plain.board.name, plain.goal.clock_mhz, plain.goal.effort) == ("ulx3s", 40.0, 0)
    assert plain.goal.seed == 1
    flags = again(model, tmp_path, tmp_path / "b", board="vcu118", clock="30MHz", effort=1)
    assert (flags.board.name, flags.goal.clock_mhz, flags.goal.effort) == ("vcu118", 30.0, 1)
    file.write_text('board = "ulx3s"\n')
    board = again(model, tmp_path, tmp_path / "c")
    assert board.goal.clock_mhz == board.board.default_mhz


@pytest.mark.parametrize("interval", [1, 4])
def test_registers_on_links_come_back(interval: int, tmp_path: Path) -> None:
    graph = two_ways()
    style = "serial" if interval > 1 else "parallel"
    asked = {"board": "vcu118", "interval": interval, "style": style}
    plain = hwgen.build(graph, **asked)
    first = hwgen.build(graph, tmp_path / "one", register_links=2, **asked)
    assert first.design.latency > plain.design.latency
    assert "register_links = 2" in (tmp_path / "one" / "config.toml").read_text()
    assert again(graph, tmp_path / "one", tmp_path / "two").files == first.files
    assert read_design(tmp_path / "two") == first.design
    rtl = "".join(file.read_text() for file in (tmp_path / "one" / "rtl").glob("*.sv"))
    assert ("hwg_link_delay #" if interval > 1 else "shreg_extract") in rtl


def test_an_edited_layer_is_another_one_and_the_others_stay(tmp_path: Path) -> None:
    graph = network((6, 8, 5), (2, 3), seed=2)
    first = hwgen.build(graph, tmp_path / "one", board="vcu118")
    chosen = mapping_of(first.design)
    assert set(chosen.values()) == {Realisation("tables")}
    file = tmp_path / "one" / "config.toml"
    text = file.read_text()
    edited = tmp_path / "edited"
    edited.mkdir()
    part = '[layers.fc1]\nrealisation = "tables"'
    assert part in text
    (edited / "config.toml").write_text(text.replace(part, part.replace("tables", "adders")))
    second = again(graph, edited, tmp_path / "two")
    assert mapping_of(second.design) == {**chosen, "fc1": Realisation("adders")}
    opened = read_design(tmp_path / "two")
    logic = opened.pipeline.logic
    pairs = zip(logic.nodes, logic.layers, strict=True)
    # An inverter at the end of a sum is a table of one bit.
    tables = {layer for node, layer in pairs if isinstance(node, Table) and len(node.picks) > 1}
    assert tables == {"fc2"}
    unedited = again(graph, tmp_path / "one", tmp_path / "three")
    assert unedited.files == first.files


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("bord = 1", "unknown key 'bord'", "did you mean 'board'"),
        ("board = 1", "board is text, not 1", "write board"),
        ('board = "ulx3s"\nclock = 200', "clock is text, not 200", "write clock"),
        ('board = "ulx3s"\nclock = "200"', "'200' is no clock", "200MHz"),
        ('board = "ulx3s"\nseed = "1"', "seed is a whole number", "write seed = 1"),
        ('board = "ulx3s"\nstyle = "steam"', "unknown style", "parallel"),
        ('board = "ulx3"', "ulx3", "ulx3s"),
        ('board = "ulx3s"\ninput_format = 8', "input_format is text", "s8.4"),
        ('board = "ulx3s"\nmasks = "gone.npz"', "no such file", "check the path"),
        ("board =", "cannot be read", "config.toml"),
        ('board = "ulx3s"\nbest_effort = 1', "best_effort is true or false", "true"),
        ('board = "ulx3s"\nregister_clock = "fast"', "'fast' is no clock", "200MHz"),
        ('board = "ulx3s"\nregister_links = "2"', "register_links is a whole number", "= 1"),
        ('board = "ulx3s"\nregister_links = 65', "65 registers on a link", "0 to 64"),
        ('board = "ulx3s"\nregister_links = 1\nstyle = "stream"', "waits for its", "parallel"),
        ("effort = 1", "no board is named", "--board|-b BOARD"),
        ('board = "ulx3s"\n[layers.fc3]\nrealisation = "adders"', "no layer 'fc3'", "'fc2'|'fc1'"),
        ('board = "ulx3s"\n[layers.fc1]\nrealisation = "addres"', "unknown", "'adders'"),
        ('board = "ulx3s"\n[layers.fc1]\nrealisation = "sparse"', "not built yet", "adders"),
        ('board = "ulx3s"\n[layers.fc1]\nrealization = "adders"', "names no", "realisation ="),
        ('board = "ulx3s"\n[layers.fc2]\nrealisation = "tables"', "cannot be made", "adders"),
    ],
)
def test_a_wrong_file_is_refused_and_nothing_is_written(
    text: str, what: str, hint: str, tmp_path: Path
) -> None:
    model = tiny_h5(tmp_path / "tiny.h5")
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ConfigError, match=what) as caught:
        again(model, tmp_path, tmp_path / "out")
    assert any(part in caught.value.hint for part in hint.split("|"))
    assert not (tmp_path / "out").exists()


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_config(tmp_path / "gone.toml")


def test_an_estimate_takes_the_file_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tiny_h5(tmp_path / "tiny.h5")
    (tmp_path / "config.toml").write_text('board = "ulx3s"\nclock = "40MHz"\n')
    assert run(["estimate", str(model), "--config", str(tmp_path / "config.toml")]) == 0
    assert "40 MHz" in capsys.readouterr().out
