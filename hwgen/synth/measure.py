# SPDX-License-Identifier: Apache-2.0
"""Parts of a build through the tools, each result kept by the digest of all it depends on."""

from __future__ import annotations

import base64
import hashlib
import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cache as once
from pathlib import Path
from typing import Any, TypeVar

from hwgen.synth import nextpnr
from hwgen.synth.bitstream import pack
from hwgen.synth.board.harness import UNIT, harness_name
from hwgen.synth.cache import Cache, key_of
from hwgen.synth.count import Measured
from hwgen.synth.nextpnr import harness_pins, place_and_route, write_harnessed
from hwgen.synth.placement import Placement, Routed
from hwgen.synth.sources import Part
from hwgen.synth.yosys import script_for, synthesise, version, write_netlist
from hwgen.target.board import Device, Pins
from hwgen.units.library import find_unit

T = TypeVar("T")


@dataclass(frozen=True)
class Setting:
    """Settings of a synthesis of parts.

    Attributes:
        family: of the target.
        device: its part; None where there is no open place and route.
        dsp: products may take DSP blocks.
    """

    family: str
    device: Device | None = None
    dsp: bool = False

    @property
    def part(self) -> str:
        """Name of the part, where Yosys must know it."""
        return self.device.name if self.device else ""


class Bench:
    """Bench of synthesis tools: runs them, or finds what they said of the same text before.

    Args:
        setting: of all that is measured.
        cache: where results are kept.
    """

    def __init__(self, setting: Setting, cache: Cache) -> None:
        self.setting, self.cache = setting, cache

    def measured(self, part: Part) -> Measured:
        """Return what a part takes once mapped, and its logic depth.

        Raises: as `hwgen.synth.yosys.synthesise`.
        """
        setting = self.setting

        def run() -> dict[str, Any]:
            with tempfile.TemporaryDirectory() as name:
                made = synthesise(
                    part.write(Path(name)), part.top, setting.family, dsp=setting.dsp,
                    device=setting.part,
                )  # fmt: skip
            return asdict(made)

        return self._kept(
            key_of("measured", *self._script(part)), run, lambda found: Measured(**found)
        )

    def routed(self, part: Part, pins: Pins | None, seed: int, mhz: float) -> Routed:
        """Return a part placed and routed in its harness; the mapped netlist is kept as well.

        Raises: as `hwgen.synth.nextpnr.place_and_route`.
        """
        setting = self.setting
        assert setting.device is not None
        device, unit = setting.device, find_unit(UNIT).path.read_text("utf-8")
        mapped = key_of("harnessed", *self._script(part), unit)
        constraints = harness_pins(setting.family, pins)
        key = key_of(
            "routed", mapped, nextpnr.version(setting.family), repr(device), constraints,
            str(seed), f"{mhz:g}",
        )  # fmt: skip

        def run() -> dict[str, Any]:
            with tempfile.TemporaryDirectory() as name:
                netlist = Path(name) / "netlist.json"
                self._harnessed(part, mapped, netlist)
                made = place_and_route(
                    netlist, harness_name(part.top), device, setting.family,
                    Placement(seed, mhz, constraints),
                )  # fmt: skip
            return asdict(made)

        return self._kept(key, run, _routed)

    def harness(self, part: Part) -> None:
        """Map a part in its harness ahead, so that several seeds find the netlist.

        Raises: as `hwgen.synth.nextpnr.write_harnessed`.
        """
        unit = find_unit(UNIT).path.read_text("utf-8")
        with tempfile.TemporaryDirectory() as name:
            key = key_of("harnessed", *self._script(part), unit)
            self._harnessed(part, key, Path(name) / "netlist.json")

    def _harnessed(self, part: Part, key: str, to: Path) -> None:
        found = self.cache.get(key)
        if found is not None:
            to.write_bytes(found)
            return
        with tempfile.TemporaryDirectory() as name:
            write_harnessed(
                part.write(Path(name)), part.top, self.setting.family, to,
                device=self.setting.part, dsp=self.setting.dsp,
            )  # fmt: skip
        self.cache.put(key, to.read_bytes())

    def loadable(self, part: Part, constraints: str, seed: int, mhz: float) -> tuple[Routed, bytes]:
        """Return a whole board design placed and routed, and its bitstream.

        Raises: as `hwgen.synth.nextpnr.place_and_route` and `hwgen.synth.bitstream.pack`.
        """
        setting = self.setting
        assert setting.device is not None
        device = setting.device
        mapped = key_of("whole", *self._script(part, pads=True))
        key = key_of(
            "loadable", mapped, nextpnr.version(setting.family), repr(device), constraints,
            str(seed), f"{mhz:g}",
        )  # fmt: skip

        def run() -> dict[str, Any]:
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                netlist = folder / "netlist.json"
                found = self.cache.get(mapped)
                if found is None:
                    write_netlist(
                        part.write(folder), part.top, setting.family, netlist, dsp=setting.dsp,
                        pads=True, device=setting.part,
                    )  # fmt: skip
                    self.cache.put(mapped, netlist.read_bytes())
                else:
                    netlist.write_bytes(found)
                made = place_and_route(
                    netlist, part.top, device, setting.family,
                    Placement(seed, mhz, constraints), folder / "routed",
                )  # fmt: skip
                assert made.config is not None
                bits = pack(setting.family, device, made.config)
            facts = asdict(replace(made, config=None))
            return {**facts, "bits": base64.b64encode(bits).decode()}

        def read(found: dict[str, Any]) -> tuple[Routed, bytes]:
            return _routed(found), base64.b64decode(found["bits"])

        return self._kept(key, run, read)

    def _script(self, part: Part, *, pads: bool = False) -> list[str]:
        setting = self.setting
        names = [f"s{i}" for i in range(len(part.texts))]
        script = script_for(
            setting.family, names, part.top, dsp=setting.dsp, pads=pads, device=setting.part
        )
        return [version(), flow_digest(), setting.family, *script, *part.texts]

    def _kept(
        self, key: str, run: Callable[[], dict[str, Any]], read: Callable[[dict[str, Any]], T]
    ) -> T:
        found = self.cache.get(key)
        if found is not None:
            try:
                return read(json.loads(found))
            except (ValueError, KeyError, TypeError):
                pass  # damaged, or of another version: found out anew
        fresh = run()
        content = json.dumps(fresh, default=str).encode()
        self.cache.put(key, content)
        return read(json.loads(content))


def _routed(found: dict[str, Any]) -> Routed:
    used = tuple((str(kind), int(a), int(b)) for kind, a, b in found["used"])
    known = {k: v for k, v in found.items() if k != "bits"}
    return Routed(**{**known, "used": used, "config": None})


@once
def flow_digest() -> str:
    """Return the digest of what maps and counts: results of another are of no use."""
    whole = hashlib.sha256()
    folder = Path(__file__).parent
    for file in sorted([*folder.glob("*.py"), *folder.glob("*.v")]):
        whole.update(file.read_bytes())
    return whole.hexdigest()
