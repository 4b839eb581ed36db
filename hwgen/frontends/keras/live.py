# SPDX-License-Identifier: Apache-2.0
"""A Keras model in memory: as the source of a graph, and as the float32 oracle.

With train/ the only room that imports TensorFlow, and it does so inside functions.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import HwgenError, ModelError, ToolFailed, ToolMissing
from hwgen.frontends.keras.file import KerasModel, read_keras
from hwgen.frontends.keras.network import Network
from hwgen.frontends.keras.topology import parse
from hwgen.frontends.keras.unsaved import refuse_unsaved, with_unsaved
from hwgen.frontends.kinds import file_kind
from hwgen.frontends.options import Options
from hwgen.frontends.qkeras.convert import convert
from hwgen.ir.fixed import Fixed
from hwgen.ir.graph import Graph

_NAME = "model"  # of the file in which a model in memory is looked at


def from_keras(
    model: Any,
    options: Options = Options(),  # noqa: B008 - frozen
    *,
    input_format: str | None = None,
) -> Graph:
    """Return the integer graph of a Keras or QKeras model in memory.

    Args:
        model: the model, or what `saved` made of it.
        options: input formats, masks, scaler.
        input_format: ``s8.4`` for every input that no quantizer follows.

    Raises:
        ModelError: as for a file.
    """
    if input_format is not None:
        options = replace(options, input_formats={"": Fixed.parse(input_format)})
    found = model if isinstance(model, Saved) else saved(model)
    return convert(found.model, options)


@dataclass(frozen=True)
class Saved:
    """A Keras model in memory, saved and read once.

    Attributes:
        model: as a file reader would return it, plus what Keras does not write into files.
        name, content: of the file that Keras writes; the name is empty where the file does not say
            all that the model computes: settings that QKeras obeys and does not write.
    """

    model: KerasModel
    name: str
    content: bytes


def saved(model: Any) -> Saved:
    """Return a live model as a file reader would, and its file.

    Raises:
        ModelError: it is no Keras model, Keras cannot store it, or no file can hold it.
    """
    if not hasattr(model, "get_config") or not hasattr(model, "save"):
        raise ModelError(
            f"a Keras model is expected, not a {type(model).__name__}",
            hint="give a tf.keras or QKeras model, or hwgen.load a file",
        )
    source = f"the model {model.name!r} in memory"
    with tempfile.TemporaryDirectory() as folder:
        try:
            path, stored = _stored(model, Path(folder))
        except (ValueError, TypeError, NotImplementedError, RuntimeError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise ModelError(
                f"Keras itself cannot store it ({reason})",
                source,
                "give every layer a name of its own, those of nested models too",
            ) from error
        except ModelError as error:
            where = re.sub(rf"{_NAME}\.(h5|keras)", lambda _: source, error.where)
            raise type(error)(error.what, where, error.hint) from error
        content = path.read_bytes()
    refuse_unsaved(model, stored.config, source)
    _refuse_own_call(model, source)
    config = with_unsaved(model, stored.config)
    file = (path.name, content) if config == stored.config else ("", b"")
    return Saved(replace(stored, config=config, source=source), *file)


def _refuse_own_call(model: Any, source: str) -> None:
    """Refuse a model whose class computes something else than the layers that its file lists."""
    owner = next(c for c in type(model).__mro__ if "call" in vars(c))
    if not owner.__module__.startswith(("keras.", "tf_keras.", "tensorflow.")):
        raise ModelError(
            f"its class {owner.__name__} has a call() of its own, which no file holds",
            source,
            "build the model of layers with the functional API",
        )


def _stored(model: Any, folder: Path) -> tuple[Path, KerasModel]:
    """Save and read a model: HDF5 with Keras 2, and an archive where that does not tell all."""
    archive = folder / f"{_NAME}.keras"
    if _keras_major(model) >= 3:
        model.save(archive)
        return archive, read_keras(archive)
    path = folder / f"{_NAME}.h5"
    try:
        model.save(path, include_optimizer=False, save_format="h5")
        return path, read_keras(path)
    except (ValueError, ModelError) as error:
        # Two variables of one name, or layers named anew: an archive counts the layers.
        try:
            model.save(archive, save_format="keras")
            return archive, read_keras(archive)
        except (ValueError, TypeError, NotImplementedError, RuntimeError, ModelError):
            if isinstance(error, ModelError):
                raise error from None
            raise


def _keras_major(model: Any) -> int:
    module = next(
        (c.__module__ for c in type(model).__mro__ if c.__module__.startswith("keras")), ""
    )
    if module.startswith("keras.src.models"):
        import keras

        return int(keras.__version__.partition(".")[0])
    return 2


@dataclass(frozen=True)
class Opened:
    """A model file, read and parsed here and loaded by Keras itself, once.

    Attributes:
        stored: as a reader returns it.
        network: its calls.
        model: Keras' own.
    """

    stored: KerasModel
    network: Network
    model: Any


def opened(path: Path, weights: Path | None) -> Opened:
    """Return a model file as hwgen reads it and as Keras loads it.

    Args:
        path: the model file.
        weights: its weights file, for an architecture in JSON.

    Raises:
        ToolMissing: TensorFlow or QKeras is not installed.
        ToolFailed: this Keras cannot load the file.
    """
    import_tensorflow()  # told before the file is read
    try:
        stored = read_keras(path, weights)
        network = parse(stored.config, path.name)
    except HwgenError as error:
        raise _not_loaded(path, error) from error
    return Opened(stored, network, _keras_model(path, weights, stored, network))


def oracle(
    path: Path, weights: Path | None, inputs: Mapping[str, npt.NDArray[Any]], outputs: int
) -> list[npt.NDArray[np.float32]]:
    """Return the model's own float32 outputs, a final softmax or sigmoid taken off.

    Args:
        path: the model file, loaded by Keras itself.
        weights: its weights file, for an architecture in JSON.
        inputs: float32 values by input name, shape ``(batch, *shape)``, in the model's input order.
        outputs: how many are expected.

    Raises:
        ToolMissing: TensorFlow or QKeras is not installed.
        ToolFailed: this Keras cannot load the file.
    """
    found = logits(opened(path, weights), inputs)
    assert len(found) == outputs, "the oracle has other outputs than the graph"
    return found


def logits(found: Opened, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[np.float32]]:
    """Return the float32 outputs of a model that is open, as `oracle` does.

    A final activation is taken off the model itself, which goes without it from then on.
    """
    return _predict(_logits_model(found.model), inputs)


def tensors(
    found: Opened,
    inputs: Mapping[str, npt.NDArray[Any]],
    wanted: Mapping[str, tuple[str, int]],
) -> dict[str, npt.NDArray[np.float32]]:
    """Return what the model's own layers make on the way to its outputs.

    Args:
        found: the model; a final activation is taken off it, as `logits` does.
        inputs: as of `oracle`.
        wanted: by a name of the caller's, the path of a layer and the number of its call.

    Returns:
        The float32 values by these names; a tensor that this Keras numbers otherwise is absent.
    """
    model = _logits_model(found.model)
    keras = import_tensorflow().framework.keras
    placed = {name: _tensor(keras, model, *place) for name, place in wanted.items()}
    there = {name: tensor for name, tensor in placed.items() if tensor is not None}
    if not there:
        return {}
    made = _predict(keras.Model(model.inputs, list(there.values())), inputs)
    return dict(zip(there, made, strict=True))


def _predict(model: Any, inputs: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[np.float32]]:
    arrays = [np.asarray(a, np.float32) for a in inputs.values()]
    made = model.predict(arrays if len(arrays) > 1 else arrays[0], batch_size=4096, verbose=0)
    return [np.asarray(f, np.float32) for f in (made if isinstance(made, list) else [made])]


def _tensor(keras: Any, model: Any, key: str, call: int) -> Any:
    """Return the output of a layer's call; of a model inside, that of its first call."""
    for layer in model.layers:
        calls = [
            i
            for i in range(len(layer._inbound_nodes))
            if f"{layer.name}_ib-{i}" in model._network_nodes
        ]
        if layer.name == key:
            return layer.get_output_at(calls[call]) if call < len(calls) else None
        if hasattr(layer, "layers") and key.startswith(f"{layer.name}/") and calls:
            inner = _tensor(keras, layer, key[len(layer.name) + 1 :], call)
            if inner is not None:
                return keras.Model(layer.inputs, inner)(layer.get_input_at(calls[0]))
    return None


def own_root(x: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return ``1 / sqrt(x)`` as this machine's TensorFlow computes it in a normalisation.

    Raises:
        ToolMissing: TensorFlow or QKeras is not installed.
    """
    tensorflow = import_tensorflow().framework
    return np.asarray(tensorflow.math.rsqrt(tensorflow.constant(x, tensorflow.float32)), np.float32)


def logits_model(path: Path, weights: Path | None) -> Any:
    """Return the Keras model of a file, a final softmax or sigmoid taken off.

    Raises:
        ToolMissing: TensorFlow or QKeras is not installed.
        ToolFailed: this Keras cannot load the file.
    """
    return _logits_model(loaded(path, weights))


def _logits_model(model: Any) -> Any:
    keras = import_tensorflow().framework.keras
    return keras.Model(model.inputs, [_logits(keras, tensor) for tensor in model.outputs])


def loaded(path: Path, weights: Path | None) -> Any:
    """Return the Keras model of a file.

    Raises:
        ToolMissing: TensorFlow or QKeras is not installed.
        ToolFailed: this Keras cannot load the file.
    """
    return opened(path, weights).model


def _keras_model(path: Path, weights: Path | None, stored: KerasModel, network: Network) -> Any:
    own = import_tensorflow()
    objects, keras = own.classes, own.framework.keras
    named = str(stored.config.get("class_name"))
    if network.subclass:  # its layers are what the file lists
        objects = {**objects, named: keras.Model, named.rpartition(">")[2]: keras.Model}
    try:
        with own.scope():
            if file_kind(path) == "json":
                text = path.read_text("utf-8")
                model = keras.models.model_from_json(text, custom_objects=objects)
                model.load_weights(weights)
            else:
                model = keras.models.load_model(path, custom_objects=objects, compile=False)
                if weights is not None:
                    model.load_weights(weights)
    except Exception as error:  # Keras raises anything; the text is what helps
        raise _not_loaded(path, error) from error
    return model


def _not_loaded(path: Path, error: Exception) -> ToolFailed:
    version = import_tensorflow().framework.__version__
    return ToolFailed(
        f"Keras of TensorFlow {version} cannot load the model ({type(error).__name__}: {error})",
        path.name,
        "verify in an environment whose Keras wrote the file",
    )


def _logits(keras: Any, tensor: Any) -> Any:
    """Return the tensor in front of a final softmax or sigmoid."""
    history = tensor._keras_history
    layer, source = history.layer, history.layer.get_input_at(history.node_index)
    if isinstance(layer, keras.Model):
        inner = layer.outputs[history.tensor_index]
        bare = _logits(keras, inner)
        return tensor if bare is inner else keras.Model(layer.inputs, bare)(source)
    dropped = (keras.activations.softmax, keras.activations.sigmoid)
    if isinstance(layer, keras.layers.Softmax) or (
        isinstance(layer, keras.layers.Activation) and layer.activation in dropped
    ):
        return source
    if getattr(layer, "activation", None) in dropped:
        layer.activation = (
            None if type(layer).__name__.startswith("Q") else keras.activations.linear
        )
        return layer(source)
    return tensor


@dataclass(frozen=True)
class Imported:
    """Modules that were imported late.

    Attributes:
        framework: TensorFlow.
        classes: of QKeras, by name.
        scope: in which pruned layers are loaded.
    """

    framework: Any
    classes: dict[str, Any]
    scope: Any


def import_tensorflow() -> Imported:
    """Return TensorFlow and what loads QKeras' layers with it.

    Raises:
        ToolMissing: TensorFlow or QKeras is not installed.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its start-up chatter
    try:
        import tensorflow
        from qkeras.utils import _add_supported_quantized_objects
        from tensorflow_model_optimization.sparsity.keras import prune_scope  # QKeras needs it
    except ImportError as error:
        raise ToolMissing(
            f"TensorFlow with QKeras is not installed ({error})",
            "--against qkeras",
            "pip install 'hwgen[keras]' (Python 3.11)",
        ) from error
    objects: dict[str, Any] = {}
    _add_supported_quantized_objects(objects)
    return Imported(tensorflow, objects, prune_scope)
