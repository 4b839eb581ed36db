# SPDX-License-Identifier: Apache-2.0
"""Driver of a network in Python for PYNQ."""

from __future__ import annotations

from hwgen.files import fill_template
from hwgen.package.ip_core import AxisPort, Driver
from hwgen.package.network.core import NetworkCore
from hwgen.package.registers import RegisterMap, field_lines, offset_lines
from hwgen.package.text import class_name, template


def _figures(values: tuple[int, ...]) -> str:
    """Return the one figure that all elements share, or a list of all."""
    return str(values[0]) if len(set(values)) == 1 else str(list(values))


def _python_port(stream: AxisPort, limits: bool) -> str:
    facts = {
        "shape": str(stream.shape),
        "width": str(stream.fixed.width),
        "frac": str(stream.fixed.frac),
        "signed": str(stream.fixed.signed),
        "container": str(stream.container),
        "beats": str(stream.beats),
        **({"lo": _figures(stream.lo), "hi": _figures(stream.hi)} if limits else {}),
        "scale": str(list(stream.scale)),
        "offset": str(list(stream.offset)),
        **({} if stream.scaler is None else {"scaler": str([list(p) for p in stream.scaler])}),
    }
    rows = [f'    "{key}": {value},' for key, value in facts.items()]
    return "\n".join([f'"{stream.name}": {{', *rows, "},"])


def pynq_driver(core: NetworkCore, registers: RegisterMap) -> Driver:
    """Return the PYNQ driver, a module of its own that needs ``pynq`` and numpy."""
    text = fill_template(
        template("pynq.py.in"),
        ip=core.ip,
        module=core.base,
        klass=class_name(core.base),
        model=core.model,
        latency=str(core.latency),
        interval=str(core.interval),
        data_width=str(core.data_width),
        inputs="\n".join(_python_port(s, True) for s in core.inputs),
        outputs="\n".join(_python_port(s, False) for s in core.outputs),
        registers=offset_lines(registers.registers),
        fields=field_lines(registers.registers),
        magic=f"{registers.resets()['id']:08X}",
    )
    klass = class_name(core.base)
    usage = fill_template(template("readme_pynq.md.in"), base=core.base, klass=klass)
    return Driver(((f"{core.base}.py", text),), usage)
