# SPDX-License-Identifier: Apache-2.0
"""Backend ``HWGen`` for hls4ml: its users' calls, with hwgen's integers, C++ and RTL behind them.

``convert_from_keras_model(model, backend="HWGen")``, then ``compile``, ``predict``, ``trace``,
``write`` and ``build`` as ever. hls4ml finds it by the entry point ``hls4ml.backends``, and imports
this module while its own backends load, so that nothing heavy may be imported here.

The layers are read from the Keras model itself: hls4ml's graph has lost what makes them exact.
"""

from __future__ import annotations

import sys
import traceback
from types import MethodType
from typing import Any

from hls4ml.backends import FPGABackend
from hls4ml.model.flow import register_flow
from hls4ml.model.optimizer import model_optimizer
from hls4ml.writer.writers import Writer

NAME = "HWGen"
BOARD = "vu9p"  # where neither a board nor a part that has one is named
# Words that hls4ml's other backends take, and that mean nothing here.
_IDLE = (
    "clock_uncertainty",
    "namespace",
    "write_weights_txt",
    "write_tar",
    "tb_output_stream",
    "write_emulation_constants",
    "project_name",
    "output_dir",
    "backend",
    "input_data_tb",
    "output_data_tb",
)


class HWGenWriter(Writer):  # type: ignore[misc]
    """Writer of a project: the folder that ``hwgen build --hls`` writes."""

    def write_hls(self, model: Any) -> None:
        """Write RTL, C++ and report into the output folder of *model*."""
        project(model).write()


class HWGenBackend(FPGABackend):  # type: ignore[misc]
    """Backend of hls4ml whose emulation, C++ and RTL are hwgen's."""

    def __init__(self) -> None:
        super().__init__(NAME)
        adopt = ["hwgen:adopt"]
        register_flow("adopt", adopt, requires=["convert"], backend=self.name)
        register_flow("write", ["hwgen:write_hls"], requires=["hwgen:adopt"], backend=self.name)

    def get_default_flow(self) -> str:
        """Return the flow that a conversion runs."""
        return "hwgen:adopt"

    def get_writer_flow(self) -> str:
        """Return the flow of ``write``."""
        return "hwgen:write"

    def create_initial_config(
        self,
        part: str | None = None,
        board: str | None = None,
        clock_period: float = 5,
        io_type: str = "io_parallel",
        input_format: str | None = None,
        head: str | None = None,
        **others: Any,
    ) -> dict[str, object]:
        """Return the configuration of a project.

        Args:
            part: of Xilinx; the board of hwgen that has it is planned for.
            board: of hwgen, before *part*.
            clock_period: nanoseconds.
            io_type: ``io_parallel``, or ``io_stream`` for the stream style.
            input_format: ``s16.10`` for inputs without a quantizer; else hls4ml's own precision.
            head: ``logits``, ``argmax`` or ``softmax``; else softmax where the model ends in one.
            others: what hls4ml's other backends take and this one has no use for.

        Raises:
            TypeError: a word that no backend knows.
        """
        unknown = sorted(set(others) - set(_IDLE))
        if unknown:
            raise TypeError(f"backend {NAME} does not know {', '.join(unknown)}")
        return {
            "Part": part,
            "Board": board,
            "ClockPeriod": clock_period,
            "IOType": io_type,
            "InputFormat": input_format,
            "Head": head,
            "HLSConfig": {},
        }

    @model_optimizer()  # type: ignore[untyped-decorator]
    def adopt(self, model: Any) -> bool:
        """Give *model* the calls that hls4ml does not leave to a backend."""
        project(model)
        for name, call in (("compile", _compile), ("_compile", _compile), ("trace", _trace)):
            setattr(model, name, MethodType(call, model))
        return False

    def compile(self, model: Any) -> str:
        """Compile the emulator of *model* and return the path of its library."""
        return str(project(model).compile())

    def predict(self, model: Any, x: Any, **_: Any) -> Any:
        """Return what the network gives for *x*: a row a sample, as hls4ml shapes it."""
        return project(model).predict(x)

    def build(self, model: Any, **kwargs: Any) -> Any:
        """Build the project: see `hwgen.interop.hls4ml_project.Project.build`."""
        return project(model).build(**kwargs)


def project(model: Any) -> Any:
    """Return the hwgen project of a model of hls4ml; made at the first call.

    Raises:
        ModelError: the Keras model is gone, or has no exact integer form.
    """
    found = getattr(model, "hwgen_project", None)
    if found is None:
        from hwgen.interop.hls4ml_project import Project, Settings

        config = model.config.get_config_value
        precisions = {
            variable.name.removesuffix("_input"): variable.type.precision
            for variable in model.get_input_variables()
        }
        settings = Settings(
            model.config.get_output_dir(),
            model.config.get_project_name(),
            config("Part"),
            config("Board") or BOARD,
            bool(config("Board")),
            float(config("ClockPeriod") or 5),
            config("IOType") or "io_parallel",
            config("InputFormat"),
            config("Head"),
        )
        found = Project(config("KerasModel"), settings, list(precisions.values()), _say)
        model.hwgen_project = found
    return found


def _say(stage: str, line: str) -> None:
    """Write a line as hls4ml does: to standard output, beside its own."""
    sys.stdout.write(f"HWGen: {stage} {line}\n")


def _compile(model: Any) -> None:
    project(model).compile()


def _trace(model: Any, x: Any) -> Any:
    return project(model).trace(x)


_ASKED: list[Any] = []  # functions that the backend was registered with


def register(register_backend: Any, register_writer: Any) -> None:
    """Register writer and backend with hls4ml.

    hls4ml prints the error of a plugin and goes on without it. It answers a TypeError by a second
    call, whose error would hide the first one: here the first error is raised as another kind.

    Raises:
        RuntimeError: the backend cannot be made, with the reason.
    """
    if register_backend in _ASKED:  # by the entry point, and by a variable of the environment
        return
    try:
        register_writer(NAME, HWGenWriter)  # the backend asks for it
        register_backend(NAME, HWGenBackend)
        _ASKED.append(register_backend)
    except Exception as error:
        traceback.print_exc()
        raise RuntimeError(f"the backend {NAME} cannot be registered: {error}") from error
