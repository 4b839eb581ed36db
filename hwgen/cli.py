# SPDX-License-Identifier: Apache-2.0
"""The command line: verbs over the public functions. The only place that prints and exits."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

from hwgen import __version__
from hwgen.errors import ConfigError, HwgenError

Verb = Callable[[argparse.Namespace], dict[str, Any]]


def main(argv: Sequence[str] | None = None) -> None:
    """Run one verb and exit with 0, or with the error family's code (1 is a bug)."""
    try:
        # A file name may hold bytes that are no text.
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        code = run(argv)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader left, as in `hwgen show MODEL | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    sys.exit(code)


def run(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code."""
    words = [*(sys.argv[1:] if argv is None else argv)]
    told = _Teller(words)
    try:
        args = _parse(words)
        if args is None:
            return 0
        if args.verbose:
            logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
        # What TensorFlow and its kin print is no result.
        with contextlib.redirect_stdout(sys.stderr):
            result = VERBS[args.verb][0](args)
    except HwgenError as error:
        return told.failure(error.as_dict(), str(error), error.exit_code)
    except KeyboardInterrupt:
        return told.failure({"error": "Interrupted", "what": "interrupted"}, "interrupted", 130)
    except Exception as error:  # the last resort: one line for people, one object for scripts
        what = f"{type(error).__name__}: {error}"
        hint = "this is a bug in hwgen; please report it with what -v prints"
        facts = {"error": "Bug", "what": what, "where": "", "hint": hint}
        return told.failure(facts, f"{what}\n  hint: {hint}", 1)
    failure = result.pop("failure", None)  # of a verb that has figures to tell all the same
    if failure is not None:
        facts = {**failure.as_dict(), **{k: v for k, v in result.items() if k != "text"}}
        return told.failure(facts, str(failure), failure.exit_code)
    text = result.pop("text", "")
    if args.json:
        print(json.dumps({"ok": True, **result}))
    elif text:
        print(text)
    return 0


class _Teller:
    """Says what went wrong: to people on standard error, to scripts on standard output."""

    def __init__(self, words: Sequence[str]) -> None:
        self.json = "--json" in words
        self.verbose = "-v" in words or "--verbose" in words
        self.verb = words[0] if words and words[0] in VERBS else ""

    def failure(self, facts: Mapping[str, Any], text: str, code: int) -> int:
        """Tell it, and return the exit code."""
        if self.verbose:
            traceback.print_exc()
        if self.json:
            print(json.dumps({"ok": False, **facts, "exit_code": code}))
        print(f"hwgen {self.verb}".rstrip() + f": {text}", file=sys.stderr)
        return code


# -------------------------------------------------------------------- verbs


def _load(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import project

    graph = project.load(args.model, args.weights, _options(args))
    count = len(graph.nodes)
    made: dict[str, Any] = {"graph": graph.name, "nodes": count, "notes": list(graph.notes)}
    lines = [f"{graph.name}: {count} nodes", *_notes(graph.notes)]
    if args.out:
        project.write_bundle(graph, Path(args.out))
        made["out"] = args.out
        lines.append(f"written: {args.out} and {Path(args.out).with_suffix('.npz').name}")
    return made | {"text": "\n".join(lines)}


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

    verdict = proofs.compare(
        Path(args.out), against=args.against, samples=args.samples,
        data=args.data and Path(args.data), seed=args.seed, say=_progress(args),
    )  # fmt: skip
    return {**verdict.figures(), "text": verdict.text, "failure": verdict.error()}


def _predict(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen import opened

    return opened.predict_file(Path(args.out), Path(args.data), Path(args.to), args.apply_scaler)


def _boards(args: argparse.Namespace) -> dict[str, Any]:
    from hwgen.plan.board import boards

    found = boards()
    rows = [
        {
            "name": b.name, "title": b.title, "part": b.part, "family": b.family.name,
            "default_mhz": b.default_mhz, "max_mhz": b.max_mhz, **asdict(b.budget),
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
    from hwgen.frontends.quantizers_read import PARAMETERS
    from hwgen.ops import OPS

    layers = sorted(["InputLayer", *HANDLERS])
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
    lines = [f"{words[r['found']]} {r['name']:<12} {r['version']:<12} {r['enables']}" for r in rows]
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


VERBS: dict[str, tuple[Verb, str]] = {
    "load": (_load, "read a model and write it as a bundle"),
    "show": (_show, "print the integer graph of a model, one line a node"),
    "build": (_build, "build the IP core of a model"),
    "sim": (_sim, "simulate a built design against the integer reference"),
    "verify": (_verify, "compare the reference with the model's own float32 forward pass"),
    "predict": (_predict, "run the integer reference on a .npy file"),
    "estimate": (_estimate, "print latency and resources without writing a design"),
    "boards": (_boards, "list the boards"),
    "ops": (_ops, "list the supported layers, quantizers and operations"),
    "doctor": (_doctor, "list the tools found and what they enable"),
    "demo": (_demo, "build, simulate and verify the jet tagger"),
    "bench": (_bench, "measure speed side by side with hls4ml"),
}
EPILOG = """example:
  hwgen build jet.h5 -b vcu118 --latency 100ns -o out/jet
  hwgen sim out/jet

exit codes: 0 all is well, 2 configuration, 3 model, 4 does not fit, 5 tool, 6 verification,
1 a bug in hwgen. 'hwgen VERB --help' tells what a verb takes."""


class _Parser(argparse.ArgumentParser):
    """Arguments that are wrong end as every configuration error does."""

    def __init__(self, **settings: Any) -> None:
        # A script that says --lat today would mean another option tomorrow.
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        match = re.fullmatch(r"argument (\S+): (.*)", message, re.DOTALL)
        where, what = match.groups() if match else ("", message)
        raise ConfigError(what, where, f"{self.prog} --help tells what it takes")


def _parse(words: Sequence[str]) -> argparse.Namespace | None:
    """Return the arguments; None when help or the version was asked for and printed.

    Raises:
        ConfigError: they are wrong.
    """
    parser, verbs = _parser()
    verb = next((word for word in words if not word.startswith("-")), "")
    if verb and verb not in VERBS:
        hint = f"{_suggest(verb, VERBS)}the verbs are {', '.join(VERBS)}"
        raise ConfigError(f"there is no verb {verb!r}", "", hint)
    try:
        args, rest = parser.parse_known_args(words)
    except SystemExit:
        return None
    if args.verb is None:
        raise ConfigError("a verb is missing", "", f"the verbs are {', '.join(VERBS)}")
    if rest:
        options = re.findall(r"--[a-z-]+", verbs[args.verb].format_help())
        raise ConfigError(
            f"{' '.join(rest)} is not understood",
            "",
            f"{_suggest(rest[0], options)}hwgen {args.verb} --help tells what it takes",
        )
    return args


def _suggest(word: str, known: Iterable[str]) -> str:
    near = get_close_matches(word, list(known), n=1)
    if word in near:
        return "options go behind the verb; "
    return f"did you mean {near[0]}? " if near else ""


# fmt: off
_MODEL, _BUILD, _RUN = "load show build estimate", "build estimate", "sim verify"
_ARGUMENTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (_MODEL, "model", {"metavar": "MODEL", "help": ".h5, .keras, .json, or a hwgen bundle"}),
    (_MODEL, "--weights", {"metavar": "FILE.h5", "help": "weights of an architecture .json"}),
    (_MODEL, "--input-format", {"metavar": "s8.4", "help": "format of an input that has no "
        "quantizer: s or u (signed or not), bits in all, fraction bits; name=s8.4,other=u8.0 for "
        "several inputs"}),
    (_MODEL, "--masks", {"metavar": "FILE.npz", "help": "pruning masks by layer; 1 keeps"}),
    (_MODEL, "--scaler", {"metavar": "FILE.npz", "help": "training scaler (mean, std) to ship"}),
    ("load", "-o --out", {"metavar": "NAME.json", "help": "write the bundle, with its NAME.npz"}),
    (_BUILD, "-b --board", {"required": True, "help": "a name from 'hwgen boards', or a .toml"}),
    (_BUILD, "--clock", {"metavar": "200MHz", "help": "or a period, 5ns; default: the board's"}),
    (_BUILD, "--latency", {"metavar": "100ns", "help": "the most allowed, or such as 20cycles"}),
    (_BUILD, "--style", {"default": "parallel", "choices": ("parallel", "stream")}),
    ("build", "-o --out", {"required": True, "metavar": "OUT", "help": "folder to write"}),
    ("build", "--name", {"help": "name of the design; default: the model file's"}),
    ("sim verify predict", "out", {"metavar": "OUT", "help": "a folder that 'hwgen build' wrote"}),
    ("sim", "--samples", {"type": int, "default": 1000}),
    ("verify", "--samples", {"type": int, "default": 10000}),
    ("demo", "--samples", {"type": int, "default": 2000}),
    (_RUN, "--data", {"metavar": "x.npy", "help": "samples to add, as floats (rounded to the "
        "input's grid); .npz for several inputs"}),
    (f"build {_RUN}", "--seed", {"type": int, "default": 1}),
    ("sim", "--simulator", {"default": "verilator", "choices": ("verilator", "icarus")}),
    ("sim", "--waves", {"action": "store_true", "help": "write a waveform"}),
    ("sim", "--only", {"type": int, "metavar": "INDEX", "help": "replay one sample"}),
    ("verify", "--against", {"default": "qkeras", "choices": ("qkeras",)}),
    ("predict", "data", {"metavar": "x.npy", "help": "floats; .npz for several inputs"}),
    ("predict", "-o --to", {"required": True, "metavar": "y.npy", "help": "file to write; .npz "
        "for several outputs"}),
    ("predict", "--apply-scaler", {"action": "store_true", "help": "x is raw: apply the shipped "
        "training scaler first"}),
    ("demo", "-o --out", {"default": "out/demo", "metavar": "OUT"}),
    ("*", "--json", {"action": "store_true", "help": "print one JSON object"}),
    ("*", "-q --quiet", {"action": "store_true", "help": "no progress lines"}),
    ("*", "-v --verbose", {"action": "store_true", "help": "log; traceback on errors"}),
)
_HELP = {"--samples": "random samples, besides the corners", "--seed": "of the random samples"}
# fmt: on


def _parser() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(
        prog="hwgen",
        description="From a quantized and pruned QKeras model to a verified FPGA IP core.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hwgen {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", title="verbs")
    made = {}
    for name, (_, text) in VERBS.items():
        made[name] = verbs.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    for users, names, settings in _ARGUMENTS:
        about = settings.get("help", _HELP.get(names, ""))
        if "default" in settings:
            about = f"{about}; default: %(default)s".removeprefix("; ")
        for name in VERBS if users == "*" else users.split():
            made[name].add_argument(*names.split(), **{**settings, "help": about})
    return parser, made


if __name__ == "__main__":
    main()
