# SPDX-License-Identifier: Apache-2.0
"""What holds for every reader: one that lists itself in READERS is held to all this.

A new reader needs one line in `EXAMPLES`: how a small model file of its kind is made.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hwgen.errors import ConfigError, ModelError
from hwgen.frontends import READERS, read, reader_of, sources
from hwgen.frontends.bundle import write_bundle
from hwgen.frontends.options import Options
from hwgen.frontends.reader import Reader
from hwgen.ir.fixed import Fixed
from hwgen.ops.serial import digest
from hwgen.passes import run_passes
from tests.cli.models import tiny_h5
from tests.frontends.table_files import random_net

OPTIONS = Options({"": Fixed.parse("s8.4")})


def _bundle(folder: Path) -> Path:
    write_bundle((read(tiny_h5(folder / "m.h5"), OPTIONS), folder / "m.json"))
    return folder / "m.json"


EXAMPLES: dict[str, Callable[[Path], Path]] = {
    "keras": lambda folder: tiny_h5(folder / "m.h5"),
    "bundle": _bundle,
    "tables": lambda folder: random_net(np.random.default_rng(1), [3, 4, 2], [4, 3, 5]).write(
        folder
    ),
}
SETTLED = {"bundle", "tables"}  # readers whose files leave nothing to choose


def options_of(reader: Reader) -> Options:
    return Options() if reader.name in SETTLED else OPTIONS


@pytest.fixture(params=READERS, ids=lambda reader: reader.name)
def reader(request: pytest.FixtureRequest) -> Reader:
    found: Reader = request.param
    return found


def test_every_reader_has_an_example_and_a_name_of_its_own() -> None:
    names = [reader.name for reader in READERS]
    assert len(set(names)) == len(names)
    assert set(EXAMPLES) == set(names)


def test_it_alone_takes_its_file(reader: Reader, tmp_path: Path) -> None:
    path = EXAMPLES[reader.name](tmp_path)
    assert [other.name for other in READERS if other.sniff(path)] == [reader.name]
    assert reader_of(path) is reader


def test_a_file_gives_one_graph(reader: Reader, tmp_path: Path) -> None:
    path = EXAMPLES[reader.name](tmp_path)
    graph = reader.read(path, options_of(reader))
    graph.check()
    assert graph.inputs
    assert graph.outputs
    assert digest(graph) == digest(reader.read(path, options_of(reader)))
    run_passes(graph).check()


def test_what_is_shipped_lies_in_the_model_folder(reader: Reader, tmp_path: Path) -> None:
    shipped = sources(EXAMPLES[reader.name](tmp_path), options_of(reader))
    assert all(path.startswith("model/") and ".." not in path for path in shipped)
    assert str(tmp_path).encode() not in b"".join(shipped.values())


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"{", b"[1, 2", b"\xff\xfe text", b"PK\3\4"])
def test_a_file_of_nothing_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert sum(reader.sniff(path) for reader in READERS) <= 1
    with pytest.raises((ConfigError, ModelError)):
        read(path, OPTIONS)


def test_a_damaged_file_is_refused_or_read(reader: Reader, tmp_path: Path) -> None:
    path = EXAMPLES[reader.name](tmp_path)
    whole = path.read_bytes()
    rng = np.random.default_rng(5)
    refused = 0
    for _ in range(40):
        path.write_bytes(whole[: int(rng.integers(len(whole)))])
        try:
            read(path, options_of(reader))
        except (ConfigError, ModelError):
            refused += 1
    assert refused > 30


def test_reading_needs_no_framework(reader: Reader, tmp_path: Path) -> None:
    """In a process of its own: what got imported says it."""
    path = EXAMPLES[reader.name](tmp_path)
    formats = "{}" if reader.name in SETTLED else "{'': Fixed.parse('s8.4')}"
    code = (
        "import sys, pathlib\nfrom hwgen.frontends import read\n"
        "from hwgen.frontends.options import Options\nfrom hwgen.ir.fixed import Fixed\n"
        f"read(pathlib.Path(sys.argv[1]), Options({formats}))\n"
        "heavy = {'tensorflow', 'keras', 'qkeras', 'torch', 'scipy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
