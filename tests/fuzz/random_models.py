# SPDX-License-Identifier: Apache-2.0
"""Random Keras models: every supported layer and quantizer, in every structure that Keras knows.

A `Maker` grows a model from one random generator: layers on tensors of a pool, nested and shared
models, dictionaries, pruning wrappers, call arguments, float formats, biases of zeros. Tensors that
wait for a quantizer are marked, so that most models have an exact integer form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

ACTIVATIONS = (
    "quantized_bits(6,2,1,alpha=1)", "quantized_bits(5,1,alpha=1)", "quantized_bits(8,3,alpha=1)",
    "quantized_relu(4,1)", "quantized_relu(6,2)", "quantized_relu(5,1,negative_slope=0.25)",
    "quantized_relu(4,1,use_sigmoid=1)", "quantized_tanh(5)", "quantized_tanh(4,symmetric=True)",
    "quantized_sigmoid(5)", "binary(alpha=1)", "ternary(alpha=1)", "quantized_bits(1,0,alpha=1)",
    "quantized_po2(3)", "quantized_relu_po2(3)", "quantized_bits(6,1,alpha=0.5)",
)  # fmt: skip
KERNELS = (
    "quantized_bits(4,0,1,alpha=1)", "quantized_bits(6,2,alpha='auto_po2')", "quantized_bits(4,0)",
    "quantized_bits(1,0,alpha=1)", "binary(alpha=1)", "ternary(alpha=1)", "quantized_po2(3)",
    "quantized_bits(5,0,keep_negative=False,alpha=1)", "quantized_relu(4)", "quantized_tanh(4)",
    "ternary", "stochastic_ternary(alpha=1)", "stochastic_binary(alpha=1)",
)  # fmt: skip
BIASES = (
    "quantized_bits(6,1,alpha=1)", "quantized_bits(1,0,alpha=1)", "binary(alpha=1)",
    "ternary(alpha=1)", "quantized_po2(3)", "quantized_relu_po2(3)", "quantized_relu(4)",
    "quantized_tanh(4)", "quantized_sigmoid(4)", "quantized_bits(12,0,alpha=1)",
)  # fmt: skip
DTYPES = ("float16", "bfloat16", "mixed_float16", "mixed_bfloat16", "float64")
SHAPES = ((6,), (5,), (5, 3), (6, 2), (6, 6, 2), (4, 4, 3))
GRID = "quantized_bits(6,2,1,alpha=1)"


@dataclass(frozen=True)
class Tensor:
    """A Keras tensor; *waits* until a quantizer makes integers of it."""

    keras: Any
    waits: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape without the batch."""
        return tuple(self.keras.shape[1:])


class Maker:
    """Grows one random model.

    Args:
        k: Keras, QKeras and the pruning toolkit under one roof.
        seed: of everything.
        strange: share of the layers that get a float format or a call argument.
    """

    def __init__(self, k: SimpleNamespace, seed: int, strange: float = 0.06) -> None:
        self.k = k
        self.rng = np.random.default_rng(seed)
        self.strange = strange
        self.count = 0

    # ---------------------------------------------------------------- drawing

    def pick(self, options: Sequence[Any]) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def name(self, base: str) -> str:
        self.count += 1
        return f"{base}{self.rng.integers(100)}_{self.count}"

    def odd(self) -> dict[str, Any]:
        """Return a float format, seldom."""
        return {"dtype": self.pick(DTYPES)} if self.chance(self.strange) else {}

    # ---------------------------------------------------------------- layers

    def act(self, t: Tensor, q: str | None = None) -> Tensor:
        layer = self.k.QActivation(q or self.pick(ACTIVATIONS), name=self.name("act"), **self.odd())
        return Tensor(layer(t.keras))

    def ready(self, t: Tensor) -> Tensor:
        return self.act(t) if t.waits else t

    def _trained(self, q: bool, part: str = "kernel") -> dict[str, Any]:
        if not q:
            return {"use_bias": self.chance(0.5)}
        made: dict[str, Any] = {f"{part}_quantizer": self.pick(KERNELS)}
        made["use_bias"] = self.chance(0.8)
        made["bias_quantizer"] = self.pick(BIASES) if self.chance(0.85) else None
        if self.chance(0.3):
            made["activation"] = self.pick(ACTIVATIONS)
        return made

    def _after(self, settings: dict[str, Any], waits: bool = False) -> bool:
        """Tell whether the output of a layer with these settings waits for a quantizer."""
        if "activation" in settings:
            return False
        return waits or (settings["use_bias"] and settings.get("bias_quantizer") is None) or (
            settings.get("kernel_quantizer") == "ternary"
        )  # fmt: skip

    def _pruned(self, layer: Any) -> Any:
        if not self.chance(0.15):
            return layer
        schedule = self.k.ConstantSparsity(0.5, begin_step=0, frequency=1)
        return self.k.prune_low_magnitude(layer, pruning_schedule=schedule)

    def dense(self, t: Tensor) -> Tensor:
        t = self.ready(t)
        q = self.chance(0.85)
        settings = self._trained(q)
        cls = self.k.QDense if q else self.k.Dense
        layer = cls(int(self.rng.integers(2, 5)), name=self.name("fc"), **settings, **self.odd())
        if len(t.shape) == 2 and self.chance(0.4):
            layer = self.k.TimeDistributed(layer, name=self.name("td"))
        else:
            layer = self._pruned(layer)
        return Tensor(layer(t.keras), self._after(settings))

    def conv(self, t: Tensor) -> Tensor:
        t, rank, q = self.ready(t), len(t.shape) - 1, self.chance(0.85)
        settings = self._trained(q)
        cls = getattr(self.k, f"{'Q' if q else ''}Conv{rank}D")
        more = {"padding": self.pick(("same", "valid"))}
        more |= self.pick(({"strides": 2}, {"dilation_rate": 2}, {}, {}))
        layer = cls(
            int(self.rng.integers(2, 4)),
            2,
            name=self.name("conv"),
            **settings,
            **more,
            **self.odd(),
        )
        return Tensor(self._pruned(layer)(t.keras), self._after(settings))

    def depthwise(self, t: Tensor) -> Tensor:
        t, q = self.ready(t), self.chance(0.8)
        settings = self._trained(q, "depthwise")
        cls = self.k.QDepthwiseConv2D if q else self.k.DepthwiseConv2D
        layer = cls(2, depth_multiplier=int(self.rng.integers(1, 3)), name=self.name("dw"),
                    padding="same", **settings, **self.odd())  # fmt: skip
        waits = settings.get("depthwise_quantizer") == "ternary"
        return Tensor(layer(t.keras), self._after(settings, waits))

    def separable(self, t: Tensor) -> Tensor:
        t, rank = self.ready(t), len(t.shape) - 1
        exact = [q for q in KERNELS if "alpha=1" in q]
        settings = {
            "depthwise_quantizer": self.pick(exact),
            "pointwise_quantizer": self.pick(exact),
            "bias_quantizer": self.pick(BIASES),
            "use_bias": self.chance(0.8),
        }
        cls = getattr(self.k, f"QSeparableConv{rank}D")
        layer = cls(3, 2, name=self.name("sep"), **settings)
        return Tensor(self._pruned(layer)(t.keras))

    def folded(self, t: Tensor) -> Tensor:
        t = self.ready(t)
        settings = {
            "kernel_quantizer": "quantized_bits(5,1,1,alpha=1)",
            "use_bias": self.chance(0.5),
            "bias_quantizer": self.pick(BIASES),
        }
        layer = self.k.QConv2DBatchnorm(2, 2, name=self.name("fold"), **settings)
        return Tensor(layer(t.keras))

    def norm(self, t: Tensor) -> Tensor:
        flags = {"center": self.chance(0.8), "scale": self.chance(0.8)}
        cls = self.k.BatchNormalization if self.chance(0.7) else self.k.QBatchNormalization
        call = {"training": True} if self.chance(self.strange) else {}
        return Tensor(cls(name=self.name("bn"), **flags, **self.odd())(t.keras, **call), True)

    def relu(self, t: Tensor) -> Tensor:
        made = self.pick((
            lambda: self.k.ReLU(name=self.name("relu")),
            lambda: self.k.ReLU(max_value=2.0, name=self.name("relu")),
            lambda: self.k.LeakyReLU(alpha=0.25, name=self.name("leaky")),
            lambda: self.k.PReLU("zeros", name=self.name("prelu")),
            lambda: self.k.Activation("relu", name=self.name("relu")),
        ))()  # fmt: skip
        return Tensor(made(t.keras), t.waits)

    def nothing(self, t: Tensor) -> Tensor:
        made = self.pick((
            lambda: self.k.Dropout(0.3, name=self.name("drop"), **self.odd()),
            lambda: self.k.GaussianNoise(0.3, name=self.name("noise")),
            lambda: self.k.GaussianDropout(0.3, name=self.name("drop")),
            lambda: self.k.AlphaDropout(0.3, name=self.name("drop")),
            lambda: self.k.Activation("linear", name=self.name("lin"), **self.odd()),
        ))()  # fmt: skip
        call = {}
        if self.chance(2 * self.strange) and "lin" not in made.name:
            call["training"] = self.pick((True, False, None))
        return Tensor(made(t.keras, **call), t.waits)

    def pool(self, t: Tensor) -> Tensor:
        rank = len(t.shape) - 1
        kind = self.pick(("MaxPooling", "AveragePooling"))
        if self.chance(0.3):
            keep = {"keepdims": self.chance(0.5)}
            cls = getattr(self.k, f"Global{kind}{rank}D")
            layer, whole = cls(name=self.name("pool"), **keep), int(np.prod(t.shape[:-1]))
            exact = whole & (whole - 1) == 0
        else:
            same = self.chance(0.3)
            layer = getattr(self.k, f"{kind}{rank}D")(
                2, padding="same" if same else "valid", name=self.name("pool"), **self.odd()
            )
            exact = not same
        if kind == "AveragePooling":
            t = self.ready(t)
            return Tensor(layer(t.keras), not exact)
        return Tensor(layer(self.ready(t).keras))

    def move(self, t: Tensor) -> Tensor:
        rank = len(t.shape)
        made: list[Callable[[], Any]] = [
            lambda: self.k.Flatten(name=self.name("flat"), **self.odd())
        ]
        if rank > 1:
            axes = [int(a) + 1 for a in self.rng.permutation(rank)]
            made += [
                lambda: self.k.Permute(axes, name=self.name("perm")),
                lambda: self.k.Reshape((-1, t.shape[-1]), name=self.name("shape")),
            ]
        if rank in (2, 3):
            t = self.ready(t)
            made += [
                lambda: getattr(self.k, f"ZeroPadding{rank - 1}D")(1, name=self.name("pad")),
                lambda: getattr(self.k, f"UpSampling{rank - 1}D")(2, name=self.name("up")),
            ]
        return Tensor(self.pick(made)()(self.ready(t).keras))

    def merge(self, t: Tensor, pool: Sequence[Tensor]) -> Tensor:
        same = [o for o in pool if o.shape == t.shape]
        other = self.ready(self.pick(same))
        cls = self.pick(("Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average",
                         "Concatenate"))  # fmt: skip
        layer = getattr(self.k, cls)(name=self.name(cls.lower()), **self.odd())
        return Tensor(layer([self.ready(t).keras, other.keras]))

    # ---------------------------------------------------------------- models

    def nested(self, t: Tensor, pool: Sequence[Tensor], depth: int) -> list[Tensor]:
        """Return the outputs of a nested model, sometimes called twice."""
        shape = t.shape
        ins = [
            self.k.Input(shape, name=self.name("in")) for _ in range(int(self.rng.integers(1, 3)))
        ]
        grown = self.grow([Tensor(i) for i in ins], int(self.rng.integers(1, 4)), depth + 1)
        picked = [self.ready(self.pick(grown)) for _ in range(int(self.rng.integers(1, 3)))]
        outs = [self.k.Activation("linear", name=self.name("end"))(p.keras) for p in picked]
        inputs, keys = self.structure(ins)
        outputs, _ = self.structure(outs)
        model = self.k.Model(inputs, outputs, name=self.name("model"))
        same = [o for o in pool if o.shape == shape]
        found = []
        for _ in range(int(self.rng.integers(1, 3))):
            feeds = [self.ready(self.pick(same)).keras for _ in ins]
            given: Any = feeds if len(feeds) > 1 else feeds[0]
            if keys is not None:
                given = dict(zip(keys, feeds, strict=True))
            elif len(ins) > 1 and self.chance(0.3):  # a dictionary by the names of the inputs
                given = {i.node.layer.name: f for i, f in zip(ins, feeds, strict=True)}
            call = {"training": True} if self.chance(self.strange) else {}
            made = model(given, **call)
            found += [Tensor(out) for out in self.k.tf.nest.flatten(made)]
        return found

    def structure(self, tensors: list[Any]) -> tuple[Any, list[str] | None]:
        """Return tensors as a list or a dictionary, or alone, and the keys of a dictionary."""
        if self.chance(0.4):
            letters = [chr(97 + int(i)) for i in self.rng.permutation(26)[: len(tensors)]]
            return dict(zip(letters, tensors, strict=True)), letters
        return (tensors if len(tensors) > 1 or self.chance(0.3) else tensors[0]), None

    def grow(self, pool: list[Tensor], steps: int, depth: int = 0) -> list[Tensor]:
        """Return the pool with the outputs of so many more layers."""
        pool = list(pool)
        for _ in range(steps):
            t = self.pick(pool[-3:])
            rank = len(t.shape)
            made: list[Callable[[Tensor], Tensor]] = [
                self.dense, self.dense, self.act, self.norm, self.relu, self.nothing, self.move,
            ]  # fmt: skip
            small = rank == 1 or min(t.shape[:-1]) >= 4
            if rank in (2, 3) and small:
                made += [self.conv, self.conv, self.pool]
            if rank == 3 and small:
                made += [self.depthwise, self.separable, self.folded]
            choice = self.rng.random()
            if choice < 0.15:
                pool.append(self.merge(t, pool))
            elif choice < 0.3 and depth < 2 and int(np.prod(t.shape)) < 100:
                pool += self.nested(t, pool, depth)
            elif int(np.prod(t.shape)) < 300:
                pool.append(self.pick(made)(t))
        return pool

    def model(self) -> Any:
        """Return the whole model, its variables not yet drawn."""
        ins = []
        for _ in range(int(self.rng.integers(1, 4))):
            more = {"dtype": self.pick(("float16", "float64"))} if self.chance(self.strange) else {}
            ins.append(self.k.Input(self.pick(SHAPES), name=self.name("x"), **more))
        first = [Tensor(self.k.QActivation(GRID, name=self.name("q"))(i)) for i in ins]
        grown = self.grow(first, int(self.rng.integers(3, 9)))
        ends = [*grown[-2:], self.pick(grown)][: int(self.rng.integers(1, 4))]
        outs = []
        for end in ends:
            t = self.act(end) if self.chance(0.5) else end
            last, name = self.pick((("softmax", "soft"), *3 * [("linear", "y")], *6 * [("", "")]))
            if last == "softmax":
                t = self.ready(t)
            layer = self.k.Activation(last, name=self.name(name)) if last else lambda x: x
            outs.append(layer(t.keras))
        return self.k.Model(self.structure(ins)[0], self.structure(outs)[0], name=self.name("net"))

    def draw(self, model: Any) -> None:
        """Give every variable a value as training leaves it; biases of zeros, masks of any kind."""
        normal, rng = self.rng.normal, self.rng
        quantized = {
            v.ref()
            for layer in model._flatten_layers()
            if type(layer).__name__.startswith("Q")
            for v in layer.weights
        }
        for variable in model.weights:
            name, shape = variable.name.rpartition("/")[2].partition(":")[0], tuple(variable.shape)
            if "step" in name or "threshold" in name or "iteration" in name:
                continue
            if name.startswith("mask"):
                made = (rng.random(shape) < 0.6).astype(float)
            elif name == "gamma":
                made = rng.choice([-1, 1], shape, p=[0.2, 0.8]) * rng.uniform(0.3, 2, shape)
            elif name == "moving_variance":
                made = rng.uniform(0.1, 4, shape)
            elif name == "bias" and self.chance(0.4):
                made = np.zeros(shape)
            elif variable.ref() in quantized or name in ("beta", "moving_mean"):
                made = normal(0, 0.5, shape)
                if "kernel" in name and self.chance(0.15):
                    made = self.pick(
                        (made * 0, made * 100, made * 1e-3, made * (made[..., :1] > 0))
                    )
            else:  # a layer without quantizers: small integers on one grid
                made = np.rint(normal(0, 0.5, shape) * 4) / 4
            variable.assign(made.astype(variable.dtype.as_numpy_dtype))
