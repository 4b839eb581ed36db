# SPDX-License-Identifier: Apache-2.0
"""Configuration file: ``config.toml``, written into every build and read by ``--config``.

It holds every setting of a build and the realisation of every layer with weights. Given back
unedited, with the same model, it makes the same bytes; an edited one changes what was edited. A
flag goes before the file, the file before the board, the board before the default.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from hwgen.design.source_list import SPDX
from hwgen.errors import ConfigError, suggest
from hwgen.files import npz_bytes
from hwgen.frontends.options import Options, settled
from hwgen.frontends.options import options as options_of
from hwgen.plan.goal import Goal
from hwgen.plan.mapping import BUILT, Realisation, mapping_of, read_mapping, rows_of
from hwgen.plan.planner import Planned

# The keys of the file: the settings of a build, by the names of the command line.
_TEXT = (
    *("name", "board", "clock", "register_clock", "axi_clock", "latency", "style", "interval"),
    "budget",
    *("masks", "scaler", "head", "outputs"),
)
_NUMBERS = ("effort", "seed", "register_links")
_FLAGS = ("best_effort", "hls")
_APART = ("masks", "scaler", "head", "outputs")
_RULES = ("format", "weight_format")
KEYS = (*_TEXT, *_NUMBERS, *_FLAGS, "input_format", *_RULES, "layers")
_HEAD = f"""\
# {SPDX}
# Settings of this build. Edit them, or the realisation of a layer, and build again:
#   hwgen build MODEL --config config.toml -o OUT
# A layer can be {", ".join(BUILT[:-1])} or {BUILT[-1]}; one that is not named is what costs less.
"""
_REGISTERS = """\
# Registers are placed for a faster clock, because wires take the rest. Delete this line when you
# edit another one, and it is found anew.
"""


@dataclass(frozen=True)
class Config:
    """Content of a configuration file.

    Attributes:
        settings: name, board, clock, axi_clock, latency, style, interval, budget, effort, seed,
            register_links, best_effort, hls, as the command line takes them; and register_clock.
        input_format: number formats of the inputs, as ``--input-format`` takes them.
        masks: file with pruning masks.
        scaler: file with the training scaler.
        mapping: how layers are realised.
        format, weight_format: number formats by layer or pattern, as ``--format`` takes them.
        head, outputs: as the command line takes them.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    input_format: str | Mapping[str, str] | None = None
    masks: Path | None = None
    scaler: Path | None = None
    mapping: Mapping[str, Realisation] = field(default_factory=dict)
    format: Mapping[str, str] = field(default_factory=dict)
    weight_format: Mapping[str, str] = field(default_factory=dict)
    head: str | None = None
    outputs: str | None = None


def read_config(path: Path) -> Config:
    """Read a configuration file.

    Raises:
        ConfigError: it is missing or no TOML, or it has an unknown key or a value of another type.
    """
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # damaged TOML and damaged text are ValueErrors
        reason = error.strerror if isinstance(error, OSError) else error
        hint = "give the config.toml of a build, or a file like it"
        raise ConfigError(f"{path} cannot be read ({reason})", "--config", hint) from error
    where = path.name
    for key, value in found.items():
        if key not in KEYS:
            meant = suggest(key, KEYS)
            raise ConfigError(
                f"unknown key {key!r}", where, f"{meant}the keys are {', '.join(KEYS)}"
            )
        if key == "interval" and type(value) in (int, float):
            continue
        if key in _TEXT and not isinstance(value, str):
            raise ConfigError(f"{key} is text, not {value!r}", where, f'write {key} = "..."')
        if key in _NUMBERS and type(value) is not int:
            raise ConfigError(f"{key} is a whole number, not {value!r}", where, f"write {key} = 1")
        if key in _FLAGS and type(value) is not bool:
            raise ConfigError(
                f"{key} is true or false, not {value!r}", where, f"write {key} = true"
            )
    form = found.get("input_format")
    if form is not None and not isinstance(form, str) and not _texts(form):
        hint = 'write input_format = "s8.4", or a table by input name'
        raise ConfigError(f"input_format is text, not {form!r}", where, hint)
    for key in _RULES:
        if key in found and not _texts(found[key]):
            hint = f'write [{key}] and below it LAYER = "s16.9", a line a layer'
            raise ConfigError(f"{key} is a table, not {found[key]!r}", where, hint)
    folder = path.parent
    return Config(
        {
            key: found[key]
            for key in found
            if key in (*_TEXT, *_NUMBERS, *_FLAGS) and key not in _APART
        },
        form,
        folder / found["masks"] if "masks" in found else None,
        folder / found["scaler"] if "scaler" in found else None,
        read_mapping(found.get("layers", {})),
        found.get("format", {}),
        found.get("weight_format", {}),
        found.get("head"),
        found.get("outputs"),
    )


def _texts(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(text, str) for text in value.values())


def with_config(options: Options, config: Config) -> Options:
    """Return options of the front end; what they lack comes from a configuration file.

    Raises:
        ConfigError: a format is none, or the masks or the scaler cannot be read.
    """
    stored = options_of(
        None if options.input_formats else config.input_format,
        None if options.masks else config.masks,
        None if options.scaler else config.scaler,
        {} if options.formats else config.format,
        {} if options.weight_formats else config.weight_format,
    )
    stored = settled(stored, head=config.head, outputs=config.outputs)
    return replace(
        options,
        input_formats=options.input_formats or stored.input_formats,
        masks=options.masks or stored.masks,
        scaler=options.scaler or stored.scaler,
        formats=options.formats or stored.formats,
        weight_formats=options.weight_formats or stored.weight_formats,
        head=options.head or stored.head,
        outputs=options.outputs or stored.outputs,
    )


def config_files(
    settings: Mapping[str, Any],
    goal: Goal,
    options: Options,
    made: Planned,
) -> dict[str, bytes]:
    """Return ``config.toml`` of a build, and the masks and the scaler that it names.

    Args:
        settings: name, board and style; best_effort and hls where they were asked for.
        goal: clock, latency cap, pace, effort and seed.
        options: number formats, masks, scaler.
        made: the design, and the clock that its registers were placed for.
    """
    rows: dict[str, Any] = {**settings, "clock": _quantity(goal.clock_mhz, "MHz")}
    if goal.max_latency_ns is not None:
        rows["latency"] = _quantity(goal.max_latency_ns, "ns")
    style = settings["style"]
    if style == "stream" or (style == "serial" and goal.pace.interval != 1):
        rows["interval"] = goal.pace.text
    if goal.pace.budget:
        rows["budget"] = ", ".join(condition.text for condition in goal.pace.budget)
    rows |= {"effort": goal.effort, "seed": goal.seed}
    if goal.register_links:
        rows["register_links"] = goal.register_links
    if goal.axi_mhz is not None:
        rows["axi_clock"] = _quantity(goal.axi_mhz, "MHz")
    files: dict[str, bytes] = {}
    formats = {name: str(fixed) for name, fixed in options.input_formats.items()}
    if formats:
        rows["input_format"] = ",".join(f"{n}={t}" if n else t for n, t in formats.items())
    if options.head:
        rows["head"] = options.head
    if options.outputs:
        rows["outputs"] = ",".join(options.outputs)
    if options.masks:
        rows["masks"] = "model/masks.npz"
        files[rows["masks"]] = npz_bytes({k: np.asarray(v) for k, v in options.masks.items()})
    if options.scaler:
        rows["scaler"] = "model/scaler.npz"
        mean, std = (np.asarray(v, np.float64) for v in options.scaler)
        files[rows["scaler"]] = npz_bytes({"mean": mean, "std": std})
    lines = [f"{key} = {_toml(value)}" for key, value in rows.items()]
    if made.register_mhz != goal.clock_mhz:
        placed = _quantity(made.register_mhz, "MHz")
        lines += ["", f"{_REGISTERS}register_clock = {_toml(placed)}"]
    for key, given in zip(_RULES, (options.formats, options.weight_formats), strict=True):
        if given:
            lines += [
                "",
                f"[{key}]",
                *(f"{_toml_key(n)} = {_toml(str(f))}" for n, f in given.items()),
            ]
    for layer, chosen in mapping_of(made.design).items():
        lines += ["", f"[layers.{_toml_key(layer)}]"]
        lines += [f"{key} = {_toml(value)}" for key, value in rows_of(chosen)]
    return {"config.toml": (_HEAD + "\n" + "\n".join(lines) + "\n").encode(), **files}


def _quantity(value: float, unit: str) -> str:
    """Return a number with its unit, short where that says it exactly."""
    short = f"{value:g}"
    return f"{short if float(short) == value else repr(value)}{unit}"


def _toml(value: str | int) -> str:
    return json.dumps(value, ensure_ascii=False)


def _toml_key(name: str) -> str:
    bare = name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
    return name if bare else _toml(name)
