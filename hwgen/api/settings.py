# SPDX-License-Identifier: Apache-2.0
"""Settings of a build or an estimate, as a user writes them, checked by name and by type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, TypeVar

from hwgen.api.config import Config, read_config, with_config
from hwgen.api.load import from_keras, headed, load
from hwgen.errors import ConfigError, suggest
from hwgen.frontends.heads import with_outputs
from hwgen.frontends.options import Options, settled
from hwgen.ir.graph import Graph
from hwgen.plan.goal import Goal, check_register_links, clock_on, goal_for, parse_clock
from hwgen.plan.mapping import Realisation, of_style
from hwgen.plan.pace import pace_of
from hwgen.plan.planner import Planned, planned
from hwgen.target.board import Board, load_board

T = TypeVar("T")
_FORMATS = ("input_format", "formats", "weight_formats", "head", "outputs")
_UNITS = {
    "clock": "200MHz or 5ns",
    "axi_clock": "100MHz or 10ns",
    "latency": "100ns or 20cycles",
    "rate": "40MHz or 5000/s",
    "register_clock": "210MHz or 4.8ns",
}
_SEARCH = {
    "interval",
    "rate",
    "fps",
    "budget",
    "clock",
    "latency",
    "style",
    "effort",
    "seed",
    "mapping",
    "register_links",
}


@dataclass(frozen=True)
class Ask:
    """Model and the settings that it is built or estimated with.

    Attributes:
        model: file, or a graph that is loaded already.
        board: name or file.
        weights: weights file of an architecture in JSON.
        clock, latency, effort, seed: as `hwgen.plan.goal.goal_for` takes them; *seed* is of the
            random test vectors, too.
        style: as `hwgen.plan.mapping.of_style` takes it.
        options: input formats, masks, scaler.
        graph: of the model, where it is loaded already.
        name: of the design; the model's name if None.
        mapping: how layers shall be realised, before the style and before prices.
        best_effort: build a design that misses its clock all the same.
        hls: write HLS C++ beside the Verilog.
        interval, rate, fps, budget: as `hwgen.plan.pace.pace_of` takes them.
        register_links: registers on every link between layers.
        register_clock: clock that registers are placed for, as a build's own file says it.
        data: samples as the model takes them, on which the deviation from it is measured.
        axi_clock: of the AXI ports, where it is not the core's.
    """

    model: Path | str | Graph
    board: str
    weights: Path | str | None = None
    clock: str | None = None
    latency: str | None = None
    style: str = "auto"
    effort: int = 1
    seed: int = 1
    options: Options | None = None
    graph: Graph | None = None
    name: str | None = None
    mapping: Mapping[str, Realisation] = field(default_factory=dict)
    best_effort: bool = False
    hls: bool = False
    interval: str | int | None = None
    rate: str | None = None
    fps: str | float | None = None
    budget: str | None = None
    register_clock: str | None = None
    register_links: int = 0
    data: Any = None
    axi_clock: str | None = None

    @classmethod
    def of(cls, model: Any, board: Any, given: Mapping[str, Any]) -> Ask:
        """Return what keyword arguments ask for.

        Args:
            model: as `model` above.
            board: name or file; None where the configuration file names it.
            given: any of the other settings by name; ``input_format``: ``s8.4`` for every input,
                or a table by input name; ``formats`` and ``weight_formats``: a table by layer or
                pattern, ``{"bn*": "s16.9"}``, or lists such as ``["bn*=s16.9"]``; ``head``:
                ``logits``, ``argmax`` or ``softmax``; ``outputs``: names to build; ``config``: a
                configuration file, whose settings hold where no other is given. None is as good as
                not given.

        Raises:
            ConfigError: an unknown name, or a value of a wrong type or without a unit.
        """
        known = [f.name for f in fields(cls) if f.name not in ("model", "board", "graph")]
        check_names(given, [*known, *_FORMATS, "config"])
        settings = {key: value for key, value in given.items() if value is not None}
        _check_type("config", settings.get("config", ""), (str, Path), "a file")
        file = settings.pop("config", None)
        config = read_config(Path(file)) if file else Config()
        kept = _unpaced(config.settings, settings)
        if board is not None or _SEARCH & settings.keys():
            kept.pop("register_clock", None)  # it belongs to the settings of the same file
        settings = {**kept, **settings}
        stored = settings.pop("board", None)
        board = stored if board is None else board
        if board is None:
            raise ConfigError(
                "no board is named",
                "--board",
                "give -b BOARD, or --config with a file that names one; hwgen boards lists them",
            )
        keras = hasattr(model, "get_config") and hasattr(model, "save")
        if not keras and not isinstance(model, str | Path | Graph):
            raise ConfigError(
                f"a model is expected, not {_kind(model)}",
                "model",
                "give a Keras model, the path of a .h5, .keras or .json file, or what hwgen.load "
                "returns",
            )
        for key in _UNITS:
            _check_quantity(key, settings.get(key))
        for key in ("best_effort", "hls"):
            if not isinstance(settings.get(key, False), bool):
                said = f"{key} is True or False, not {_kind(settings[key])}"
                raise ConfigError(said, key, f"write {key}=True, or leave it out")
        for key in ("effort", "seed", "register_links"):
            _check_type(key, settings.get(key, 1), int, "a whole number")
        for key, value in (("board", board), ("style", settings.get("style", "auto"))):
            _check_type(key, value, str, "a name")
        for key, kind, words in (
            ("interval", (str, int), "a number of cycles, or 'auto'"),
            ("fps", (str, int, float), "a number of samples a second"),
            ("budget", str, "such as 'lut<2000, ff<5000'"),
            ("name", str, "a name"), ("weights", (str, Path), "a file"),
            ("options", Options, "what hwgen.frontends.options.options returns"),
            ("input_format", (str, Mapping), "such as 's8.4', or a table by input name"),
            ("formats", (Mapping, list, tuple), "a table of formats by layer, {'bn*': 's16.9'}"),
            ("weight_formats", (Mapping, list, tuple), "a table of formats by layer"),
            ("head", str, "logits, argmax or softmax"),
            ("outputs", (str, list, tuple), "a list of names"),
            ("mapping", Mapping, "a table of realisations by layer"),
        ):  # fmt: skip
            if key in settings:
                _check_type(key, settings[key], kind, words)
        chosen = [settings.pop(key, None) for key in _FORMATS]
        options = with_config(settled(settings.pop("options", None), *chosen), config)
        made = from_keras(model, options) if keras else None
        mapping = {**config.mapping, **settings.pop("mapping", {})}
        return cls(made or model, board, options=options, graph=made, mapping=mapping, **settings)

    def load(self) -> Graph:
        """Return the model's graph, passes done."""
        if self.graph is not None:
            return self.graph
        if isinstance(self.model, Graph):
            options = self.options or Options()
            return headed(with_outputs(self.model, options.outputs), options)
        return load(self.model, self.weights, self.options)

    def target(self) -> tuple[Board, Goal]:
        """Return the board and the goal."""
        board = load_board(self.board)
        of_style(self.style)
        goal = goal_for(board, self.clock, self.latency, self.effort, self.seed)
        pace = pace_of(goal.clock_mhz, self.interval, self.rate, self.fps, self.budget)
        if self.style != "auto":
            pace = pace.of_style(self.style)
        check_register_links(self.register_links)
        axi = None if self.axi_clock is None else clock_on(board, self.axi_clock, "--axi-clock")
        wires = self.register_links
        goal = replace(goal, style=self.style, pace=pace, register_links=wires)
        return board, replace(goal, axi_mhz=axi)

    def planned(self, graph: Graph, board: Board, goal: Goal, name: str) -> Planned:
        """Return the design that is asked for."""
        mhz = None if self.register_clock is None else parse_clock(self.register_clock)
        return planned(graph, board, goal, name, self.realisations(), mhz)

    def realisations(self) -> dict[str, Realisation]:
        """Return how layers shall be realised: what was chosen, before what the style fills in."""
        return {**of_style(self.style), **self.mapping}


_PACES = ("interval", "rate", "fps")  # of which one is given


def _unpaced(stored: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return stored settings without the interval, where another pace is given."""
    paced = any(key in given for key in _PACES)
    return {key: value for key, value in stored.items() if not (paced and key in _PACES)}


def check_names(given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse an argument that does not exist.

    Raises:
        ConfigError: with the nearest name that does.
    """
    names = list(known)
    for key in given:
        if key not in names:
            meant = suggest(key, names)
            raise ConfigError(
                f"there is no setting {key!r}", key, f"{meant}the settings are {', '.join(names)}"
            )


def from_names(kind: type[T], given: Mapping[str, Any]) -> T:
    """Return the settings dataclass of keyword arguments.

    Raises:
        ConfigError: a name that it does not have.
    """
    check_names(given, [f.name for f in fields(kind)])  # type: ignore[arg-type]
    return kind(**given)


def _kind(value: Any) -> str:
    return "None" if value is None else f"{type(value).__name__} {value!r}"[:60]


def _check_type(key: str, value: Any, kind: Any, words: str) -> None:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ConfigError(f"{key} is {words}, not {_kind(value)}", key, f"write {key}={words!r}")


def _check_quantity(key: str, value: Any) -> None:
    if value is None or isinstance(value, str):
        return
    units = _UNITS[key]
    if isinstance(value, int | float) and not isinstance(value, bool):
        first = units.split()[0].lstrip("0123456789")
        hint = f"write {key}='{value:g}{first}'"
        raise ConfigError(f"{key} {value:g} has no unit", key, hint)
    raise ConfigError(f"{key} is text with a unit, not {_kind(value)}", key, f"such as {units}")
