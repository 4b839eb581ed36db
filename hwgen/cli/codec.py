# SPDX-License-Identifier: Apache-2.0
"""Verbs on coded feature maps."""

from __future__ import annotations

import argparse
from pathlib import Path

from hwgen.cli.common import Arguments, Verbs, model_options, progress
from hwgen.cli.pack import listing
from hwgen.errors import Result


def _encode(args: argparse.Namespace) -> Result:
    from hwgen.api import codec_files

    return codec_files.encode_file(
        Path(args.data), Path(args.to), plan=args.plan and Path(args.plan), name=args.map,
        coder=args.coder, bits=args.bits, slotted=args.slotted,
    )  # fmt: skip


def _decode(args: argparse.Namespace) -> Result:
    from hwgen.api import codec_files

    return codec_files.decode_file(Path(args.data), Path(args.to), args.keep_going)


def _inspect(args: argparse.Namespace) -> Result:
    from hwgen.api import codec_inspect

    return codec_inspect.inspect_file(Path(args.data), args.only_damaged)


def _calibrate(args: argparse.Namespace) -> Result:
    from hwgen.api import codec_files

    return codec_files.calibrate_file(
        args.model, Path(args.data), Path(args.out), weights=args.weights,
        options=model_options(args), budget=args.error, coder=args.coder, sets=args.tables,
        names=args.maps, width=args.paper, samples=args.samples, progress=progress(args),
    )  # fmt: skip


def _build(args: argparse.Namespace) -> Result:
    from hwgen.api import codec_core

    return codec_core.codec_build(
        Path(args.out), plan=args.plan and Path(args.plan), name=args.name, lanes=args.lanes,
        coder=args.coder, bits=args.bits, bus=args.bus, sets=args.sets, burst=args.burst,
        outstanding=args.outstanding, writer=not args.no_writer, reader=not args.no_reader,
        transform=not args.no_transform, board=args.board, overwrite=args.overwrite,
        listing=listing(args), progress=progress(args),
    )  # fmt: skip


def _klt(args: argparse.Namespace) -> Result:
    from hwgen.api import codec_files

    return codec_files.write_klt(args.plan, args.out, args.map)


VERBS: Verbs = {
    "codec encode": (_encode, "code the feature maps of a .npy file"),
    "codec decode": (_decode, "get them back"),
    "codec inspect": (_inspect, "print a coded file block by block, and find its damage"),
    "codec calibrate": (_calibrate, "choose how the feature maps of a model are coded"),
    "codec build": (_build, "write the coder as an IP core with a DMA, and its drivers"),
    "codec klt": (_klt, "write the KLT over all channels of a map as two models to build"),
}

# fmt: off
_ENCODE, _DECODE = "codec encode", "codec decode"
_INSPECT, _CALIBRATE = "codec inspect", "codec calibrate"
_BUILD, _KLT = "codec build", "codec klt"
_CODERS = ("tans", "huffman")
ARGUMENTS: Arguments = (
    (_ENCODE, "data", {"metavar": "x.npy", "help": "integer codes, axes (N, H, W, C) or fewer"}),
    (f"{_DECODE},{_INSPECT}", "data", {"metavar": "x.hfm", "help": "a coded file"}),
    (_CALIBRATE, "model", {"metavar": "MODEL", "help": ".h5, .keras, .json, or a hwgen bundle"}),
    (_CALIBRATE, "--data", {"required": True, "metavar": "x.npy", "help": "sample inputs, as "
        "floats (rounded to the input's grid); .npz for several inputs"}),
    (_CALIBRATE, "-o --out", {"required": True, "metavar": "plan.json", "help": "file to write"}),
    (f"{_ENCODE},{_DECODE}", "-o --to", {"required": True, "metavar": "FILE", "help": "file to "
        "write: .hfm when encoding, .npy when decoding"}),
    (_ENCODE, "--plan", {"metavar": "plan.json", "help": "what 'hwgen codec calibrate' wrote; "
        "without it, lossless with tables made for the file"}),
    (_BUILD, "--plan", {"metavar": "plan.json", "help": "what 'hwgen codec calibrate' wrote: its "
        "tables go with the core, and coder, bits and sets are its own"}),
    (_KLT, "plan", {"metavar": "plan.json", "help": "what 'hwgen codec calibrate --paper' wrote"}),
    (_KLT, "-o --out", {"required": True, "metavar": "NAME", "help": "writes the bundles "
        "NAME_forward.json and NAME_inverse.json, with their .npz"}),
    (_BUILD, "-o --out", {"required": True, "metavar": "DIR", "help": "folder to write"}),
    (_BUILD, "--name", {"default": "codec", "help": "the core is hwg_NAME_ip"}),
    (_BUILD, "--lanes", {"type": int, "default": 4, "help": "values a cycle, 1 to 16"}),
    (_BUILD, "--coder", {"choices": _CODERS, "help": "default: the plan's, else tans"}),
    (_BUILD, "--bits", {"type": int, "help": "of the widest values; default: the plan's, else 8"}),
    (_BUILD, "--bus", {"type": int, "help": "bits of the bus to memory, 64 or 128; default: the "
        "board's, else 64"}),
    (_BUILD, "--sets", {"type": int, "help": "table sets, 1, 2, 4, 8 or 16; default: as many as "
        "the plan takes"}),
    (_BUILD, "--burst", {"type": int, "default": 16, "help": "beats of a burst, 1 to 256"}),
    (_BUILD, "--outstanding", {"type": int, "default": 4, "help": "bursts under way, 1 to 16"}),
    (_BUILD, "--no-writer", {"action": "store_true", "help": "leave the encoder out"}),
    (_BUILD, "--no-reader", {"action": "store_true", "help": "leave the decoder out"}),
    (_BUILD, "--no-transform", {"action": "store_true", "help": "leave the transforms of the plan "
        "out: the core then carries coefficients"}),
    (_BUILD, "-b --board", {"help": "its bus, its clock and its tools; 'hwgen boards' lists them"}),
    (_BUILD, "--overwrite", {"action": "store_true", "help": "replace what an earlier 'codec "
        "build' wrote there"}),
    (f"{_ENCODE},{_KLT}", "--map", {"metavar": "NAME", "help": "which map of the plan it is"}),
    (_ENCODE, "--coder", {"choices": _CODERS, "help": "default: tans, up to 14 bits"}),
    (_ENCODE, "--bits", {"type": int, "help": "of a value; default: as many as it takes"}),
    (_ENCODE, "--slotted", {"action": "store_true", "help": "slots of fixed size, no index"}),
    (_DECODE, "--keep-going", {"action": "store_true", "help": "zeros for damaged blocks"}),
    (_INSPECT, "--only-damaged", {"action": "store_true", "help": "leave the good ones out"}),
    (_CALIBRATE, "--error", {"type": float, "default": 0.0, "metavar": "SHARE", "help": "most "
        "mean squared error of the outputs, as a share of their variance; 0 is lossless"}),
    (_CALIBRATE, "--coder", {"choices": _CODERS, "default": "tans"}),
    (_CALIBRATE, "--tables", {"type": int, "default": 4, "help": "most table sets, 1 to 16"}),
    (_CALIBRATE, "--maps", {"metavar": "a,b", "help": "nodes to code; default: all activations "
        "that have pixels"}),
    (_CALIBRATE, "--paper", {"type": float, "metavar": "BITS", "help": "the coder of the "
        "transform-coding paper instead, with coefficients of that width, to compare"}),
    (_CALIBRATE, "--samples", {"type": int, "default": 64, "help": "of the inputs"}),
    (_CALIBRATE, "--weights", {"metavar": "FILE.h5", "help": "weights of an architecture .json"}),
    (_CALIBRATE, "--input-format", {"metavar": "s8.4", "help": "as of 'hwgen build'"}),
    (_CALIBRATE, "--masks", {"metavar": "FILE.npz", "help": "as of 'hwgen build'"}),
    (_CALIBRATE, "--scaler", {"metavar": "FILE.npz", "help": "as of 'hwgen build'"}),
)
# fmt: on
