# SPDX-License-Identifier: Apache-2.0
"""Given formats: ``LAYER=s16.9``, a number format that the user names where the file has none.

A name with ``*``, ``?`` or ``[...]`` is a pattern. A plain name goes before every pattern, and a
later pattern before an earlier one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from hwgen.errors import ConfigError
from hwgen.ir.fixed import Fixed

MAX_WIDTH = 53  # bits of a number that is given its format: samples and weights come as floats
MAX_FRAC = 64
Rules = Mapping[str, Fixed]


def parse_fixed(text: str, option: str) -> Fixed:
    """Return a number format that the user wrote.

    Raises:
        ConfigError: it is none, or out of range.
    """
    try:
        fixed = Fixed.parse(text if len(text) <= 32 else f"{text[:32]}...")
    except ConfigError as error:
        raise ConfigError(error.what, option, error.hint) from error
    if fixed.width > MAX_WIDTH or abs(fixed.frac) > MAX_FRAC:
        raise ConfigError(
            f"{text} is out of range: {MAX_WIDTH} bits and {MAX_FRAC} fraction bits at most",
            option,
            "samples and weights come as floats, which hold no more",
        )
    return fixed


def parse_rules(given: Iterable[str] | Mapping[str, str], option: str) -> dict[str, Fixed]:
    """Return rules that the user wrote: ``LAYER=s16.9``, or a table by layer.

    Raises:
        ConfigError: with every text that is no rule.
    """
    pairs: list[tuple[str, str]] = []
    wrong: list[str] = []
    if isinstance(given, Mapping):
        pairs = [(str(name), str(text)) for name, text in given.items()]
    else:
        for part in (p for text in given for p in text.split(",")):
            name, _, text = part.rpartition("=")
            pairs.append((name.strip(), text.strip()))
    made: dict[str, Fixed] = {}
    for name, text in pairs:
        if not name:
            wrong.append(f"{text!r} names no layer")
            continue
        if name in made:
            wrong.append(f"two formats for {name}")
        try:
            made[name] = parse_fixed(text, option)
        except ConfigError as error:
            wrong.append(error.what)
    if wrong:
        hint = f"write {option} LAYER=s16.9 (signed, 16 bits in all, 9 of them fraction bits)"
        raise ConfigError("; ".join(wrong), option, f"{hint}, or '*=s16.9' for every layer")
    return made


def rule_of(rules: Rules, names: Sequence[str]) -> tuple[Fixed, bool] | None:
    """Return the format of a layer and whether it is named by itself, or None.

    Args:
        rules: formats by name or pattern.
        names: under which the layer goes: its name and the key of its weights.
    """
    for name in names:
        if name in rules:
            return rules[name], True
    found = [f for p, f in rules.items() if any(fnmatchcase(name, p) for name in names)]
    return (found[-1], False) if found else None


def check_rules(rules: Rules, layers: Sequence[str], option: str) -> None:
    """Refuse rules that meet no layer.

    Raises:
        ConfigError: with all of them, and the nearest names that exist.
    """
    idle = [name for name in rules if not any(_meets(name, layer) for layer in layers)]
    check_names(idle, layers, option, "layer")


def check_names(names: Iterable[str], known: Sequence[str], option: str, kind: str) -> None:
    """Refuse names of layers or outputs that a model does not have.

    Raises:
        ConfigError: with all of them, and the nearest names that exist.
    """
    wrong = [name for name in names if name not in known]
    if not wrong:
        return
    patterns = [name for name in wrong if any(sign in name for sign in "*?[")]
    plain = [name for name in wrong if name not in patterns]
    told = [f"the model has no {kind} {', '.join(map(repr, plain))}"] if plain else []
    if patterns:
        told.append(f"no {kind} of the model matches {', '.join(map(repr, patterns))}")
    near = [get_close_matches(name, known, n=1) for name in wrong]
    meant = [f"did you mean {found[0]}? " for found in near if found]
    raise ConfigError(
        "; ".join(told),
        option,
        f"{''.join(meant)}its {kind}s are {', '.join(list(dict.fromkeys(known))[:40])}",
    )


def _meets(rule: str, layer: str) -> bool:
    return rule == layer or fnmatchcase(layer, rule)
