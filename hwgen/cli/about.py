# SPDX-License-Identifier: Apache-2.0
"""The verbs that tell about hwgen itself: what it knows, has and reaches."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hwgen.cli.common import Arguments, Verbs, progress


def _boards(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.target.board import boards

    found = boards()
    rows = [
        {
            "name": b.name, "title": b.title, "part": b.part, "family": b.family.name,
            "default_mhz": b.default_mhz, "max_mhz": b.max_mhz, **asdict(b.budget),
        }
        for b in found
    ]  # fmt: skip
    lines = [
        f"{r['name']:<16} {r['lut']:>9,} LUT  {r['default_mhz']:g} MHz (max {r['max_mhz']:g})  "
        f"{r['title']}"
        for r in rows
    ]
    return {"boards": rows, "text": "\n".join(lines)}


def _ops(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.frontends.qkeras.convert import supported_layers
    from hwgen.frontends.qkeras.quantizers_read import PARAMETERS
    from hwgen.ops import OPS

    layers = supported_layers()
    quantizers = sorted(PARAMETERS)
    ops = [{"kind": k, "what": (OPS[k].__doc__ or "").splitlines()[0]} for k in sorted(OPS)]
    text = "\n".join(
        [
            "Keras and QKeras layers:",
            *(f"  {name}" for name in layers),
            "quantizers:",
            *(f"  {name}" for name in quantizers),
            "integer operations:",
            *(f"  {o['kind']:<14} {o['what']}" for o in ops),
        ]
    )
    return {"layers": layers, "quantizers": quantizers, "ops": ops, "text": text}


def _doctor(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.doctor import doctor

    rows = [asdict(check) for check in doctor()]
    words = {True: "found  ", False: "missing"}
    wide, high = (max(len(r[key]) for r in rows) for key in ("name", "version"))
    lines = [
        f"{words[r['found']]} {r['name']:<{wide}} {r['version']:<{high}} {r['enables']}"
        for r in rows
    ]
    return {"checks": rows, "text": "\n".join(lines)}


def _demo(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.api.demo import run_demo

    return run_demo(Path(args.out), args.samples, progress(args))


def _bench(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.api.bench import run_bench

    return run_bench(progress(args))


VERBS: Verbs = {
    "boards": (_boards, "list the boards"),
    "ops": (_ops, "list the supported layers, quantizers and operations"),
    "doctor": (_doctor, "list the tools found and what they enable"),
    "demo": (_demo, "build, simulate and verify the jet tagger"),
    "bench": (_bench, "measure speed side by side with hls4ml"),
}

# fmt: off
ARGUMENTS: Arguments = (
    ("demo", "--samples", {"type": int, "default": 2000, "help": "random samples, besides the "
        "corners"}),
    ("demo", "-o --out", {"default": "out/demo", "metavar": "OUT"}),
)
# fmt: on
