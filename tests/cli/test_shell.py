# SPDX-License-Identifier: Apache-2.0
"""The command line in a shell: its output, its help, its completion."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from hwgen.api.load import load
from hwgen.cli import VERBS, _parse, run
from hwgen.cli.examples import EXAMPLES
from tests.cli.models import GRID, act, dense, sequential, source, tiny_h5, variables
from tests.cli.test_verbs import Capture, text
from tests.frontends.keras_files import full_h5

SHOW = [sys.executable, "-m", "hwgen.cli", "show", "-q"]


def test_a_reader_that_leaves_is_told_in_one_line(tmp_path: Path) -> None:
    model = full_h5(tmp_path / "m.h5", *wide())
    for words in ([*SHOW, str(model)], [*SHOW, "--help"], [*SHOW, "gone.h5", "--json"]):
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.close()
            assert process.stderr is not None
            told = process.stderr.read().decode()
        assert process.returncode == 5, words
        assert told == "hwgen: standard output cannot be written (Broken pipe)\n"


@pytest.mark.parametrize(
    ("redirected", "why"),
    [("> /dev/full", "No space left on device"), (">&-", "it is closed")],
)
def test_an_output_that_takes_nothing_is_told_in_one_line(
    redirected: str, why: str, tmp_path: Path
) -> None:
    model = tiny_h5(tmp_path / "m.h5")
    line = f'"$0" -m hwgen.cli show -q {model} {redirected}'
    done = subprocess.run(["sh", "-c", line, sys.executable], capture_output=True, text=True)
    assert done.returncode == 5
    assert done.stderr == f"hwgen: standard output cannot be written ({why})\n"
    assert done.stdout == ""


def test_progress_never_goes_to_standard_output(tmp_path: Path) -> None:
    model = tiny_h5(tmp_path / "m.h5")
    words = f"build -q {model} -b vcu118 -o {tmp_path / 'out'} --json 2>&-"
    line = f'"$0" -m hwgen.cli {words}'
    done = subprocess.run(["sh", "-c", line, sys.executable], capture_output=True, text=True)
    assert done.returncode == 0
    assert json.loads(done.stdout)["ok"]


@pytest.mark.parametrize("verb", VERBS)
def test_examples_of_every_verb_are_understood(verb: str, capsys: Capture) -> None:
    said = text(capsys, *verb.split(), "--help")
    for line in EXAMPLES[verb]:
        assert f"\n  {line}" in said
        words = shlex.split(line.split(" > ")[0])
        assert words.pop(0) == "hwgen"
        args = _parse(words)
        assert args is not None
        assert args.verb == verb


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script_that_its_shell_takes(
    shell: str, tmp_path: Path, capsys: Capture
) -> None:
    script = text(capsys, "completion", shell)
    assert "estimate" in script
    assert "--best-effort" in script
    if shell == "bash":
        (tmp_path / "hwgen.bash").write_text(script)
        ask = (
            f"source {tmp_path}/hwgen.bash; COMP_WORDS=(hwgen est); COMP_CWORD=1; "
            "COMP_LINE='hwgen est'; _shtab_hwgen; echo ${COMPREPLY[@]}"
        )
        done = subprocess.run(["bash", "-c", ask], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["estimate"]


def wide() -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    sizes = {f"fc{n}": (4, 4) for n in range(3)}
    layers = [part for n in range(3) for part in (dense(f"fc{n}", 4), act(f"a{n}"))]
    return sequential(source(), act("q", GRID), *layers), variables(sizes)


def test_a_verb_that_takes_long_says_that_it_is_at_work(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(*_: Any) -> Any:
        time.sleep(0.5)
        return load(tiny_h5(tmp_path / "m.h5"))

    monkeypatch.setattr("hwgen.cli.common.FIRST", 0.05)
    monkeypatch.setattr("hwgen.api.show.load", slow)
    assert run(["show", "m.h5"]) == 0
    said = [line for line in capsys.readouterr().err.splitlines() if "still at work" in line]
    assert 2 <= len(said) <= 5  # less and less often
    assert run(["show", "m.h5", "-q"]) == 0
    assert capsys.readouterr().err == ""
