# SPDX-License-Identifier: Apache-2.0
"""Drivers and monitors of plain stream links: ``<name>_valid``, ``_ready`` and ``_data``."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any

from axis import AxisSink, AxisSource, Beat, pauses, value

WIRES = ("valid", "ready", "data")


def words(data: Iterable[int]) -> deque[Beat]:
    """Return words as the beats of a source's queue."""
    return deque(Beat(word, 0, False) for word in data)


class LinkSource(AxisSource):
    """Offers the words of a stream link; the rest is as for `AxisSource`."""

    def __init__(self, dut: Any, prefix: str, width: int) -> None:
        self._valid, self._ready, self._data = (getattr(dut, f"{prefix}_{w}") for w in WIRES)
        self._ones = (1 << width) - 1
        self._offered: Beat | None = None
        self.queue: deque[Beat] = deque()
        self.sent = 0
        self.pattern = pauses("none")
        self.idle()

    def _put(self, beat: Beat) -> None:
        self._data.value = beat.data


class LinkSink(AxisSink):
    """Takes the words of a stream link and watches the handshake, as `AxisSink` does."""

    def __init__(self, dut: Any, prefix: str) -> None:
        self._prefix = prefix
        self._valid, self._ready, self._data = (getattr(dut, f"{prefix}_{w}") for w in WIRES)
        self.pattern = pauses("none")
        self.idle()

    def _beat(self) -> Beat:
        return Beat(value(self._data), 0, False)
