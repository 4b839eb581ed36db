# SPDX-License-Identifier: Apache-2.0
"""The bench passes right designs, names what is wrong in others, and passes nothing unseen."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hwgen import tools
from hwgen.errors import (
    ConfigError,
    Mismatch,
    ProtocolViolation,
    ToolFailed,
    ToolMissing,
    VerifyError,
)
from hwgen.verify import simulate as simulating
from hwgen.verify import simulators
from hwgen.verify.simulate import AXIS_CLAIMS, FLOW_CLAIMS, BenchSettings, simulate
from hwgen.verify.trace import trace_of


@pytest.fixture
def copy(tiny, tmp_path: Path):
    out = tmp_path / "out"
    shutil.copytree(tiny.out, out, ignore=shutil.ignore_patterns("sim"))
    return replace(tiny, out=out)


def edit(file: Path, find: str, put: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert find in text
    file.write_text(text.replace(find, put, 1), encoding="utf-8")


@pytest.mark.sim
def test_a_right_design_passes_every_claim(tiny) -> None:
    result = simulate(tiny.out, tiny.vectors)
    assert (result.samples, result.mismatches) == (len(tiny.vectors), 0)
    assert (result.latency_cycles, result.interval) == (tiny.design.latency, 1)
    assert result.axis_samples == len(tiny.vectors)
    assert result.axis_cycles_per_sample == pytest.approx(3, rel=0.01)  # three beats of 16 bits
    assert tuple(result.claims) == (*FLOW_CLAIMS, *AXIS_CLAIMS)
    assert min(result.claims.values()) > 0
    assert result.waves == ()


@pytest.mark.sim
def test_several_inputs_and_outputs_of_different_length_pass(twoway) -> None:
    result = simulate(twoway.out, twoway.vectors)
    assert (result.samples, result.axis_samples) == (len(twoway.vectors),) * 2
    assert result.latency_cycles == twoway.design.latency


@pytest.mark.sim
def test_one_claim_with_waves(tiny, tmp_path: Path) -> None:
    few = tiny.vectors.rows(0, 3)
    result = simulate(
        tiny.out,
        few,
        BenchSettings(tests=["matches_reference"], waves=True, build_dir=tmp_path / "build"),
    )
    assert dict(result.claims) == {"matches_reference": 3}
    assert (result.latency_cycles, result.axis_samples) == (None, 0)
    (wave,) = result.waves
    assert b"fc3_out_data_o" in wave.read_bytes()
    assert not (tiny.out / "sim" / "build" / "flow" / "dump.vcd").exists()


@pytest.mark.sim
def test_icarus_agrees_or_is_named_as_missing(tiny, tmp_path: Path) -> None:
    build = tmp_path / "build"
    if shutil.which("iverilog") is None:
        with pytest.raises(ToolMissing, match="Icarus Verilog is not installed"):
            simulate(tiny.out, tiny.vectors, BenchSettings(simulator="icarus", build_dir=build))
    else:
        result = simulate(
            tiny.out, tiny.vectors, BenchSettings(simulator="icarus", build_dir=build)
        )
        assert (result.samples, result.mismatches) == (len(tiny.vectors), 0)
        assert result.latency_cycles == tiny.design.latency


@pytest.mark.sim
def test_a_mismatch_names_layer_index_values_seed_and_replay(copy) -> None:
    edit(copy.out / "rtl" / "hwg_tiny_fc2.sv", " - (", " + (")
    with pytest.raises(Mismatch) as caught:
        simulate(copy.out, copy.vectors, BenchSettings(seed=5), trace=trace_of(copy.design))
    error = caught.value
    assert error.where == "layer fc2"
    said = re.fullmatch(
        r"sample (\d+) \(corner\), output fc3_out\[(\d)\]: expected (-?\d+) \(([01]{6})\),"
        r" got (-?\d+) \(([01]{6})\); (\d+) of 1515 samples differ"
        r" \(matches_reference, verilator, seed 5\)"
        r"\n  first wrong value: \w+\[\d\], expected -?\d+, got -?\d+",
        error.what,
    )
    assert said is not None, error.what
    row, element, expected, bits, got, got_bits, differ = said.groups()
    assert int(expected) == copy.vectors.outputs["fc3_out"][int(row), int(element)]
    assert (int(expected) & 63, int(got) & 63) == (int(bits, 2), int(got_bits, 2))
    assert got != expected
    assert 0 < int(differ) <= 1515
    assert error.hint == f"replay: hwgen sim {copy.out} --samples 1500 --seed 5 --only {row}"

    few = copy.vectors.only(int(row))
    with pytest.raises(Mismatch) as again:  # the replay shows the same
        simulate(
            copy.out,
            few,
            BenchSettings(seed=5, tests=["matches_reference"], replay="hwgen sim mine"),
        )
    assert f"sample {row} (corner), output fc3_out[{element}]" in again.value.what
    assert f"got {got} ({got_bits})" in again.value.what
    assert again.value.hint == f"replay: hwgen sim mine --only {row}"


@pytest.mark.sim
def test_a_fault_behind_the_layers_is_told_apart(copy) -> None:
    edit(copy.out / "rtl" / "hwg_tiny.sv", "6'($signed(", "6'((")
    with pytest.raises(Mismatch, match="every layer is right for this sample") as caught:
        simulate(
            copy.out, copy.vectors, BenchSettings(tests=FLOW_CLAIMS), trace=trace_of(copy.design)
        )
    assert caught.value.where == "outputs"


@pytest.mark.sim
def test_a_wrong_latency_claim_is_a_violation(copy) -> None:
    latency = copy.design.latency
    edit(copy.out / "design.json", f'"latency": {latency}', f'"latency": {latency - 1}')
    claim = f"latency is {latency} cycles, claimed are {latency - 1} .latency_is_as_claimed"
    with pytest.raises(ProtocolViolation, match=claim):
        simulate(copy.out, copy.vectors, BenchSettings(tests=["latency_is_as_claimed"]))


@pytest.mark.sim
def test_sources_that_do_not_compile_are_a_tool_failure(copy) -> None:
    edit(copy.out / "rtl" / "hwg_tiny_fc1.sv", "endmodule", "endmodul")
    with pytest.raises(ToolFailed, match=r"(?s)command: .*hwg_tiny_fc1\.sv.*syntax error"):
        simulate(copy.out, copy.vectors, BenchSettings(tests=["matches_reference"]))


def test_wrong_calls_are_explained(copy) -> None:
    vectors = copy.vectors
    for match, call in {
        "no simulator 'modelsim'": lambda: simulate(
            copy.out, vectors, BenchSettings(simulator="modelsim")
        ),
        "no claim sings": lambda: simulate(copy.out, vectors, BenchSettings(tests=["sings"])),
        "no samples to simulate": lambda: simulate(copy.out, vectors.rows(0, 0)),
        "there is no design.json here": lambda: simulate(copy.out / "rtl", vectors),
        "the design .'x'.": lambda: simulate(
            copy.out, replace(vectors, inputs={"y": vectors.inputs["x"]})
        ),
        r"samples of shape \(4,\), expected \(5,\)": lambda: simulate(
            copy.out, replace(vectors, inputs={"x": vectors.inputs["x"][:, :4]})
        ),
        "does not fit s5.2": lambda: simulate(
            copy.out, replace(vectors, inputs={"x": vectors.inputs["x"] + 16})
        ),
    }.items():
        with pytest.raises(ConfigError, match=match):
            call()
    edit(copy.out / "rtl" / "files.f", "hwg_tiny_fc1.sv", "gone.sv")
    with pytest.raises(ConfigError, match=r"files\.f names gone\.sv, which is missing"):
        simulate(copy.out, vectors)
    edit(copy.out / "design.json", '"schema": 3', '"schema": 1')
    with pytest.raises(ConfigError, match="schema 1"):
        simulate(copy.out, vectors)


XML = (
    '<testsuites><testsuite><testcase name="bench_design.c">{}</testcase></testsuite></testsuites>'
)
GOOD = {"sent": 5, "checked": 5, "mismatches": 0}


@pytest.mark.parametrize(
    ("xml", "records", "error", "match"),
    [
        (None, {"c": GOOD}, ToolFailed, "without a result"),
        (XML.format(""), None, ToolFailed, "without a result"),
        ("<testsu", {"c": GOOD}, ToolFailed, "without a result"),
        (XML.format(""), {}, ToolFailed, "c was not run"),
        ("<testsuites/>", {"c": GOOD}, ToolFailed, "c was not run"),
        (XML.format("<skipped/>"), {"c": GOOD}, ToolFailed, "c was not run"),
        (XML.format("<failure/>"), {"c": GOOD}, ToolFailed, "an error of its own"),
        (XML.format(""), {"c": {**GOOD, "violation": "late"}}, ToolFailed, "an error of its own"),
        (XML.format(""), {"c": {**GOOD, "checked": 4}}, VerifyError, "4 of 5 samples"),
        (XML.format(""), {"c": {**GOOD, "sent": 0, "checked": 0}}, VerifyError, "0 of 0 samples"),
        (XML.format(""), {"c": {**GOOD, "mismatches": 1}}, VerifyError, "5 of 5 samples"),
    ],
)
def test_what_was_not_counted_never_passes(tmp_path: Path, xml, records, error, match) -> None:
    if xml is not None:
        (tmp_path / "results.xml").write_text(xml, encoding="utf-8")
    if records is not None:
        (tmp_path / "result.json").write_text(json.dumps(records), encoding="utf-8")
    with pytest.raises(error, match=match):
        simulating._judge(["c"], tmp_path, "the log")


def test_what_was_counted_passes(tmp_path: Path) -> None:
    (tmp_path / "results.xml").write_text(XML.format(""), encoding="utf-8")
    (tmp_path / "result.json").write_text(json.dumps({"c": GOOD}), encoding="utf-8")
    assert simulating._judge(["c"], tmp_path, "") == {"c": GOOD}


def test_trace_tells_what_every_stage_exports(tiny) -> None:
    traced = trace_of(tiny.design)(tiny.vectors.inputs)
    assert [layer.name for layer in tiny.design.pipeline.layers] == list(traced)
    for layer in tiny.design.pipeline.layers:
        assert traced[layer.name].shape == (len(tiny.vectors), len(layer.exports))
    leaving = dict(tiny.design.pipeline.logic.outputs)["fc3_out"]
    exports = [tap.wire for tap in tiny.design.pipeline.layers[-1].exports]
    assert set(leaving) <= set(exports), (leaving, exports)
    columns = [exports.index(wire) for wire in leaving]
    np.testing.assert_array_equal(traced["fc3"][:, columns], tiny.vectors.outputs["fc3_out"])


def test_tools_end_late_programs_with_all_they_started() -> None:
    script = "sleep 60 & echo started; wait"
    with pytest.raises(ToolFailed, match=r"(?s)sh took more than 0\.5 s.*\| started"):
        tools.run(["sh", "-c", script], timeout=0.5)


def test_a_deep_program_has_all_the_stack_there_is_and_keeps_its_name() -> None:
    now, most = tools.run([*tools.DEEP, "sh", "-c", "ulimit -S -s; ulimit -H -s"]).split()
    assert now == most
    with pytest.raises(ToolFailed, match=r"^false ended with status 1\ncommand: false$"):
        tools.run([*tools.DEEP, "false"])


def test_tools_show_command_and_tail_of_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "for i in $(seq 1 99); do echo line $i; done; exit 3"
    with pytest.raises(ToolFailed) as caught:
        tools.run(["sh", "-c", script], log=log, what="here")
    assert caught.value.where == "here"
    assert "sh ended with status 3\ncommand: sh -c for" in caught.value.what
    assert caught.value.what.endswith("| line 99")
    assert "line 69\n" not in caught.value.what
    assert log.read_text(encoding="utf-8").startswith("line 1\n")


def test_missing_tools_come_with_a_hint(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for find in (simulators.icarus, simulators.make, simulators.compiler):
        with pytest.raises(ToolMissing) as caught:
            find()
        assert "install" in caught.value.hint
    with pytest.raises(ToolMissing, match="no-such-program cannot be started"):
        tools.run(["no-such-program"])


def test_the_environment_of_tools_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAVES", "COCOTB_TEST_FILTER", "MAKEFLAGS"):
        monkeypatch.setenv(name, "1")
    seen = tools.environment({"MINE": "2"})
    assert seen["MINE"] == "2"
    assert not {"WAVES", "COCOTB_TEST_FILTER", "MAKEFLAGS", "PYTEST_CURRENT_TEST"} & set(seen)


def test_verilator_of_the_python_package_is_found() -> None:
    found = simulators.verilator()
    assert found.path.is_file()
    assert (Path(found.env["VERILATOR_ROOT"]) / "include" / "verilated.h").is_file()
