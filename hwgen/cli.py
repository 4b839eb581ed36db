# SPDX-License-Identifier: Apache-2.0
"""The command line: verbs over the public functions. The only place that prints and exits."""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from hwgen import __version__
from hwgen.errors import ConfigError, HwgenError

Verb = Callable[[argparse.Namespace], dict[str, Any]]


def main(argv: Sequence[str] | None = None) -> None:
    """Run one verb and exit with 0, or with the error family's code (1 is a bug)."""
    sys.exit(run(argv))


def run(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    parser = _parser()
    args = parser.parse_args(argv)
    if args.verb is None:
        parser.print_help()
        return 2
    logging.basicConfig(level=logging.INFO if args.verbose else logging.WARNING, stream=sys.stderr)
    try:
        result = VERBS[args.verb][0](args)
    except HwgenError as error:
        if args.json:
            print(json.dumps({"ok": False, **error.as_dict(), "exit_code": error.exit_code}))
        print(f"hwgen {args.verb}: {error}", file=sys.stderr)
        if args.verbose:
            raise
        return error.exit_code
    except KeyboardInterrupt:
        print(f"hwgen {args.verb}: interrupted", file=sys.stderr)
        return 130
    text = result.pop("text", "")
    if args.json:
        print(json.dumps({"ok": True, **result}))
    elif text:
        print(text)
    return int(result.get("exit_code", 0))


# -------------------------------------------------------------------- verbs


def _load(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import project

    graph = project.load(args.model, args.weights, _options(args))
    made = {"graph": graph.name, "nodes": len(graph.nodes), "notes": list(graph.notes)}
    lines = [f"{graph.name}: {len(graph.nodes)} nodes", *_notes(graph.notes)]
    if args.out:
        project.write_bundle(graph, Path(args.out))
        lines.append(f"written: {args.out} and {Path(args.out).with_suffix('.npz').name}")
    return {**made, "text": "\n".join(lines)}


def _show(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import project

    graph = project.load(args.model, args.weights, _options(args))
    return {
        "graph": graph.name,
        "nodes": list(graph.lines()),
        "notes": list(graph.notes),
        "text": "\n".join([graph.show(), *_notes(graph.notes)]),
    }


def _build(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import project

    made = project.build(
        args.model, args.out, board=args.board, weights=args.weights, clock=args.clock,
        latency=args.latency, style=args.style, options=_options(args), name=args.name,
        seed=args.seed, say=_progress(args),
    )  # fmt: skip
    text = "\n".join([made.files["report.txt"].decode().rstrip(), *_notes(made.graph.notes)])
    return {**made.facts, "out": str(args.out), "text": text}


def _estimate(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import project

    facts, text = project.estimate(
        args.model, board=args.board, weights=args.weights, clock=args.clock,
        latency=args.latency, style=args.style, options=_options(args),
    )  # fmt: skip
    return {**facts, "text": text}


def _sim(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import proofs

    return proofs.sim(
        Path(args.out), samples=args.samples, data=args.data and Path(args.data),
        simulator=args.simulator, waves=args.waves, seed=args.seed, only=args.only,
        say=_progress(args),
    )  # fmt: skip


def _verify(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import proofs

    return proofs.verify(
        Path(args.out), against=args.against, samples=args.samples,
        data=args.data and Path(args.data), seed=args.seed, say=_progress(args),
    )  # fmt: skip


def _predict(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import opened

    return opened.predict_file(Path(args.out), Path(args.data), Path(args.to), args.apply_scaler)


def _boards(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.plan.board import boards

    found = boards()
    rows = [
        {
            "name": b.name, "title": b.title, "part": b.part, "family": b.family.name,
            "default_mhz": b.default_mhz, "max_mhz": b.max_mhz, "lut": b.budget.lut,
            "ff": b.budget.ff, "dsp": b.budget.dsp, "bram": b.budget.bram,
        }
        for b in found
    ]  # fmt: skip
    lines = [
        f"{r['name']:<14} {r['lut']:>9,} LUT  {r['default_mhz']:g} MHz (max {r['max_mhz']:g})  "
        f"{r['title']}"
        for r in rows
    ]
    return {"boards": rows, "text": "\n".join(lines)}


def _ops(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.frontends import layers_linear, layers_shape  # noqa: F401 - they enter the handlers
    from hwgen.frontends.qkeras import HANDLERS
    from hwgen.frontends.quantizers import KINDS
    from hwgen.ops import OPS

    layers = sorted(["InputLayer", *HANDLERS])
    quantizers = sorted(KINDS)
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

    checks = doctor()
    rows = [
        {"name": c.name, "found": c.found, "version": c.version, "enables": c.enables} for c in checks
    ]
    lines = [
        f"{'found  ' if c.found else 'missing'} {c.name:<12} {c.version:<12} {c.enables}" for c in checks
    ]
    return {"checks": rows, "text": "\n".join(lines)}


def _demo(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.demo import run_demo

    return run_demo(Path(args.out), args.samples, _progress(args))


def _bench(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.benchmark import run_bench

    return run_bench(_progress(args))


# -------------------------------------------------------------------- helpers


def _options(args: argparse.Namespace) -> Any:
    from hwgen import project

    return project.options(
        args.input_format,
        Path(args.masks) if args.masks else None,
        Path(args.scaler) if args.scaler else None,
    )


def _notes(notes: Sequence[str]) -> list[str]:
    return [f"note: {note}" for note in notes]


def _progress(args: argparse.Namespace) -> Callable[[str, str], None]:
    """Return a reporter: one line a stage on standard error, with its headline and its time."""
    last = time.perf_counter()

    def say(stage: str, headline: str) -> None:
        nonlocal last
        now = time.perf_counter()
        if not args.quiet:
            print(f"{stage:<9} {headline}  {now - last:.1f} s", file=sys.stderr, flush=True)
        last = now

    return say


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("at least 1 is expected")
    return value


VERBS: dict[str, tuple[Verb, str]] = {
    "load": (_load, "read a model and write it as a bundle"),
    "show": (_show, "print the integer graph of a model, one line a node"),
    "build": (_build, "build the IP core of a model"),
    "sim": (_sim, "simulate a built design against the integer reference"),
    "verify": (_verify, "compare the integer reference with the model's own float32 forward pass"),
    "predict": (_predict, "run the integer reference on a .npy file"),
    "estimate": (_estimate, "print latency and resources without writing a design"),
    "boards": (_boards, "list the boards"),
    "ops": (_ops, "list the supported layers, quantizers and operations"),
    "doctor": (_doctor, "list the tools found and what they enable"),
    "demo": (_demo, "build, simulate and verify the jet tagger"),
    "bench": (_bench, "measure speed side by side with hls4ml"),
}


class _Parser(argparse.ArgumentParser):
    """Arguments that are wrong end as every configuration error does."""

    def error(self, message: str) -> Any:
        if "--json" in sys.argv:
            error = ConfigError(message, self.prog)
            print(json.dumps({"ok": False, **error.as_dict(), "exit_code": 2}))
        super().error(message)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="hwgen",
        description="From a quantized and pruned QKeras model to a verified FPGA IP core.",
        epilog="Exit codes: 0 well, 2 configuration, 3 model, 4 does not fit, 5 tool, 6 verification, "
        "1 a bug in hwgen.",
    )
    parser.add_argument("--version", action="version", version=f"hwgen {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    made = {}
    for name, (_, text) in VERBS.items():
        verb = made[name] = verbs.add_parser(name, help=text, description=text.capitalize() + ".")
        verb.add_argument("--json", action="store_true", help="print one JSON object")
        verb.add_argument("-q", "--quiet", action="store_true", help="no progress lines")
        verb.add_argument("-v", "--verbose", action="store_true", help="log, and a traceback on errors")
    for name in ("load", "show", "build", "estimate"):
        verb = made[name]
        verb.add_argument("model", help=".h5, .keras, architecture .json, or a hwgen bundle")
        verb.add_argument("--weights", metavar="FILE.h5", help="weights of an architecture .json")
        verb.add_argument(
            "--input-format", metavar="s8.4",
            help="format of the input without a quantizer: s or u, bits in all, fraction bits; "
            "name=s8.4,other=u8.0 for several",
        )  # fmt: skip
        verb.add_argument("--masks", metavar="FILE.npz", help="pruning masks by layer name")
        verb.add_argument("--scaler", metavar="FILE.npz", help="training scaler: mean and std")
    made["load"].add_argument("-o", "--out", metavar="NAME.json", help="write the bundle here")
    for name in ("build", "estimate"):
        verb = made[name]
        verb.add_argument("-b", "--board", required=True, help="a name from 'hwgen boards', or a .toml")
        verb.add_argument("--clock", help="200MHz, or a period such as 5ns; default: the board's")
        verb.add_argument("--latency", help="most that is allowed: 100ns, or 20cycles")
        verb.add_argument("--style", default="parallel", choices=("parallel", "stream"))
    made["build"].add_argument("-o", "--out", required=True, metavar="OUT", help="folder to write")
    made["build"].add_argument("--name", help="name of the design; default: the model file's")
    made["build"].add_argument("--seed", type=int, default=1, help="of the random vectors")
    for name in ("sim", "verify", "predict"):
        made[name].add_argument("out", help="a folder that 'hwgen build' wrote")
    for name, samples in (("sim", 1000), ("verify", 10000)):
        verb = made[name]
        verb.add_argument("--samples", type=_count, default=samples, help="random samples")
        verb.add_argument("--data", metavar="x.npy", help="samples to add, as floats on the input grid")
        verb.add_argument("--seed", type=int, default=1)
    made["sim"].add_argument("--simulator", default="verilator", choices=("verilator", "icarus"))
    made["sim"].add_argument("--waves", action="store_true", help="write a waveform")
    made["sim"].add_argument("--only", type=int, metavar="INDEX", help="replay one sample")
    made["verify"].add_argument("--against", default="qkeras", choices=("qkeras",))
    made["predict"].add_argument("data", metavar="x.npy")
    made["predict"].add_argument("-o", "--to", required=True, metavar="y.npy")
    made["predict"].add_argument(
        "--apply-scaler", action="store_true", help="x is raw: apply the bundle's training scaler"
    )
    made["demo"].add_argument("-o", "--out", default="out/demo")
    made["demo"].add_argument("--samples", type=_count, default=2000)
    return parser


if __name__ == "__main__":
    main()
