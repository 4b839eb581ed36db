# SPDX-License-Identifier: Apache-2.0
"""Two-step training of binary networks: activations become one bit first, then the weights.

A float network of the same layers is trained first; it is the figure to compare with, and the
teacher of both steps. The folder then holds the binary model (``NAME.h5``, read by every verb of
hwgen), its float twin (``NAME_float.h5``), and ``NAME.json`` with the figures. After every epoch
everything that the next one needs is stored (``NAME.state.npz``): a run that was killed goes on,
and ends with the same bits. TensorFlow promises no equal bits across machines, though.

The two steps, binary activations with real weights and then binary weights from that start, and
the loss against a teacher's distribution are those of ReActNet's training scripts
(arXiv 2003.03488) and of FracBNN (arXiv 2012.12206).
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

import numpy as np
import numpy.typing as npt

from hwgen.api.load import load
from hwgen.api.predict import predict
from hwgen.api.results import VerbResult
from hwgen.arrays import load_table
from hwgen.errors import ConfigError, VerifyError, count_of
from hwgen.files import json_bytes, make_folder, npz_bytes, write_files
from hwgen.frontends.keras.live import import_tensorflow
from hwgen.plan.goal import check_seed
from hwgen.progress import Progress, silent
from hwgen.train.binary_network import Network, Step, adopt, for_file, make

STEPS: tuple[Step, ...] = tuple(step for step in get_args(Step) if step != "file")
_DATA = ("x_train", "y_train", "x_test", "y_test")


@dataclass(frozen=True)
class Recipe:
    """Settings of a training, with the place that each comes from.

    Attributes:
        epochs: of the float network, of the step with real weights, and of that with binary ones.
            ReActNet has 128 a step for ImageNet; measured here, MNIST gains little beyond these.
        batch: pictures a step of descent. ReActNet has 256.
        rate: of Adam at the beginning; it falls linearly to 0, and begins anew in every step.
            ReActNet has 1.25e-3 for 256 pictures.
        decay: weight decay of the step with real weights. ReActNet has 1e-5, and none with binary
            weights, whose latent values have no meaning but their sign.
        distil: the loss is the cross entropy with the float network's softmax, as ReActNet's
            "distribution loss" is; otherwise with the labels.
        seed: of start values and of the order of pictures.
    """

    epochs: tuple[int, int, int] = (3, 5, 8)
    batch: int = 128
    rate: float = 1.25e-3
    decay: float = 1e-5
    distil: bool = True
    seed: int = 2026


@dataclass(frozen=True, repr=False)
class Trained(VerbResult):
    """Figures of a training.

    Attributes:
        network, recipe: what was trained, and how.
        right: pictures of the test set in the right class, by hwgen's integers.
        float_right: the same of the float twin, by Keras.
        test: pictures of the test set.
        weights: weights of the binary products.
    """

    network: Network
    recipe: Recipe
    right: int
    float_right: int
    test: int
    weights: int

    def text(self) -> str:
        """Return both shares in a line."""
        own, twin = (100 * right / self.test for right in (self.right, self.float_right))
        return (
            f"{self.network.name}: {self.right:,} of {self.test:,} right ({own:.2f} %), "
            f"its float twin {self.float_right:,} ({twin:.2f} %); "
            f"{count_of(self.weights, 'binary weight')}"
        )


@dataclass
class _State:
    """State of a run: the step, its finished epochs, and all numbers that it needs to go on."""

    step: int
    epoch: int
    arrays: dict[str, npt.NDArray[Any]]

    def store(self, path: Path, key: str) -> None:
        """Write it; the file before stays until this one is complete."""
        place = {"step": np.array(self.step), "epoch": np.array(self.epoch), "key": np.array(key)}
        write_files({path: npz_bytes({**self.arrays, **place})}, "folder")

    @classmethod
    def open(cls, path: Path, key: str) -> _State:
        """Return the state of a folder, or that of a beginning.

        Raises:
            ConfigError: the state there is of another training.
        """
        if not path.is_file():
            return cls(0, 0, {})
        arrays = load_table(path, "folder")
        if str(arrays.pop("key", "")) != key:
            raise ConfigError(
                f"{path} is of a training with another network, recipe or data",
                "folder",
                "remove it to begin anew, or give another folder",
            )
        return cls(int(arrays.pop("step")), int(arrays.pop("epoch")), arrays)


def train(
    data: Mapping[str, npt.NDArray[Any]],
    folder: Path,
    network: Network,
    recipe: Recipe | None = None,
    progress: Progress = silent,
) -> Trained:
    """Train a binary network, or go on with one, and write its files.

    Args:
        data: ``x_train``, ``x_test`` of shape (pictures, 28, 28), uint8, and their classes
            ``y_train``, ``y_test``.
        folder: where the files go; a state of the same training there is gone on with.
        network: the network.
        recipe: how.
        progress: called after every epoch.

    Raises:
        ConfigError: the data do not fit, or the folder holds the state of another training.
        ToolMissing: TensorFlow or QKeras is not installed.
        VerifyError: the file's own forward pass is not that of the trained network.
    """
    recipe = recipe or Recipe()
    if min(recipe.epochs) < 1 or recipe.batch < 1:
        raise ConfigError("a step without an epoch", "--epochs", "give three numbers from 1 on")
    check_seed(recipe.seed)
    _check(data, network)
    make_folder(folder)
    run = _Run(data, folder, network, recipe, progress)
    models = [run.step(i) for i in range(len(STEPS))]
    return _written(run, models[0], models[-1])


def _check(data: Mapping[str, npt.NDArray[Any]], network: Network) -> None:
    for name in _DATA:
        found = data.get(name)
        part = name.endswith("train")
        shape = (28, 28) if name.startswith("x") else ()
        if found is None or found.shape[1:] != shape or found.dtype.kind not in "iu":
            raise ConfigError(
                f"{name} is " + ("missing" if found is None else f"{found.dtype}{found.shape}"),
                "data",
                f"give whole numbers of shape (pictures{', 28, 28' if shape else ''})",
            )
        other = data.get(f"y_{'train' if part else 'test'}", np.empty(0))
        if other.shape[:1] != found.shape[:1] or not len(found):
            raise ConfigError(
                f"{name} has {count_of(len(found), 'picture')}, and its classes another number",
                "data",
                "give a class for every picture",
            )
        top = network.classes - 1 if name.startswith("y") else 255
        if found.min() < 0 or found.max() > top:
            raise ConfigError(
                f"{name} reaches from {found.min()} to {found.max()}",
                "data",
                f"give numbers from 0 to {top}",
            )


class _Run:
    """One training: its data, its folder and its state."""

    def __init__(
        self,
        data: Mapping[str, npt.NDArray[Any]],
        folder: Path,
        network: Network,
        recipe: Recipe,
        progress: Progress,
    ) -> None:
        self.folder, self.network, self.recipe, self.progress = folder, network, recipe, progress
        self.x = data["x_train"].astype(np.float32)[..., None]
        self.y = np.eye(network.classes, dtype=np.float32)[data["y_train"].astype(np.int64)]
        self.test = data["x_test"].astype(np.float32)[..., None], data["y_test"].astype(np.int64)
        digest = hashlib.sha256()
        for name in _DATA:
            digest.update(np.ascontiguousarray(data[name]).tobytes())
        self.key = json.dumps([asdict(network), asdict(recipe), digest.hexdigest()])
        self.path = folder / f"{network.name}.state.npz"
        self.state = _State.open(self.path, self.key)
        self.tf = import_tensorflow().framework
        self.tf.config.experimental.enable_op_determinism()

    def step(self, number: int) -> Any:
        """Return the network behind a step, trained as far as it is not."""
        recipe, state = self.recipe, self.state
        self.tf.keras.utils.set_random_seed(recipe.seed + number)
        model = make(self.network, STEPS[number], recipe.decay)
        done = _named("done", number, state.arrays)
        if state.step > number:
            model.set_weights(done)
            return model
        epochs = recipe.epochs[number]
        optimizer = self._compiled(model, epochs)
        if state.epoch:
            model.set_weights(_named("weights", number, state.arrays))
            for variable, value in zip(
                optimizer.variables, _named("optimizer", number, state.arrays), strict=True
            ):
                variable.assign(value)
        elif STEPS[number] == "weights":
            before = make(self.network, STEPS[number - 1])
            before.set_weights(_named("done", number - 1, state.arrays))
            adopt(model, before)
        targets = self._targets(number)
        for epoch in range(state.epoch, epochs):
            self._epoch(model, number, epoch, targets)
            state.step, state.epoch = number, epoch + 1
            now = {**_numbered("weights", number, model.get_weights())}
            now |= _numbered("optimizer", number, [v.numpy() for v in optimizer.variables])
            kept = {k: v for k, v in state.arrays.items() if k.startswith("done")}
            state.arrays = kept | now
            if epoch + 1 == epochs:
                state.step, state.epoch = number + 1, 0
                state.arrays = kept | _numbered("done", number, model.get_weights())
            state.store(self.path, self.key)
        return model

    def _compiled(self, model: Any, epochs: int) -> Any:
        steps = max(1, epochs * -(-len(self.x) // self.recipe.batch))
        keras = self.tf.keras
        falling = keras.optimizers.schedules.PolynomialDecay(self.recipe.rate, steps, 0.0)
        optimizer = keras.optimizers.Adam(falling)
        loss = keras.losses.CategoricalCrossentropy(from_logits=True)
        model.compile(optimizer, loss, metrics=["accuracy"])
        optimizer.build(model.trainable_variables)
        return optimizer

    def _targets(self, number: int) -> npt.NDArray[np.float32]:
        """Return what the softmax shall be: the labels, or the float network's own."""
        if number == 0 or not self.recipe.distil:
            return self.y
        teacher = make(self.network, "float")
        teacher.set_weights(_named("done", 0, self.state.arrays))
        logits = teacher.predict(self.x, batch_size=512, verbose=0)
        shares = np.exp(logits - logits.max(-1, keepdims=True))
        made: npt.NDArray[np.float32] = shares / shares.sum(-1, keepdims=True)
        return made

    def _epoch(self, model: Any, number: int, epoch: int, targets: Any) -> None:
        order = np.random.default_rng((self.recipe.seed, number, epoch)).permutation(len(self.x))
        fitted = model.fit(
            self.x[order], targets[order], self.recipe.batch, shuffle=False, verbose=0
        )
        right = self.right(model)
        self.progress(
            f"{STEPS[number]} {epoch + 1}/{self.recipe.epochs[number]}",
            f"loss {fitted.history['loss'][0]:.4f}, test {100 * right / len(self.test[1]):.2f} %",
        )

    def right(self, model: Any) -> int:
        """Return how many pictures of the test set a model puts into the right class."""
        logits = model.predict(self.test[0], batch_size=512, verbose=0)
        return int((logits.argmax(-1) == self.test[1]).sum())


def _numbered(kind: str, step: int, arrays: list[Any]) -> dict[str, npt.NDArray[Any]]:
    return {f"{kind}{step}_{i:04}": np.asarray(a) for i, a in enumerate(arrays)}


def _named(kind: str, step: int, arrays: Mapping[str, Any]) -> list[Any]:
    return [arrays[name] for name in sorted(arrays) if name.startswith(f"{kind}{step}_")]


def _h5(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "model.h5"
        model.save(path, include_optimizer=False, save_format="h5")
        return path.read_bytes()


def _written(run: _Run, teacher: Any, trained: Any) -> Trained:
    """Write model, twin and figures; the model is read again and held against the training's."""
    network, (pictures, labels) = run.network, run.test
    content = _h5(for_file(network, trained))
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"{network.name}.h5"
        path.write_bytes(content)
        codes = np.asarray(predict(load(path), pictures))
    wanted = trained.predict(pictures, batch_size=512, verbose=0)
    differ = int((codes != wanted).any(-1).sum())
    if differ:
        raise VerifyError(
            f"{count_of(differ, 'picture')} of {len(pictures):,} have other logits in the file "
            "than in training",
            network.name,
            "train with another seed, and tell the project",
        )
    figures = Trained(
        network=network,
        recipe=run.recipe,
        right=int((codes.argmax(-1) == labels).sum()),
        float_right=run.right(teacher),
        test=len(labels),
        weights=sum(int(np.prod(w.shape)) for w in trained.weights if "/kernel" in w.name),
    )
    files = {
        f"{network.name}.h5": content,
        f"{network.name}_float.h5": _h5(teacher),
        f"{network.name}.json": json_bytes(asdict(figures)),
    }
    write_files({run.folder / name: made for name, made in files.items()}, "folder")
    return figures
