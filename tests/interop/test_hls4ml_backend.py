# SPDX-License-Identifier: Apache-2.0
"""The backend in hls4ml: that it loads, what its calls give and refuse; the tutorial."""

from __future__ import annotations

import importlib.util
import json
import sys
import tomllib
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen import paths
from hwgen.api.load import headed
from hwgen.errors import ConfigError, ModelError
from hwgen.frontends.options import Options
from hwgen.interop import crosscheck, hls4ml_project
from hwgen.interop.hls4ml_project import Project, Settings
from hwgen.ir.graph import Graph
from hwgen.tools import run
from hwgen.verify import compile_emulator
from tests.interop.tutorial import FEW
from tests.verify.conftest import small_net, two_ways

ENV = {"HLS4ML_BACKEND_PLUGINS": "hwgen.interop.hls4ml_backend"}
LOADED = "import hls4ml; print(hls4ml.backends.get_available_backends())"


@pytest.mark.keras  # where TensorFlow is, hls4ml is
def test_hls4ml_loads_the_backend(root: Path) -> None:
    """hls4ml prints the errors of plugins and goes on without them."""
    said = run([sys.executable, "-c", LOADED], root, env={**ENV, "PYTHONPATH": str(root)})
    assert "'hwgen'" in said.splitlines()[-1]
    assert "WARNING" not in said
    entry = tomllib.loads((root / "pyproject.toml").read_text())["project"]["entry-points"]
    assert entry["hls4ml.backends"] == {"hwgen": "hwgen.interop.hls4ml_backend:register"}


BROKEN = """
import hwgen.interop.hls4ml_backend as b
def fail(name, cls): raise TypeError("the first error")
try:
    b.register(register_backend=fail, register_writer=lambda *_: None)
except RuntimeError as error:
    print("told:", error, "because of", repr(error.__cause__))
"""


@pytest.mark.keras
def test_an_error_at_registration_is_not_hidden(root: Path) -> None:
    said = run([sys.executable, "-c", BROKEN], root, env={"PYTHONPATH": str(root)})
    assert "told:" in said
    assert "the first error" in said


def test_hwgen_does_not_need_hls4ml(root: Path) -> None:
    code = "import sys, hwgen.interop.hls4ml_project; print('hls4ml' in sys.modules)"
    assert run([sys.executable, "-c", code], root, env={"PYTHONPATH": str(root)}) == "False\n"


# ------------------------------------------------------- the project, without TensorFlow


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "interop"))
    monkeypatch.setattr(
        compile_emulator, "FLAGS", ("-std=c++17", "-O0", "-fPIC", "-shared", "-DHWG_NATIVE")
    )


def project(graph: Graph, folder: Path, monkeypatch: pytest.MonkeyPatch, **changed: Any) -> Project:
    given: dict[str, Any] = {
        "folder": str(folder / "prj"), "name": "myproject", "part": None, "board": "vcu118",
        "named": True, "clock_period": 5.0, "io_type": "io_parallel", "input_format": None,
    }  # fmt: skip
    seen: list[Any] = []

    def from_keras(_: Any, options: Options | None = None, *, input_format: Any) -> Graph:
        seen.append(input_format)
        return headed(graph, options or Options())

    monkeypatch.setattr(hls4ml_project, "from_keras", from_keras)
    keras = SimpleNamespace(
        inputs=[SimpleNamespace(name=n.name) for n in graph.inputs],
        output_names=[out.name for out in graph.outputs],
    )
    fixed = SimpleNamespace(width=16, integer=6, signed=True)
    found = Project(
        keras, Settings(**{**given, **changed}), [fixed] * len(graph.inputs),
        lambda stage, line: print(stage, line),
    )  # fmt: skip
    found.seen = seen  # type: ignore[attr-defined]
    return found


def test_predict_and_trace_shape_as_hls4ml_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    graph = small_net()
    made = project(graph, tmp_path, monkeypatch)
    x = rng.normal(0, 1, (20, 5)).astype(np.float32)
    want = hwgen.predict(graph, x)
    y = made.predict(x)
    assert y.dtype == np.float32
    assert np.array_equal(y, want)
    assert np.array_equal(made.predict(x[:1]), want[0])
    assert np.array_equal(made.predict(x[0]), want[0])
    assert made.predict(x.astype(np.float64)).dtype == np.float64
    again, layers = made.trace(x)
    assert np.array_equal(again, y)
    assert list(layers) == ["fc1", "act1", "fc2", "act2", "fc3"]
    assert np.array_equal(layers["fc3"], y)
    with pytest.raises(TypeError, match="int64"):
        made.predict(np.zeros((2, 5), np.int64))
    with pytest.raises(ValueError, match="inputs of"):
        made.predict(np.zeros((2, 4), np.float32))


def test_several_inputs_and_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    graph = two_ways()
    made = project(graph, tmp_path, monkeypatch)
    x = [rng.normal(0, 9, (6, 3)), rng.uniform(0, 7, (6, 2, 9))]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = hwgen.predict(graph, dict(zip(("x", "z"), x, strict=True)))
    for got, name in zip(made.predict(x), want, strict=True):
        assert np.array_equal(got, want[name].reshape(6, -1))
    assert made.seen == [{"x": "s16.10", "z": "s16.10"}]  # type: ignore[attr-defined]


def test_formats_and_boards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = small_net()
    made = project(graph, tmp_path, monkeypatch, input_format="s8.4")
    assert made.seen == ["s8.4"]  # type: ignore[attr-defined]
    assert "input x is s5.2" in capsys.readouterr().out
    part = {"named": False, "board": "vu9p"}
    alveo = project(graph, tmp_path, monkeypatch, part="xcu250-figd2104-2L-e", **part)
    assert alveo.board == "alveo_u250"
    other = project(graph, tmp_path, monkeypatch, part="xc7z100", **part)
    assert other.board == "vu9p"
    assert "no board of hwgen has the part xc7z100" in capsys.readouterr().out


def test_write_and_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = project(small_net(), tmp_path, monkeypatch)
    report = made.build(csim=True, synth=True)
    assert report["CSimResults"] == {"samples": 1015, "mismatches": 0}
    synth = report["CSynthesisReport"]
    assert isinstance(synth, dict)
    assert (synth["IntervalMin"], synth["TargetClockPeriod"]) == ("1", "5.00")
    assert int(synth["LUT"]) > 0
    assert (tmp_path / "prj" / "hls" / "hwg_myproject.cpp").is_file()
    assert (tmp_path / "prj" / "rtl" / "hwg_myproject.sv").is_file()
    with pytest.raises(TypeError, match="does not know bitstream"):
        made.build(bitstream=True)
    with pytest.raises(ConfigError, match="no FIFOs"):
        made.build(fifo_opt=True)
    stream = project(small_net(), tmp_path / "stream", monkeypatch, io_type="io_stream")
    assert stream.build(csim=True)["CSimResults"] == {"samples": 1015, "mismatches": 0}
    other = project(small_net(), tmp_path, monkeypatch, io_type="io_serial")
    with pytest.raises(ConfigError, match="io_parallel, io_stream"):
        other.write()


def test_a_stored_graph_has_lost_its_model(tmp_path: Path) -> None:
    settings = Settings("prj", "myproject", None, "vu9p", False, 5.0, "io_parallel", None)
    with pytest.raises(ModelError, match="convert the model again"):
        Project(None, settings, [])


def ending(kind: str, graph: Graph) -> Graph:
    """Return a graph whose reader dropped a softmax or a sigmoid."""
    note = f"{kind}: the final {kind} is dropped; the outputs are the logits in front of it"
    return replace(graph, notes=(note,))


def test_a_last_softmax_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rng: np.random.Generator
) -> None:
    graph = ending("softmax", small_net())
    x = rng.normal(0, 1, (20, 5)).astype(np.float32)
    want = hwgen.predict(headed(graph, Options(head="softmax")), x)
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "the last softmax")
        made = project(graph, tmp_path, monkeypatch)
        y, layers = made.trace(x)
        assert np.array_equal(made.predict(x), want)
        assert np.array_equal(y, want)
        assert np.allclose(y.sum(axis=1), 1, atol=0.02)
        assert np.array_equal(layers["fc3_out"], y)
        assert np.array_equal(layers["fc3"], hwgen.predict(graph, x))
        alone = project(graph, tmp_path, monkeypatch, head="logits")
        assert np.array_equal(alone.predict(x), hwgen.predict(graph, x))
    index = project(graph, tmp_path, monkeypatch, head="argmax").predict(x)
    assert np.array_equal(index.reshape(-1), hwgen.predict(graph, x).argmax(axis=1))


def test_a_head_that_cannot_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.warns(UserWarning, match="sigmoid is dropped: predict gives the logits"):
        project(ending("sigmoid", small_net()), tmp_path, monkeypatch)
    graph = small_net()
    (out,) = graph.outputs
    uneven = replace(graph, outputs=(replace(out, scale=(1.0, 1.0, 0.5, 1.0, 1.0)),))
    with pytest.warns(UserWarning, match="differs between channels"):
        project(ending("softmax", uneven), tmp_path, monkeypatch)
    with pytest.raises(ConfigError, match="differs between channels"):
        project(ending("softmax", uneven), tmp_path, monkeypatch, head="softmax")


# ------------------------------------------------------------------------------- crosscheck


def stub(kind: str, **fields: Any) -> Any:
    return type(kind, (), {"get_config": lambda self: {}, **fields})()


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([stub("QDense", name="a", kernel_quantizer_internal=stub("quantized_bits", alpha=1))], ""),
        ([stub("QDense", name="a", kernel_quantizer_internal=stub("quantized_bits", alpha=None))],
         "10 fraction bits"),
        ([stub("QDense", name="b"),
          stub("QActivation", name="a", quantizer=stub("quantized_bits"))], "dropped"),
        ([stub("QActivation", name="a", quantizer=stub("ternary"))], "not initialised"),
        ([stub("QActivation", name="a", quantizer=stub("quantized_relu", bits=4, integer=4))],
         "wraps"),
        ([stub("QBatchNormalization", name="a")], "ignored"),
        ([stub("InputLayer", name="b"), stub("QDense", name="a")], "truncated"),
        ([stub("GlobalAveragePooling2D", name="a")], "average"),
    ],
)  # fmt: skip
def test_known_deviations_are_named(layers: list[Any], told: str) -> None:
    found = crosscheck.deviations(SimpleNamespace(layers=layers)).get("a", [])
    assert (told in " ".join(found)) if told else not found
    assert all(line.startswith("a: ") for line in found)


def test_a_difference_is_counted() -> None:
    ours = np.array([[0.5, 1.0], [0.25, -1.0], [3.0, 0.0]])
    theirs = ours.copy()
    theirs[1, 0] += 0.125
    theirs[2, 1] = np.nan
    assert crosscheck._compared(ours, ours) == (0, 0.0)
    assert crosscheck._compared(ours, theirs) == (2, 0.125)
    assert crosscheck._compared(ours, None) == (None, 0.0)
    assert crosscheck._compared(ours, theirs[:, :1]) == (None, 0.0)


# ------------------------------------------------------------------------- with TensorFlow

MODELS: dict[str, tuple[str, ...]] = {
    "io_parallel": ("qkeras_3layer.json", "qkeras_3layer_weights.h5"),
    "io_parallel, one file": ("QKERAS_3layer.h5",),
    "io_stream": ("RN06_resnet_cifar10_8b.h5",),
    "io_parallel, few bits": (FEW,),
    "io_stream, few bits": (FEW,),
}


def given(names: tuple[str, ...]) -> list[str]:
    if names == (FEW,):
        return [FEW]
    folder = paths.beside_checkout("shared")
    if folder is None or not (folder / "models" / names[0]).is_file():
        pytest.skip("no models beside the checkout")
    return [str(folder / "models" / name) for name in names]


@pytest.mark.keras
@pytest.mark.slow
@pytest.mark.parametrize("how", MODELS)
def test_calls_of_the_tutorial(how: str, root: Path) -> None:
    assert importlib.util.find_spec("hls4ml"), "the tests need hls4ml"
    env = {**ENV, "PYTHONPATH": str(root)}
    words = [how.split(",")[0], *given(MODELS[how])]
    said = run([sys.executable, "-m", "tests.interop.tutorial", *words], root, env=env)
    found = json.loads(said.strip().splitlines()[-1])
    assert found["equal"]
    assert found["one"]
    assert found["traced"]
    assert found["last"]
    assert found["profiled"]
    assert {"rtl", "hls", "report.html"} <= set(found["files"])
    assert found["report"]["CSimResults"]["mismatches"] == 0


@pytest.mark.keras
@pytest.mark.ci
def test_layers_of_hwgen_in_a_project_of_hls4ml(root: Path) -> None:
    said = run([sys.executable, "-m", "tests.interop.own_layers"], root, env=ENV)
    found = json.loads(said.strip().splitlines()[-1])
    assert found["adders"]
    assert found["xnor, two bits"]
    assert found["xnor, one bit"]
    assert found["adders, bits"]
    assert found["as it was"]
    signs = ("are signs", "are signs")
    words = (*signs, "is not dense", "no layer fc3", "no realisation", "whole vectors")
    assert len(found["refused"]) == len(words)
    assert all(word in text for word, text in zip(words, found["refused"], strict=True))


CHECKED: dict[str, tuple[str, ...]] = {
    "qkeras_3layer.json": ("--weights", "qkeras_3layer_weights.h5", "--input-format", "s16.10"),
    "QKERAS_3layer.h5": ("--input-format", "s8.4"),
    "RN06_resnet_cifar10_8b.h5": ("--input-format", "s8.7"),
}


@pytest.mark.keras
@pytest.mark.slow
@pytest.mark.parametrize("model", CHECKED)
def test_crosscheck(model: str, root: Path) -> None:
    more = [given((word,))[0] if word.endswith(".h5") else word for word in CHECKED[model]]
    words = ["crosscheck", *given((model,)), *more, "--json", "--samples", "60", "-q"]
    said = run([sys.executable, "-m", "hwgen.cli", *words], root, env={"PYTHONPATH": str(root)})
    found = json.loads(said.strip().splitlines()[-1])
    assert found["ok"]
    assert len(found["layers"]) >= 7
    assert all(layer["keras"] in (0, None) for layer in found["layers"])
    assert all(layer["hls4ml"] in (0, None) for layer in found["layers"])
    assert found["layers"][-1]["hls4ml"] == 0
