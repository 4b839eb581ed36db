# SPDX-License-Identifier: Apache-2.0
"""What the documents say is what the package does.

A fenced block of README.md under ``<!-- run -->`` is run as it stands; ``<!-- run: sim -->`` and
``<!-- run: keras -->`` likewise, where those tools are. Lists and the report are compared with what
hwgen prints; ``pytest --bless tests/test_docs.py`` writes them anew.
"""

from __future__ import annotations

import doctest
import json
import os
import pkgutil
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hwgen.cli import VERBS, _parse
from hwgen.verify.simulate import AXIS_CLAIMS, FLOW_CLAIMS
from tests.benchmarks.page import marked, write_marked

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
LAYERS = ROOT / "docs" / "layers.md"
DOCS = sorted([README, ROOT / "CHANGELOG.md", *(ROOT / "docs").rglob("*.md")])
FENCE = re.compile(r"(?:<!-- (?P<mark>[\w: ]+) -->\n)?```(?P<lang>\w*)\n(?P<body>.*?)```", re.S)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def names(paths: list[Path]) -> list[str]:
    return [path.relative_to(ROOT).as_posix() for path in paths]


def blocks(mark: str) -> list[str]:
    found = [m["body"] for m in FENCE.finditer(README.read_text("utf-8")) if m["mark"] == mark]
    assert found, f"README.md has no block marked {mark!r}"
    return found


def commands(text: str) -> list[list[str]]:
    return [shlex.split(line, comments=True) for line in text.splitlines() if line.strip()]


def run(words: list[str], cwd: Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def run_block(text: str, cwd: Path) -> dict[str, str]:
    """Run every line; return what each verb printed."""
    printed = {}
    for words in commands(text):
        assert words[0] == "hwgen", words
        printed[words[1]] = run(["-m", "hwgen.cli", *words[1:]], cwd)
    return printed


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the README's relative paths to the package's data hold."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "hwgen").symlink_to(ROOT / "hwgen", target_is_directory=True)
    return folder


@pytest.fixture(scope="module")
def printed(place: Path) -> dict[str, str]:
    (quick,) = blocks("run")
    return run_block(quick, place)


def test_readme_commands_run(printed: dict[str, str], place: Path) -> None:
    assert {"doctor", "boards", "ops", "show", "estimate", "build", "predict"} <= set(printed)
    assert (place / "out" / "magic" / "rtl" / "hwg_magic.sv").is_file()
    assert (place / "out" / "logits.npy").is_file()
    tree = README.read_text("utf-8").split("out/magic/\n")[1].split("```")[0]
    for name in re.findall(r"[\w./]+\.(?:sv|f|json|npz|txt|toml)\b", tree):
        assert list((place / "out" / "magic").glob(name)), name


@pytest.mark.sim
@pytest.mark.slow
def test_readme_simulation_runs(printed: dict[str, str], place: Path) -> None:
    (block,) = blocks("run: sim")
    text = run_block(block, place)["sim"]
    right, total = re.match(r"(\d+)/(\d+) samples match", text).groups()  # type: ignore[union-attr]
    assert right == total
    assert int(total) > 1200


@pytest.mark.ci
@pytest.mark.keras
def test_readme_comparison_runs(printed: dict[str, str], place: Path) -> None:
    (block,) = blocks("run: keras")
    text = run_block(block, place)["verify"]
    right, total = re.match(r"(\d+)/(\d+) samples equal", text).groups()  # type: ignore[union-attr]
    assert right == total
    assert int(total) > 3000


def test_readme_python_runs(place: Path) -> None:
    (block,) = blocks("run: python")
    nanoseconds, adders = run(["-c", block], place).split()
    assert float(nanoseconds) > 0
    assert int(adders) > 0


def replaced(page: Path, start: str, end: str, body: str, bless: bool) -> str:
    """Return what a page has between two marks; with *bless*, put *body* there first."""
    text = page.read_text("utf-8")
    head, rest = text.split(start, 1)
    found, tail = rest.split(end, 1)
    if bless and found != body:
        page.write_text(head + start + body + end + tail, "utf-8")
        return body
    return found


def test_readme_shows_the_report(printed: dict[str, str], bless: bool) -> None:
    assert (
        replaced(README, "<!-- report -->\n```\n", "```", printed["build"], bless)
        == printed["build"]
    )


def test_readme_lists_what_is_supported(place: Path, bless: bool) -> None:
    ops = json.loads(run(["-m", "hwgen.cli", "ops", "--json"], place))
    rows = "\n".join(
        f"| {title} | {', '.join(f'`{name}`' for name in ops[key])} |"
        for title, key in (("layers", "layers"), ("quantizers", "quantizers"))
    )
    body = f"\n| | |\n|---|---|\n{rows}\n\n"
    assert replaced(LAYERS, "<!-- ops -->\n", "<!-- /ops -->", body, bless) == body


def test_readme_and_notice_agree() -> None:
    notice = (ROOT / "hwgen" / "demo" / "magic" / "NOTICE").read_text("utf-8")
    (right, total) = re.findall(r"(\S+) of the (\S+) events of the whole test split", notice)[0]
    assert f"right on {right} of the {total} test events" in README.read_text("utf-8")


def test_every_command_line_is_understood() -> None:
    text = "\n".join(path.read_text("utf-8") for path in DOCS)
    lines = [line for block in FENCE.finditer(text) for line in block["body"].splitlines()]
    lines = [line.partition("hwgen ")[2] for line in lines if "hwgen " in line]
    lines = [line for line in lines if line.split()[0] in VERBS]
    assert len(lines) > 9
    for line in lines:
        args = _parse(shlex.split(line, comments=True))
        assert args is not None
        assert args.verb in VERBS


def test_every_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))
    for path in DOCS:
        for target in re.findall(r"(?:^|`)make ([a-z-]+)", path.read_text("utf-8"), re.M):
            assert target in targets, f"{path.name}: make {target}"


@pytest.mark.parametrize("name", names(DOCS))
def test_links_resolve(name: str) -> None:
    path = ROOT / name
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.S)
    for target in LINK.findall(text):
        if not target.startswith("https://"):
            assert (path.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("name", names(DOCS))
def test_named_files_exist(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    named = re.findall(r"`((?:hwgen|rtl|sim|tests|docs|boards)/[\w/.]*)`", text)
    for file in named:
        assert (ROOT / file).exists(), file


@pytest.mark.parametrize("name", names(DOCS))
def test_no_document_names_a_place_of_one_machine(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert re.findall(r"(?<![\w.])/(?:work|tmp|home|root|usr|opt)\b", text) == []


@pytest.mark.parametrize("name", names([p for p in DOCS if ">>>" in p.read_text("utf-8")]))
def test_examples_in_documents_run(name: str) -> None:
    result = doctest.testfile(str(ROOT / name), module_relative=False)
    assert result.attempted > 0
    assert result.failed == 0


def test_number_formats_have_examples() -> None:
    assert ">>>" in (ROOT / "docs" / "number-format.md").read_text("utf-8")


def test_every_claim_of_the_bench_is_told() -> None:
    text = (ROOT / "docs" / "verification.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", text, re.M)
    assert rows == [*FLOW_CLAIMS, *AXIS_CLAIMS]


# Rows of "Not used" in docs/dialect.md, as they would look in a source.
REFUSED = {
    "`parameter int unsigned`": r"(parameter|localparam) int unsigned",
    "`parameter string`": r"parameter string",
    "`parameter type`": r"parameter type",
    "interfaces": r"^\s*interface\b|\bmodport\b",
    "packed structs as ports": r"\bstruct\b",
    "assignment patterns `'{...}`": r"'\{",
    "packed vectors of two dimensions": r"logic\s*(signed\s*)?\[[^\]]+\]\s*\[",
    "`import p::*` in a module header": r"\bimport\b",
    "`$error` at elaboration": r"\$error",
    "`inside`": r"\binside\s*\{",
    "streaming `{<<{x}}`": r"\{\s*(<<|>>)\s*\{",
    "`assert property`, `bind`": r"assert property|^\s*bind\b",
}


def test_dialect_keeps_its_word(printed: dict[str, str], place: Path) -> None:
    text = (ROOT / "docs" / "dialect.md").read_text("utf-8").split("## Not used")[1]
    told = re.findall(r"^\| ([^|]+) \| (?:yes|no) \|", text, re.M)
    assert told == list(REFUSED)
    sources = [*(ROOT / "rtl").rglob("*.sv"), *(place / "out" / "magic" / "rtl").glob("*.sv")]
    assert len(sources) > 15
    for source in sources:
        code = re.sub(r"//.*", "", source.read_text("utf-8"))
        for name, pattern in REFUSED.items():
            assert not re.search(pattern, code, re.M), f"{source.name}: {name}"


def test_decisions_are_short_and_numbered() -> None:
    files = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
    assert [int(f.name[:4]) for f in files] == list(range(1, len(files) + 1))
    for file in files:
        lines = file.read_text("utf-8").splitlines()
        assert lines[0].startswith(f"# {file.name[:4]}: ")
        assert len(lines) <= 20, file.name
        assert {"Decided", "Why", "Costs"} <= {line.partition(":")[0] for line in lines}


def missing(text: str) -> list[str]:
    """Return the names of the package in a text, ``hwgen.codec.wire.Fault``, that it has not."""
    found = []
    for name in sorted(set(re.findall(r"\bhwgen(?:\.\w+)+", text))):
        try:
            pkgutil.resolve_name(name)
        except (ImportError, AttributeError):
            found.append(name)
    return found


def test_what_documents_and_units_name_is_there() -> None:
    files = [*DOCS, *sorted((ROOT / "rtl").rglob("*.sv")), *sorted((ROOT / "rtl").rglob("*.rdl"))]
    told = {file.name: missing(file.read_text("utf-8")) for file in files}
    assert {name: names for name, names in told.items() if names} == {}
    assert missing("as hwgen.codec.wire.Fault, not hwgen.codec.wire.Falt or hwgen.codek") == [
        "hwgen.codec.wire.Falt", "hwgen.codek"
    ]  # fmt: skip


def test_benchmarks_write_between_the_marks_of_a_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("head\n<!-- a -->\nold\n<!-- /a -->\nmiddle\n<!-- b -->\nold\n", "utf-8")
    write_marked(page, "a", "new")
    write_marked(page, "b", "\nto the end\n")
    assert page.read_text("utf-8") == (
        "head\n<!-- a -->\nnew\n<!-- /a -->\nmiddle\n<!-- b -->\n\nto the end\n"
    )
    assert marked(page, "a") == "new\n"
    with pytest.raises(ValueError, match="has no mark <!-- c -->"):
        write_marked(page, "c", "new")
