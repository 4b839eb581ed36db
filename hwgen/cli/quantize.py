# SPDX-License-Identifier: Apache-2.0
"""Verb on a float model: post-training quantization."""

from __future__ import annotations

import argparse
from pathlib import Path

from hwgen.cli.common import Arguments, Verbs, model_options, progress
from hwgen.errors import Result


def _quantize(args: argparse.Namespace) -> Result:
    from hwgen.api.quantize import quantize
    from hwgen.quantize.model import Recipe

    weights, activations = (
        args.bits if bits is None else bits for bits in (args.weight_bits, args.activation_bits)
    )
    recipe = Recipe(
        weights, activations, args.input_bits, args.method, not args.no_bias_correction, args.split
    )
    return quantize(
        args.model, Path(args.data), args.out, weights=args.weights, options=model_options(args),
        recipe=recipe, progress=progress(args),
    )  # fmt: skip


VERBS: Verbs = {
    "quantize": (_quantize, "quantize a float Keras model on calibration data"),
}

# fmt: off
ARGUMENTS: Arguments = (
    ("quantize", "--data", {"required": True, "metavar": "calib.npz", "help": "samples as the "
        "model takes them; .npz by input name"}),
    ("quantize", "-o --out", {"required": True, "metavar": "NAME.json", "help": "the bundle to "
        "write, with its NAME.npz; 'hwgen build' takes it"}),
    ("quantize", "--bits", {"type": int, "default": 8, "help": "of weights and activations"}),
    ("quantize", "--weight-bits", {"type": int, "metavar": "N", "help": "of weights"}),
    ("quantize", "--activation-bits", {"type": int, "metavar": "N", "help": "of activations"}),
    ("quantize", "--input-bits", {"type": int, "metavar": "N", "help": "of inputs; default: as "
        "activations"}),
    ("quantize", "--method", {"choices": ("mse", "aciq", "minmax"), "default": "mse", "help": "how "
        "a power-of-two step is found: by least squared error, ACIQ's closed forms, or the range"}),
    ("quantize", "--no-bias-correction", {"action": "store_true", "help": "leave biases as they "
        "are; else they take up the mean of the error"}),
    ("quantize", "--split", {"action": "store_true", "help": "a coarse and a fine grid in channels "
        "where that halves the error"}),
)
# fmt: on
