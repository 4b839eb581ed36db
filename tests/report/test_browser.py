# SPDX-License-Identifier: Apache-2.0
"""The report in a real browser: nothing overprinted, off screen, or to be scrolled inside."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

import hwgen
from hwgen import paths
from hwgen.api.results import record
from hwgen.report.pareto import plot
from tests.api.test_explore import rows
from tests.cli.models import branchy_h5

pytestmark = [pytest.mark.ci, pytest.mark.slow]
CHECK = Path(__file__).with_name("check_page.js").read_text("utf-8")
WIDTHS = (1280, 768, 390)
SYNTH = {
    "tool": "Yosys 0.70", "total": {"lut": 12345, "ff": 4567, "dsp": 0, "bram": 0},
    "stages": {}, "route": {"fmax_mhz": 187.25},
}  # fmt: skip


def laid_out(page: str, width: int, folder: Path) -> dict[str, Any]:
    """Return what the check finds on a page of that width."""
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: apt-get install chromium"
    inner = page.replace("</body>", f"<script>{CHECK}</script></body>")
    assert inner != page
    frame = f'<iframe width="{width}" height="900" style="border:0" srcdoc="{html.escape(inner)}">'
    file = folder / f"frame_{width}.html"
    file.write_text(f"<!doctype html><title>none</title><body>{frame}</iframe>", "utf-8")
    command = [
        chromium, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr",
        f"--user-data-dir={folder / 'profile'}", "--window-size=1400,1000",
        "--virtual-time-budget=3000", "--dump-dom", file.as_uri(),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr, done.stderr
    title = re.search(r"<title>(.*?)</title>", done.stdout, re.S)
    assert title, done.stdout[:500]
    told = html.unescape(title[1])
    assert told != "none", done.stderr[-2000:]
    return dict(json.loads(told))


@pytest.mark.parametrize("clock", ["40MHz", "100MHz", "200MHz", "360MHz"])
def test_the_page_fits_at_every_width(clock: str, tmp_path: Path) -> None:
    model = paths.demo() / "magic.h5"
    hwgen.build(model, tmp_path / "out", board="vu13p", clock=clock)
    pages = [(tmp_path / "out" / "report.html").read_text("utf-8")]
    record(tmp_path / "out", "synth", SYNTH)
    shares = {"fc1": 0.5, "relu1": 1.0}
    sim = {"samples": 1000, "mismatches": 0, "latency_cycles": 3, "simulator": "icarus", "seed": 1}
    record(tmp_path / "out", "sim", {**sim, "reached": shares})
    pages.append((tmp_path / "out" / "report.html").read_text("utf-8"))
    for page in pages:
        for width in WIDTHS:
            told = laid_out(page, width, tmp_path)
            assert told["width"] == width
            assert told["texts"] > 100
            assert told["found"] == []


def test_a_network_with_branches_fits_as_well(tmp_path: Path) -> None:
    hwgen.build(branchy_h5(tmp_path / "b.h5"), tmp_path / "out", board="vcu118", clock="360MHz")
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    for width in WIDTHS:
        assert laid_out(page, width, tmp_path)["found"] == []


def test_the_drawing_of_a_front_is_readable(tmp_path: Path) -> None:
    points = [{**row, "pareto": True} for row in rows((5, 10), (5.01, 11), (9, 3), (20, 1))]
    drawn = plot(points, ("latency_ns", "lut")).decode()
    page = f"<!doctype html><html><body>{drawn}</body></html>"
    told = laid_out(page, 800, tmp_path)
    assert told["found"] == []
    assert ">0</text>" in drawn  # the axes begin at zero


def test_the_check_finds_faults(tmp_path: Path) -> None:
    def body(inner: str) -> str:
        return f"<!doctype html><html><body style='margin:0'>{inner}</body></html>"

    for inner, said in (
        ("<p style='position:absolute;top:9px'>one</p><p>two</p>", "overprinted"),
        ("<p style='position:absolute;left:380px'>beyond</p>", "off screen"),
        ("<div style='height:20px;overflow:auto'>a<br>b<br>c</div>", "inner scroll"),
        ("<div style='width:900px'>x</div>", "too wide"),
    ):
        found = laid_out(body(inner), 390, tmp_path)["found"]
        assert any(said in line for line in found), (inner, found)
    with pytest.raises(AssertionError, match="CONSOLE"):
        laid_out(body("<script>nothing()</script>"), 390, tmp_path)
