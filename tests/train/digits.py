# SPDX-License-Identifier: Apache-2.0
"""Images of handwritten digits, 28 by 28: MNIST's where it lies beside the checkout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

MNIST = Path(__file__).resolve().parents[3] / "shared" / "data" / "mnist.npz"


def images(count: int) -> npt.NDArray[np.uint8]:
    """Return images of MNIST's test set, or, without it, scikit-learn's 8x8 digits enlarged."""
    if MNIST.is_file():
        with np.load(MNIST, allow_pickle=False) as file:
            found: npt.NDArray[np.uint8] = file["x_test"][:count]
        return found
    from sklearn.datasets import load_digits

    small = load_digits().images[:count].astype(np.uint8)
    large = np.kron(np.minimum(small * 16, 255), np.ones((1, 3, 3), np.uint8))
    return np.pad(large, ((0, 0), (2, 2), (2, 2))).astype(np.uint8)
