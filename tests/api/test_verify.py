# SPDX-License-Identifier: Apache-2.0
"""The comparison with the framework: what the build announced is told from what nobody did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import hwgen
from hwgen.api.load import load
from hwgen.cli import run
from hwgen.errors import Mismatch
from hwgen.frontends.keras import live
from hwgen.frontends.options import Options
from hwgen.ops.reference import Reference
from tests.cli.models import GRID, act, dense, sequential, source, variables
from tests.frontends.keras_files import full_h5, layer

pytestmark = pytest.mark.keras  # where they differ, Keras itself is asked layer by layer


def off_by_a_bit(x: Any) -> Any:
    """A machine whose reciprocal root is the next float32."""
    return np.nextafter((1 / np.sqrt(x.astype(np.float64))).astype(np.float32), np.float32(9))


@pytest.fixture(scope="module")
def normalised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build whose normalisation hangs on the last bit of a root."""
    folder = tmp_path_factory.mktemp("bn")
    config = sequential(
        source(), act("q", GRID), dense("fc1", 8), layer("BatchNormalization", "bn"), act("a")
    )
    half = np.full(8, 0.25, np.float32)
    norm = {
        # A variance whose root is exact: thresholds fall upon accumulator values.
        "bn/gamma:0": half * 4, "bn/beta:0": half * 0, "bn/moving_mean:0": half * 0,
        "bn/moving_variance:0": np.float32(0.25) - np.float32(1e-3) + half * 0,
    }  # fmt: skip
    model = full_h5(folder / "m.h5", config, {**variables({"fc1": (4, 8)}), "bn": norm})
    made = hwgen.build(model, folder / "out", board="vcu118")
    assert any("last bit" in note for note in made.graph.notes), made.graph.notes
    return folder / "out"


@pytest.fixture
def machine(normalised: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Any], None]:
    """Let the framework compute as one with that root does; *edit* changes its outputs."""

    def enter(edit: Any = lambda outputs: None) -> None:
        theirs = load(normalised / "model/keras/m.h5", options=Options(root=off_by_a_bit))

        def logits(found: live.Opened, floats: Any) -> list[Any]:
            codes = {
                node.name: np.ldexp(floats[node.name], node.type.frac).astype(np.int64)
                for node in theirs.inputs
            }
            out = theirs.outputs[0]
            values = Reference(theirs).run(codes)[out.name] * np.array(out.scale)
            edit(values)
            return [values.astype(np.float32)]

        monkeypatch.setattr(live, "logits", logits)
        monkeypatch.setattr(live, "own_root", off_by_a_bit)

    return enter


def test_announced_differences_alone_are_no_fault(
    normalised: Path, machine: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    machine()
    verdict = hwgen.verify(normalised, samples=3000)
    assert verdict.mismatches == 0
    assert verdict.announced > 0
    assert all(note.startswith("a: ") for note in verdict.because)
    assert f"{verdict.announced:,} samples differ as the build announced" in verdict.text()
    assert run(["verify", str(normalised), "--samples", "3000", "-q"]) == 0
    assert "last bit" in capsys.readouterr().out


def test_a_fault_beside_them_is_found_and_counted_alone(normalised: Path, machine: Any) -> None:
    def spoil(values: Any) -> None:
        values[100, 2] += 3 * 0.125

    machine(spoil)
    with pytest.raises(Mismatch, match=r"sample 100 .*, element 2") as caught:
        hwgen.verify(normalised, samples=3000)
    assert caught.value.mismatches == 1
    result = caught.value.result
    assert result is not None
    assert result.as_dict()["announced"] > 0  # type: ignore[operator]


def test_without_a_note_nothing_is_announced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = sequential(source(), act("q", GRID), dense("fc1", 8), act("a"))
    model = full_h5(tmp_path / "m.h5", config, variables({"fc1": (4, 8)}))
    graph = hwgen.build(model, tmp_path / "out", board="vcu118").graph

    def logits(found: live.Opened, floats: Any) -> list[Any]:
        codes = {"x": np.ldexp(floats["x"], graph.inputs[0].type.frac).astype(np.int64)}
        out = graph.outputs[0]
        values = Reference(graph).run(codes)[out.name] * np.array(out.scale)
        values[7, 0] += out.scale[0]
        return [values.astype(np.float32)]

    monkeypatch.setattr(live, "logits", logits)
    with pytest.raises(Mismatch) as caught:
        hwgen.verify(tmp_path / "out", samples=50)
    assert caught.value.mismatches == 1
