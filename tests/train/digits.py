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
    return enlarged()[0][:count]


def enlarged() -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Return scikit-learn's 8x8 digits, every pixel nine times, and their classes."""
    from sklearn.datasets import load_digits

    found = load_digits()
    large = np.kron(found.images, np.ones((1, 3, 3)))  # 0 to 16, as float64
    whole = np.pad(large, ((0, 0), (2, 2), (2, 2)))
    return np.minimum(16 * whole, 255).astype(np.uint8), found.target
