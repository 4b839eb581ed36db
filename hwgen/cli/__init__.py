# SPDX-License-Identifier: Apache-2.0
"""Command line: verbs over the public functions. The only place that prints and exits."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NoReturn

from hwgen import __version__
from hwgen.cli import about, checks, codec, estimate, explore, model, pack, quantize, synth, train
from hwgen.cli.common import Arguments, Heart, Verbs
from hwgen.cli.examples import EXAMPLES
from hwgen.errors import ConfigError, HwgenError, ToolError


def main(argv: Sequence[str] | None = None) -> None:
    """Run one verb and exit with 0, or with the error family's code (1 is a bug)."""
    if sys.stderr is None:  # closed; print would take standard output instead
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - for as long as this runs
    if sys.stdout is None:
        sys.exit(_unheard("it is closed"))
    # A file name may hold bytes that are no text.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = run(argv)
        sys.stdout.flush()
    except OSError as error:  # of standard output alone: a reader that left, a disk that is full
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = _unheard(error.strerror or str(error))
    sys.exit(code)


def _unheard(why: str) -> int:
    """Tell that the result cannot be printed, and return the exit code."""
    with contextlib.suppress(OSError):
        print(f"hwgen: standard output cannot be written ({why})", file=sys.stderr, flush=True)
    return ToolError.exit_code


def run(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return the exit code.

    Raises:
        OSError: standard output cannot be written.
    """
    words = [*(sys.argv[1:] if argv is None else argv)]
    told = _Teller(words)
    try:
        args = _parse(words)
    except HwgenError as error:
        return told.refusal(error)
    if args is None:
        return 0
    try:
        if args.verbose:
            logging.basicConfig(level=logging.INFO, stream=sys.stderr, force=True)
        # What TensorFlow and its kin print is no result.
        with contextlib.redirect_stdout(sys.stderr), Heart(args.quiet) as args.heart:
            result = VERBS[args.verb][0](args)
    except HwgenError as error:
        return told.refusal(error)
    except KeyboardInterrupt:
        return told.failure({"error": "Interrupted", "what": "interrupted"}, "interrupted", 130)
    except Exception as error:  # the last resort: one line for people, one object for scripts
        what = f"{type(error).__name__}: {error}"
        hint = "this is a bug in hwgen; please report it with what -v prints"
        facts = {"error": "Bug", "what": what, "where": "", "hint": hint}
        return told.failure(facts, f"{what}\n  hint: {hint}", 1)
    if args.json:
        print(json.dumps({"ok": True, **result.as_dict()}), flush=True)
    elif text := result.text():
        print(text, flush=True)
    return 0


class _Teller:
    """Says what went wrong: to people on standard error, to scripts on standard output."""

    def __init__(self, words: Sequence[str]) -> None:
        self.json = "--json" in words
        self.verbose = "-v" in words or "--verbose" in words
        known = (" ".join(words[:2]), *words[:1])
        self.verb = next((name for name in known if name in VERBS), "")

    def refusal(self, error: HwgenError) -> int:
        """Tell an error, with the figures that it carries, and return its exit code."""
        figures: Mapping[str, object] = {}
        if error.result is not None:
            figures = error.result.as_dict()
            if not self.json:
                print(error.result.text(), flush=True)
        return self.failure({**error.as_dict(), **figures}, str(error), error.exit_code)

    def failure(self, facts: Mapping[str, Any], text: str, code: int) -> int:
        """Tell it, and return the exit code."""
        if self.verbose:
            traceback.print_exc()
        if self.json:
            print(json.dumps({"ok": False, **facts, "exit_code": code}), flush=True)
        print(f"hwgen {self.verb}".rstrip() + f": {text}", file=sys.stderr)
        return code


# Verbs of two words, by the first; what they are about.
FAMILIES: dict[str, str] = {"codec": "code feature maps, and look at coded ones"}
_GROUPS = (model, quantize, estimate, explore, checks, synth, codec, pack, train, about)
VERBS: Verbs = {name: verb for group in _GROUPS for name, verb in group.VERBS.items()}
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

    def _print_message(self, message: str, file: Any = None) -> None:
        if message:  # argparse itself passes over what cannot be written
            (file or sys.stderr).write(message)

    def error(self, message: str) -> NoReturn:
        match = re.fullmatch(r"argument (\S+): (.*)", message, re.DOTALL)
        where, what = match.groups() if match else ("", message)
        raise ConfigError(what, where, f"{self.prog} --help tells what it takes")


def _parse(words: Sequence[str]) -> argparse.Namespace | None:
    """Return the arguments; None when help or the version was asked for and printed.

    Raises:
        ConfigError: they are wrong.
    """
    parser, verbs = parser_of_all()
    named = [word for word in words if not word.startswith("-")]
    firsts = list(dict.fromkeys(verb.split()[0] for verb in VERBS))
    verb = named[0] if named else ""
    if verb and verb not in firsts:
        hint = f"{_suggest(verb, firsts)}the verbs are {', '.join(firsts)}"
        raise ConfigError(f"there is no verb {verb!r}", "", hint)
    seconds = [known.split()[1] for known in VERBS if known.startswith(f"{verb} ")]
    if verb and seconds and named[1:2] and named[1] not in seconds:
        hint = f"{_suggest(named[1], seconds)}'hwgen {verb}' takes {', '.join(seconds)}"
        raise ConfigError(f"there is no verb '{verb} {named[1]}'", "", hint)
    try:
        args, rest = parser.parse_known_args(words)
    except SystemExit:
        return None
    if getattr(args, "verb", None) is None:
        hint = f"'hwgen {verb}' takes {', '.join(seconds)}" if seconds else ""
        hint = hint or f"the verbs are {', '.join(firsts)}"
        raise ConfigError("a verb is missing", "", hint)
    if rest:
        options = re.findall(r"--[a-z-]+", verbs[args.verb].format_help())
        raise ConfigError(
            f"{' '.join(rest)} is not understood",
            "",
            f"{_suggest(rest[0], options)}hwgen {args.verb} --help tells what it takes",
        )
    return args


def _suggest(word: str, known: Iterable[str]) -> str:
    words = list(dict.fromkeys(known))
    cut = [option for option in words if word.startswith("--") and option.startswith(word)]
    near = cut if len(cut) == 1 else get_close_matches(word, words, n=1)
    if word in near:
        return "options go behind the verb; "
    return f"did you mean {near[0]}? " if near else ""


_COMMON: Arguments = (
    (",".join(VERBS), "--json", {"action": "store_true", "help": "print one JSON object"}),
    (",".join(VERBS), "-q --quiet", {"action": "store_true", "help": "no progress lines"}),
    (",".join(VERBS), "-v --verbose", {"action": "store_true", "help": "log; traceback on errors"}),
)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def parser_of_all() -> tuple[argparse.ArgumentParser, Mapping[str, argparse.ArgumentParser]]:
    """Return the parser of the command line, and those of its verbs by name."""
    parser = _Parser(
        prog="hwgen",
        description="From a quantized and pruned QKeras model to a verified FPGA IP core.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hwgen {__version__}")
    branches: dict[str, Any] = {
        "": parser.add_subparsers(metavar="VERB", title="verbs", parser_class=_Parser)
    }
    made = {}
    for name, (_, text) in VERBS.items():
        first, _, second = name.rpartition(" ")
        if first not in branches:
            about = FAMILIES[first]
            family = branches[""].add_parser(first, help=about, description=_sentence(about))
            branches[first] = family.add_subparsers(metavar="VERB", title="verbs")
        lines = [f"  {line}" for line in EXAMPLES[name]]
        made[name] = branches[first].add_parser(
            second,
            help=text,
            description=_sentence(text),
            epilog="\n".join(["example:" if len(lines) == 1 else "examples:", *lines]),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made[name].set_defaults(verb=name)
    arguments = [row for group in _GROUPS for row in group.ARGUMENTS]
    for users, names, settings in [*arguments, *_COMMON]:
        about = settings.get("help", "")
        if "default" in settings:
            about = f"{about}; default: %(default)s".removeprefix("; ")
        for name in users.split(","):
            made[name].add_argument(*names.split(), **{**settings, "help": about})
    return parser, made
