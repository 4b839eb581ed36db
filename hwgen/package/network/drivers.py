# SPDX-License-Identifier: Apache-2.0
"""Drivers of a network: Python for PYNQ, C for bare metal."""

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


def _c_type(stream: AxisPort) -> str:
    """Return the C type of a code: that of its container, at most 64 bits."""
    return f"{'' if stream.fixed.signed else 'u'}int{min(stream.container, 64)}_t"


def c_driver(core: NetworkCore) -> Driver:
    """Return the bare-metal driver, without the header of its registers."""
    names = {"name": core.base, "NAME": core.base.upper()}
    sizes, heads, bodies = [], [], []
    for side, streams in (("IN", core.inputs), ("OUT", core.outputs)):
        for stream in streams:
            kind, tag = _c_type(stream), f"{names['NAME']}_{side}_{stream.label.upper()}"
            whole = stream.beats * core.data_width // 8
            sizes += [
                f"/* {stream.name}: {stream.dims} of {stream.fixed}, containers of "
                f"{stream.container} bits */",
                f"#define {tag}_ELEMENTS {stream.size}",
                f"#define {tag}_BYTES {stream.bytes} /* of a sample */",
                f"#define {tag}_BATCH_BYTES {whole} /* of a sample in a frame of several */",
            ]
            verb, first, second = (
                ("pack", f"const {kind} *codes", "uint8_t *bytes") if side == "IN"
                else ("unpack", "const uint8_t *bytes", f"{kind} *codes")
            )  # fmt: skip
            head = (
                f"void {core.base}_{verb}_{stream.label}({first}, size_t samples, size_t stride, "
                f"{second})"
            )
            heads.append(f"{head};")
            inner = "put" if side == "IN" else "get"
            call = (
                f"put(bytes + at, (uint64_t)codes[i], {stream.container // 8}, "
                f"{'codes[i] < 0' if stream.fixed.signed else '0'});"
            )
            if inner == "get":
                call = f"codes[i] = ({kind})get(bytes + at, {min(stream.container, 64) // 8});"
            bodies += [
                head,
                "{",
                f"    for (size_t i = 0; i < samples * {stream.size}u; i++) {{",
                f"        const size_t at = i / {stream.size}u * stride + "
                f"i % {stream.size}u * {stream.container // 8}u;",
                f"        {call}",
                "    }",
                "}",
                "",
            ]
    guard = f"{names['NAME']}_H"
    header = fill_template(
        template("driver.h.in"), **names, guard=guard, sizes="\n".join(sizes),
        heads="\n".join(heads), model=core.model[:16], latency=str(core.latency),
        interval=str(core.interval), digest_hi=core.model[:8], digest_lo=core.model[8:16],
    )  # fmt: skip
    source = fill_template(template("driver.c.in"), **names, bodies="\n".join(bodies))
    first, last = core.inputs[0].label, core.outputs[0].label
    usage = fill_template(
        template("readme_c.md.in"), base=core.base, BASE=core.base.upper(), source=first,
        SOURCE=first.upper(), sink=last, SINK=last.upper(),
    )  # fmt: skip
    return Driver(((f"{core.base}.h", header), (f"{core.base}.c", source)), usage)
