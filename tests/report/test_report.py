# SPDX-License-Identifier: Apache-2.0
"""The report: one page that needs nothing else, the same figures in JSON, results as they come."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

import hwgen
from hwgen.api.report import report
from hwgen.api.results import read_sheet, record
from hwgen.cost.figures import StageFigures
from hwgen.errors import ConfigError
from hwgen.report.charts import histogram, network, waterfall
from hwgen.report.sheet import Histogram, NamedOutput, NodeFigures
from hwgen.report.text import rate_text, time_text
from tests.cli.models import branchy_h5, tiny_h5

SIM = {"samples": 12, "mismatches": 0, "latency_cycles": 3, "simulator": "icarus", "seed": 1}


class Page(HTMLParser):
    """Checks that what is opened is closed; collects the words and what is asked of elsewhere."""

    VOID = ("meta", "link", "br", "img", "line", "rect", "path")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.asked: list[str] = []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.asked += [f"{k}={v}" for k, v in attrs if k in ("src", "href", "srcset", "action")]
        assert tag != "script"
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in self.VOID

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page_of(folder: Path) -> Page:
    return Page((folder / "report.html").read_text("utf-8"))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    hwgen.build(branchy_h5(tmp_path / "branchy.h5"), tmp_path / "out", board="vcu118")
    return tmp_path / "out"


def test_a_build_writes_a_page_that_needs_nothing_else(built: Path) -> None:
    page = page_of(built)
    text = " ".join(page.words)
    assert not page.asked
    assert "://" not in (built / "report.html").read_text("utf-8")
    sheet = read_sheet(built)
    assert f"{sheet.figures.latency_ns:g} ns" in text
    assert f"{sheet.figures.modelled.lut:,}" in text
    packaged = sheet.figures.packaged
    assert f"limited by the {packaged.limit}" in text
    assert f"the registers of the IP take {packaged.registers.lut:,} LUT" in text
    for node in sheet.network:
        assert any(node.name in word for word in page.words)
    assert text.count("not run") == 4  # two badges, two rows


def test_the_stages_add_up_to_the_whole(built: Path) -> None:
    sheet = read_sheet(built)
    figures = sheet.figures
    for kind in ("lut", "ff", "dsp", "bram"):
        assert sum(getattr(stage, kind) for stage in figures.stages) == getattr(
            figures.modelled, kind
        )
    for name, bins in sheet.weight_codes.items():
        assert sum(bins.counts) == figures.layers[name].weights
        zero = -bins.low // bins.step
        assert bins.counts[zero] >= figures.layers[name].zeros


def test_results_enter_and_leave_with_the_rtl_they_belong_to(built: Path) -> None:
    record(built, "sim", SIM)
    record(built, "verify", {"samples": 30, "mismatches": 0, "seed": 1})
    text = " ".join(page_of(built).words)
    assert "RTL = reference: 12 samples" in text
    assert "reference = QKeras: 30 samples" in text
    top = next((built / "rtl").glob("*.sv"))
    top.write_text(top.read_text() + "// edited\n")
    assert set(report(built, allow_changed=True).results) == {"verify"}
    assert "RTL = reference: not run" in " ".join(page_of(built).words)


def test_a_failure_is_told_as_one(built: Path) -> None:
    record(built, "sim", {**SIM, "mismatches": 3})
    text = (built / "report.html").read_text("utf-8")
    assert re.search(r'badge bad">RTL = reference: failed', text)
    assert "9 of 12 samples equal" in text


def test_synthesis_stands_beside_the_model(built: Path) -> None:
    sheet = read_sheet(built)
    name = sheet.figures.stages[0].name
    total = {"lut": 1234, "ff": 567, "dsp": 0, "bram": 0}
    stages = {name: {"lut": 321, "ff": 45}}
    route = {"fmax_mhz": 123.5}
    record(built, "synth", {"tool": "Yosys X", "total": total, "stages": stages, "route": route})
    text = " ".join(page_of(built).words)
    for said in ("1,234 synthesised", "321", "123.5 MHz", "Yosys X"):
        assert said in text


def test_the_same_build_gives_the_same_page(tmp_path: Path) -> None:
    pages = []
    for place in ("a", "b"):
        (tmp_path / place).mkdir()
        model = tiny_h5(tmp_path / place / "tiny.h5")
        hwgen.build(model, tmp_path / place / "out", board="vcu118")
        pages.append((tmp_path / place / "out" / "report.html").read_bytes())
    assert pages[0] == pages[1]


def test_a_name_cannot_break_the_page() -> None:
    node = NodeFigures("<b>&", "dense", "", "", (), (2,), 4, 0, True, -8, 7, "")
    drawn = network([node], [NamedOutput("y", "<b>&")])
    Page(drawn)
    assert "<b>" not in drawn


def test_a_link_goes_around_the_layers_that_it_passes() -> None:
    def node(name: str, *inputs: str) -> NodeFigures:
        return NodeFigures(name, "add", "", "", inputs, (2,), 4, 0, True, -8, 7, "")

    chain = [node("a"), node("b", "a"), node("c", "b")]
    drawn = network([*chain, node("sum", "c", "a")], ())
    assert drawn.count('class="edge"') == 4
    assert drawn.count(" H") == network([*chain, node("sum", "c")], ()).count(" H") + 2
    # One inside another, and one behind both: the first two side by side, the third at the side.
    nested = [*chain, node("near", "c", "b"), node("far", "near", "a"), node("d", "far")]
    text = network([*nested, node("last", "d", "near")], ())
    inner, outer, third = (float(at) for at in re.findall(r"v7 H([\d.]+) V", text))
    assert outer > inner
    assert third in (inner, outer)
    assert float(re.findall(r'width="([\d.]+)"', text)[0]) > outer


def test_rates_and_times_are_said_in_fitting_units() -> None:
    assert rate_text(2.5) == "2.5 million samples a second"
    assert rate_text(0.0637755) == "63,776 samples a second"
    assert (time_text(9999.0), time_text(29_660.0)) == ("9999 ns", "29.66 us")


def test_drawings_hold_at_the_edges() -> None:
    Page(waterfall([StageFigures("a", "", 0, 0, 0, 0, 0, 0, 0)], 0, 5.0))
    Page(histogram(Histogram(0, 1, 3, (7,))))
    Page(histogram(Histogram(-1, 2, 0, (1, 1))))


def test_a_folder_without_a_report_is_refused(built: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder that hwgen built"):
        report(tmp_path)
    told = json.loads((built / "report.json").read_text("utf-8"))
    (built / "report.json").write_text(json.dumps({**told, "network": []}))
    with pytest.raises(ConfigError, match="lists no network"):
        report(built)


def test_the_badge_keeps_the_best_run_of_one_rtl(built: Path) -> None:
    record(built, "sim", {**SIM, "samples": 5000})
    record(built, "sim", SIM)  # a shorter one says less
    assert read_sheet(built).results["sim"]["samples"] == 5000
    record(built, "sim", {**SIM, "mismatches": 2})  # a fault says more
    assert read_sheet(built).results["sim"]["mismatches"] == 2
    record(built, "sim", {**SIM, "samples": 6000})
    assert read_sheet(built).results["sim"]["samples"] == 6000


def test_the_tiles_say_modelled_until_it_is_synthesised(built: Path) -> None:
    before = " ".join(page_of(built).words)
    assert "LUT modelled" in before
    assert "Fmax modelled" in before
    total = {"lut": 1234, "ff": 567, "dsp": 0, "bram": 0}
    synth = {"tool": "Yosys X", "total": total, "stages": {}, "route": {"fmax_mhz": 123.5}}
    record(built, "synth", synth)
    after = " ".join(page_of(built).words)
    assert "LUT synthesised" in after
    assert "Fmax placed and routed" in after
    assert "Fmax modelled" not in after
