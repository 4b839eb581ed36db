# SPDX-License-Identifier: Apache-2.0
"""Conversions of the emulator: values of inputs to codes, codes of outputs to values."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from hwgen.emit.emulator.lanes import Side
from hwgen.emit.hls import cpp
from hwgen.errors import ConfigError

_FLOAT, _DOUBLE = 22, 51  # bits of codes that one addition rounds in either type
_TEXT = """\
// {name}: code = value * 2**{frac}, rounded half to even and saturated. What is beyond the
// bounds is brought one beyond them first, so that an addition rounds; so is what is no number.
HWG_LANES void codes_of_{name}(
    const {given}* __restrict values, {code}* __restrict codes, int samples, Moved& moved) {{
  int off_grid = 0, saturated = 0;
  for (int i = 0; i < samples * {size}; ++i) {{
    const {real} low = {low}, high = {high};
    const {real} scaled = values[i] * {scale};
    const {real} above = scaled > low - 1 ? scaled : low - 1;
    const {real} near = above < high + 1 ? above : high + 1;
    const {real} whole = (near + {magic}) - {magic};
    const {real} least = whole > low ? whole : low;
    const {real} code = least < high ? least : high;
    off_grid += code != scaled;
    saturated += code != whole;
    codes[i] = {code}({whole}(code));
  }}
  int not_finite = 0;
  if (saturated != 0)
    for (int i = 0; i < samples * {size}; ++i) not_finite += values[i] - values[i] != 0;
  moved.rounded += size_t(off_grid - saturated);
  moved.saturated += size_t(saturated - not_finite);
  moved.not_finite += size_t(not_finite);
}}"""


def to_codes(side: Side, given: str) -> Iterator[str]:
    """Yield the function that converts values of an input, ``float`` or ``double``.

    Raises:
        ConfigError: codes of more bits than a double rounds exactly.
    """
    kind = side.type
    low, high = (np.broadcast_to(end, kind.shape).reshape(-1) for end in (kind.lo, kind.hi))
    bits = max(int(np.abs(end).max()) for end in (low, high)).bit_length() + 1
    if bits > _DOUBLE or not -900 <= kind.frac <= 900:
        raise ConfigError(
            f"codes of {bits} bits, {kind.frac} of them fraction; the emulator takes {_DOUBLE}",
            side.name,
            "use hwgen.predict, or give the input a narrower format",
        )
    single = given == "float" and bits <= _FLOAT and 0 <= kind.frac <= 100
    real, suffix = ("float", "f") if single else ("double", "")
    yield ""
    bounds = []
    for name, values in (("LOW", low), ("HIGH", high)):
        if (values == values[0]).all():
            bounds.append(f"{real}({cpp.number(int(values[0]))})")
            continue
        label = f"{side.name.upper()}_{name}_{given.upper()}"
        head = f"const {real} {label}[{side.size}]"
        yield from cpp.table(head, (f"{cpp.number(int(v))}" for v in values))
        bounds.append(f"{label}[i % {side.size}]")
    yield _TEXT.format(
        name=side.name,
        frac=kind.frac,
        given=given,
        code=side.ctype,
        size=side.size,
        real=real,
        whole="int" if side.lane <= 32 and bits <= 31 else "int64_t",
        low=bounds[0],
        high=bounds[1],
        scale=f"{float(2.0**kind.frac).hex()}{suffix}",
        magic="12582912.0f" if single else "6755399441055744.0",
    )


def to_values(side: Side) -> Iterator[str]:
    """Yield the function that converts codes of an output to doubles, as numpy does."""
    count = len(side.scale)
    yield ""
    yield f"// {side.name}: value = code * scale + offset"
    yield (f"void values_of_{side.name}(const {side.ctype}* codes, double* values, int samples) {{")
    scale = _each(side.scale)
    if count > 1:
        yield from (f"  {line}" for line in cpp.table(f"static const double SCALE[{count}]", scale))
    factor = f"SCALE[i % {count}]" if count > 1 else scale[0]
    loop = f"  for (int i = 0; i < samples * {side.size}; ++i)"
    yield f"{loop} values[i] = double(codes[i]) * {factor};"
    if any(side.offset):
        offset = _each(side.offset)
        many = len(offset)
        if many > 1:
            head = f"static const double OFFSET[{many}]"
            yield from (f"  {line}" for line in cpp.table(head, offset))
        term = f"OFFSET[i % {many}]" if many > 1 else offset[0]
        yield f"{loop} values[i] += {term};"
    yield "}"


def _each(values: tuple[float, ...]) -> list[str]:
    return [float(v).hex() for v in values]
