# SPDX-License-Identifier: Apache-2.0
"""Verb that trains: binary networks for pictures."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from hwgen.cli.common import Arguments, Verbs, progress
from hwgen.errors import Result


def _train(args: argparse.Namespace) -> Result:
    from hwgen.arrays import load_table
    from hwgen.train.bcnn import Recipe, train
    from hwgen.train.binary_network import NETWORKS

    recipe = Recipe()
    first, second, third = args.epochs or recipe.epochs
    recipe = replace(
        recipe, epochs=(first, second, third), seed=args.seed, distil=not args.from_labels
    )
    data = load_table(args.data, "data")
    return train(data, args.out, NETWORKS[args.network], recipe, progress(args))


VERBS: Verbs = {
    "train": (_train, "train a binary network for 28x28 pictures, as MNIST's"),
}

# fmt: off
ARGUMENTS: Arguments = (
    ("train", "data", {"type": Path, "metavar": "DATA.npz", "help": "x_train, x_test: 8-bit "
        "pictures; y_train, y_test: their classes"}),
    ("train", "-o --out", {"required": True, "type": Path, "metavar": "FOLDER", "help": "where the "
        "model, its float twin and the state of the run go; a run that was killed goes on there"}),
    ("train", "--network", {"choices": ("cnn", "mlp"), "default": "cnn", "help": "all-binary "
        "convolutions with shortcuts, or dense layers"}),
    ("train", "--epochs", {"type": int, "nargs": 3, "metavar": "N", "help": "of the float network, "
        "with binary activations, with binary weights too"}),
    ("train", "--seed", {"type": int, "default": 2026, "help": "of start values and order"}),
    ("train", "--from-labels", {"action": "store_true", "help": "learn from the classes, not from "
        "the float network"}),
)
# fmt: on
