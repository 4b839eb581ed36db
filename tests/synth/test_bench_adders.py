# SPDX-License-Identifier: Apache-2.0
"""The adder benchmark counts only what is right, and says so when it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import ConfigError, Mismatch, ToolFailed
from hwgen.synth import yosys
from hwgen.synth.count import Measured, count
from tests.benchmarks.adders import __main__ as bench
from tests.benchmarks.adders import bars, designs, ecp5, parts, speed, table
from tests.benchmarks.adders.cases import Case, Layer, few_bits, matrices, mlp
from tests.benchmarks.adders.designs import Asked, ours, rival, rival_info, searched
from tests.benchmarks.adders.measure import TERNARY, Result, check, mapped, measure


def small(cutoff: float = 0.0) -> Case:
    rng = np.random.default_rng(2)
    first = Layer(rng.integers(-7, 8, (4, 3)), rng.integers(-20, 20, 3), 3, 4)
    last = Layer(rng.integers(-7, 8, (3, 2)), np.zeros(2, np.int64))
    return Case("tiny", "small net", (first, last), 5, cutoff=cutoff)


def test_the_definition_rounds_to_even_and_saturates() -> None:
    layer = Layer(np.eye(1, dtype=np.int64), np.zeros(1, np.int64), 2, 3)
    case = Case("one", "one", (layer,), 8)
    x = np.array([[-8], [2], [6], [7], [9], [10], [14], [100]])
    assert case.run(x).ravel().tolist() == [0, 0, 2, 2, 2, 2, 4, 7]


def test_cases_are_what_they_were() -> None:
    shapes = {c.name: c.layers[0].weight.shape for c in matrices()}
    assert len(shapes) == 12
    assert shapes["d16x64b6"] == (16, 64)
    zeros = {c.name: float((c.layers[0].weight == 0).mean()) for c in matrices()}
    assert zeros["s32x32b6p90"] == pytest.approx(0.9, abs=0.001)
    assert zeros["s16x16b6p50"] == 0.5
    dropped = [(layer.drop, layer.keep) for layer in mlp().layers]
    assert dropped == [(7, 6), (6, 6), (5, 6), (None, 0)]
    digests = [c.digest() for c in (*matrices(), mlp())]
    assert digests == [c.digest() for c in (*matrices(), mlp())]
    assert len(set(digests)) == 13
    few = {c.name: c for c in few_bits()}
    assert float((few["few_quarter64"].layers[0].weight != 0).mean()) == 0.25
    assert {c.interval() for c in few.values()} == {(0, 1)}


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mapped")


@pytest.mark.ci
@pytest.mark.parametrize("cutoff", [0.0, 2.0])
def test_a_design_is_checked_and_counted(cutoff: float, cache: Path) -> None:
    case = small(cutoff)
    text = ours(case)
    before = len(list(cache.glob("*.netlist")))
    result = measure(case, text, cache)
    assert result.latency == text.latency
    assert result.latency > 1 if cutoff else result.latency == 1
    assert result.measured.plut > 0
    assert text.model is not None
    assert list(result.paths) == sorted(result.paths)
    if cutoff:
        assert result.paths[TERNARY.index(None)] < cutoff * 1.1
    assert measure(case, text, cache) == result  # from what was kept
    assert len(list(cache.glob("*.netlist"))) <= before + 1


def test_a_wrong_design_is_not_counted(cache: Path) -> None:
    case = small()
    text = ours(case)
    layers = (case.layers[0], replace(case.layers[1], bias=np.array([0, 1])))
    with pytest.raises(Mismatch, match="samples differ"):
        measure(replace(case, layers=layers), text, cache)
    with pytest.raises(Mismatch):
        measure(case, replace(text, latency=2), cache)


def test_a_search_is_kept_until_its_maker_changes(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = small()
    first = searched(case, 2, cache)
    asked: list[int] = []
    monkeypatch.setattr(designs, "ours", lambda *args: asked.append(1) or first)
    assert searched(case, 2, cache) == first
    assert not asked
    searched(case, 0, cache)
    assert asked


@pytest.mark.parametrize("cutoff", [0.0, 4.0])
def test_an_ecp5_design_is_simulated_before_it_is_counted(cutoff: float, cache: Path) -> None:
    case = small(cutoff)
    text = ours(case, board_name=ecp5.BOARD)
    netlist = mapped(text, cache, "ecp5")
    latency, samples = check(case, text, netlist)
    assert latency == text.latency
    assert samples > 1500
    assert count(netlist).ff > 0
    wrong = replace(case, layers=(case.layers[0], replace(case.layers[1], bias=np.array([0, 1]))))
    with pytest.raises(Mismatch, match="samples differ"):
        check(wrong, text, netlist)


def test_every_cell_of_ecp5_computes_what_was_written(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    ports = "input clk, r, input signed [5:0] a, b, output logic signed [11:0] y, output logic"
    body = """
      logic signed [6:0] s;
      always_ff @(posedge clk) begin
        s <= a - b; y <= s * s; e <= r ? 1'b1 : a[0]; d <= r ? 1'b0 : b[0]; f <= a + b > 7'sd9;
      end"""
    file = tmp_path / "m.sv"
    file.write_text(f"module m ({ports} d, e, f); {body} endmodule")
    netlist = yosys.map_design([file], "m", "ecp5")
    kinds = {cell.kind for cell in netlist.cells}
    assert {"LUT4", "CCU2C", "TRELLIS_FF"} <= kinds
    a, b = rng.integers(-32, 32, (2, 400))
    r = rng.integers(0, 2, 400)
    words = {
        "a": a[:, None] >> np.arange(6) & 1,
        "b": b[:, None] >> np.arange(6) & 1,
        "r": r[:, None],
    }
    got = netlist.run({name: bits.astype(np.uint8) for name, bits in words.items()})
    squares = got["y"].astype(np.int64) @ (1 << np.arange(12))
    assert np.array_equal(squares[2:], ((a - b) ** 2 % 4096)[:-2])
    for name, want in (("d", b & 1 & ~r), ("e", a & 1 | r), ("f", a + b > 9)):
        assert np.array_equal(got[name][1:, 0], want[:-1]), name


def script(folder: Path, text: str) -> Path:
    """A stand-in for the rivals' Python, called with export.py, case.json and the output folder."""
    made = folder / "python"
    made.write_text(f"#!/bin/sh\necho run >> {folder}/runs\n{text}\n")
    made.chmod(0o755)
    return made


def test_a_rival_over_its_time_is_told_and_not_run_again(tmp_path: Path) -> None:
    python = script(tmp_path, "kill -XCPU $$")
    asked = Asked("alkaid", {"hard_dc": -1}, cap=300)
    for _ in range(2):
        assert rival_info(small(), asked, tmp_path / "kept", python)["over"] == 300
    assert (tmp_path / "runs").read_text() == "run\n"
    with pytest.raises(ToolFailed, match="alkaid took over 300 s"):
        rival(small(), asked, tmp_path / "kept", python)


def test_a_rival_that_fails_is_told_and_run_again(tmp_path: Path) -> None:
    python = script(tmp_path, "echo no such matrix >&2; exit 1")
    for _ in range(2):
        with pytest.raises(ToolFailed, match=r"da4ml failed\n.*no such matrix"):
            rival_info(small(), Asked("da4ml", {}), tmp_path / "kept", python)
    assert (tmp_path / "runs").read_text() == "run\n" * 2


def test_seconds_are_of_the_solver_and_a_stopped_rival_is_marked(tmp_path: Path) -> None:
    python = script(tmp_path, "kill -XCPU $$")
    rows = list(speed.run("solve64", {"hwgen", "da4ml"}, tmp_path, python))
    assert [row.by for row in rows] == ["hwgen", "da4ml"]
    own, other = rows
    assert 0.0 < own.seconds < 60
    assert (other.over, other.seconds, str(other)) == (True, 180, "over 180 s")
    text = speed.table(rows)
    assert f"| 64x64 dense 6b (s8), solved | hwgen | {own.seconds:.2f} s |  |" in text
    assert f"| over 180 s | over {180 / own.seconds:.1f} |" in text
    assert speed.quickest(rows, "solve64") is None
    assert speed.mine(rows, "solve64") == own


def row(
    case: str, by: str, lut: int, ns: float, model: int | None = None, *, ff: int = 0,
    latency: int = 0, seconds: float = 0.1,
) -> table.Row:  # fmt: skip
    measured = Measured(lut, lut, lut, ff, ns)
    result = Result(measured, (ns * 0.9, ns, ns * 1.2), latency, 1)
    return table.Row(case, case, by, result, seconds, model)


def test_ratios_take_the_rivals_best_and_print_what_is_lost() -> None:
    rows = [
        row("a", "hwgen", 80, 1.0, 81), row("a", "alkaid", 120, 3.0), 
        row("a", "alkaid, x", 100, 4.0),
        row("b", "hwgen", 130, 2.0, 150), row("b", "alkaid", 100, 2.0), row("b", "da4ml", 50, 1.0),
        row("c", "hwgen", 97, 1.0, 97), row("c", "alkaid", 100, 2.0),
    ]  # fmt: skip
    text = table.ratios_text(rows)
    assert "| a | 0.80 | better | 0.25 / 0.25 / 0.25 | better |" in text
    assert "| b | 1.30 | worse | 1.00 / 1.00 / 1.00 | tie |" in text
    assert "| c | 0.97 | tie |" in text
    assert "**median of 3** | **0.97** | | **0.50 / 0.50 / 0.50**" in text
    assert table.rows_text(rows).count("\n") == 1 + len(rows)
    assert table.drifts(rows, 0.1) == ["b: model 150, mapped 130 (+15.4 %)"]


def verdicts(found: list[bars.Bar]) -> dict[tuple[str, str], str]:
    assert len({(bar.work, bar.what) for bar in found}) == len(found)
    return {(bar.work, bar.what): bar.verdict for bar in found}


def test_bars_are_met_or_not_and_never_guessed() -> None:
    names = [f"m{i}" for i in range(12)]
    rows = [row(n, "alkaid", 100, 2.0) for n in names]
    rows += [row(n, "alkaid, delay-limited", 90, 1.0) for n in names[:1]]
    rows += [row(n, "hwgen", 85, 1.3, 90) for n in names[:-1]] + [row("m11", "hwgen", 101, 1.4, 90)]
    twelve = "the 12 matrices"
    found = list(bars.of_matrices(rows))
    said = verdicts(found)
    assert said[twelve, "LUT over alkaid's, the worst"] == "**not met**"
    assert said[twelve, "LUT over alkaid's, median"] == "met"
    assert said[twelve, "path over alkaid's, median"] == "met"
    assert said["every case", "text seconds over alkaid's quickest"] == "met"
    text = bars.text(found)
    assert (
        "| the 12 matrices | LUT over alkaid's, the worst | 1 | 1.01 (m11) | **not met** |" in text
    )
    some = verdicts(list(bars.of_matrices([r for r in rows if r.case != "m3"])))
    assert some[twelve, "LUT over alkaid's, median"] == "not measured"
    assert some[twelve, "LUT over alkaid's, the worst"] == "not measured"
    (searched,) = bars.of_search([*rows, *(row(n, bars.SEARCH, 80, 1.3, 80) for n in names)])
    assert (searched.work, searched.verdict) == (f"{twelve}, effort 3", "met")


def test_bars_of_networks_are_of_whole_and_of_cut_ones() -> None:
    whole = [row("mlp", "hwgen", 80, 1.5, 80), row("mlp", "alkaid", 100, 2.0)]
    said = verdicts(list(bars.of_networks(whole)))
    assert (said["mlp", "LUT over alkaid's"], said["mlp", "path over alkaid's"]) == (
        "met", "**not met**"
    )  # fmt: skip
    assert said["jet", "LUT over alkaid's"] == "not measured"
    cut = "mlp, cut near 5 ns"
    rows = [
        row("mlp_5ns", "hwgen", 80, 5.0, 80, ff=36, latency=6),
        row("mlp_5ns", bench.EQUAL, 100, 6.0, ff=100, latency=7),
    ]
    said = verdicts(list(bars.of_cut(rows)))
    assert [said[cut, what] for what in ("stages", "LUT over alkaid's", "FF over alkaid's")] == [
        "**not met**", "met", "**not met**"
    ]  # fmt: skip
    (model,) = bars.of_model([row("a", "hwgen", 100, 1.0, 120), row("a", "alkaid", 9, 1.0)], 0.1)
    assert (model.value, model.verdict) == (pytest.approx(0.2), "**not met**")


def test_bars_of_seconds_take_a_stopped_rival_at_its_cap() -> None:
    timed = [
        speed.Timed("solve64", "64x64", "hwgen", 0.5), speed.Timed("solve64", "", "alkaid", 5.0),
        speed.Timed("solve64", "", "alkaid, delay-limited", 0.4),
        speed.Timed("solve256", "", "hwgen", 91.0),
        speed.Timed("solve256", "", "alkaid", 300.0, over=True),
    ]  # fmt: skip
    said = verdicts(list(bars.of_speed(timed)))
    assert said["solve64", "seconds"] == "met"
    assert said["solve64", "seconds over alkaid's quickest"] == "**not met**"
    assert said["solve256", "seconds"] == "**not met**"
    assert said["solve256", "seconds over alkaid's quickest"] == "met"
    assert said["solve128", "seconds"] == "not measured"


def test_routed_designs_stand_beside_each_other() -> None:
    def placed(
        by: str, lut: int, ff: int, mhz: tuple[float, ...], model: int | None = None
    ) -> ecp5.Placed:
        return ecp5.Placed("x", "X", by, Measured(lut, lut, 0, ff), 3, mhz, lut + 9, ff + 9, model)

    rows = [
        placed("hwgen", 80, 30, (90.0, 120.0, 100.0), 84),
        placed("alkaid", 100, 0, (50.0,) * 3),
    ]
    text = ecp5.table(rows)
    assert "| X | hwgen | 80 | 30 | 3 | 90, 120, 100 | 100 | 89, 39 | 84 (+5.0 %) |" in text
    assert table.drifts(rows, 0.04) == ["x: model 84, mapped 80 (+5.0 %)"]
    assert table.drifts(rows, 0.06) == []
    assert "| X | **ours over alkaid** | **0.80** |  | | | **2.00** | | |" in text


def test_what_is_wrong_or_off_its_model_fails_the_benchmark(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "OUT", tmp_path)
    monkeypatch.setattr(bench, "DOCUMENT", tmp_path / "adders.md")
    names = [parts.mark(part) for part in bench.groups()]
    page = "".join(f"<!-- {name} -->\nold\n<!-- /{name} -->\n" for name in names)
    (tmp_path / "adders.md").write_text(page)
    given: list[bench.Found] = []
    monkeypatch.setattr(bench, "run", lambda wanted, tools: given[0])
    good = [row("d8x8b6", "hwgen", 80, 1.0, 81), row("d8x8b6", "alkaid", 79, 0.5)]
    wrong = [row("d8x8b6", "hwgen", 80, 1.0, 90)]
    asked = ["--bless", "--only", "matrices"]
    for found, words in (
        (bench.Found(failures=["mlp, hwgen: 3 of 9 samples differ"]), "3 of 9 samples differ"),
        (bench.Found(rows={"matrices": wrong}), "model 90, mapped 80 (+12.5 %)"),
    ):
        given[:] = [found]
        assert bench.main(asked) == 1
        assert words in capsys.readouterr().err
        assert (tmp_path / "adders.md").read_text() == page
    given[:] = [bench.Found(rows={"matrices": good})]
    assert bench.main(asked) == 0
    text = (tmp_path / "adders.md").read_text()
    assert text.count("old") == len(names) - 1  # the other parts are as they were
    assert "| 1.01 | tie | 2.00 / 2.00 / 2.00 | worse |" in text  # what is lost is printed
    assert "Written by `make bench-adders BLESS=1 ONLY=matrices`" in text


def test_a_design_that_fails_is_noted_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "OUT", tmp_path)

    def broken(case: Case) -> designs.Text:
        raise ConfigError(f"no {case.name}", "here", "")

    monkeypatch.setattr(bench, "ours", broken)
    found = bench.run(["d8x8b6", "s32x32b6p90"], {"hwgen"})
    assert [text.split(":")[0] for text in found.failures] == [
        "d8x8b6, hwgen",
        "s32x32b6p90, hwgen",
    ]
    assert not found.rows


def test_alkaid_is_asked_for_as_many_stages_as_ours_has(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Asked] = []

    def noted(case: Case, what: Asked, cache: Path, python: Path) -> None:
        asked.append(what)
        assert case.cutoff == 0.0

    monkeypatch.setattr(bench, "rival", noted)
    monkeypatch.setattr(bench, "environment", lambda folder: folder)
    (own, mine), (other, theirs) = bench.texts(small(2.0), {"hwgen", "alkaid", "da4ml"})
    theirs()
    assert (own, other) == ("hwgen", bench.EQUAL)
    assert asked[0].stages == mine().latency == ours(small(2.0)).latency > 1
    assert asked[0].options["methods"] == designs.METHODS


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--only", "nothing"], "no case 'nothing'"),
        (["--bless", "--tools", "hwgen"], "--bless wants everybody"),
        (["--bless", "--only", "d8x8b6"], "--bless writes whole parts of the page: matrices"),
    ],
)
def test_wrong_words_are_refused(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        bench.main(words)
    assert caught.value.code == 2
    assert said in capsys.readouterr().err


def test_groups_are_names_for_what_is_in_them() -> None:
    kinds = bench.groups()
    assert [len(kinds[name]) for name in ("search", "speed", "ecp5")] == [12, 4, 3]
    assert ("d8x8b6" in kinds["matrices"], "mlp" in kinds["networks"]) == (True, True)
    assert "mlp_5ns" in kinds["cut"]
    assert len({name for names in kinds.values() for name in names}) == sum(
        map(len, kinds.values())
    )
