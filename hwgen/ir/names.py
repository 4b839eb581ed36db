# SPDX-License-Identifier: Apache-2.0
"""Identifiers: from the names of a model to names that every tool accepts."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Reserved words of IEEE 1800-2017, which include those of Verilog.
_RESERVED = """
    accept_on alias always always_comb always_ff always_latch and assert assign assume
    automatic before begin bind bins binsof bit break buf bufif0 bufif1 byte case casex casez
    cell chandle checker class clocking cmos config const constraint context continue cover
    covergroup coverpoint cross deassign default defparam design disable dist do edge else end
    endcase endchecker endclass endclocking endconfig endfunction endgenerate endgroup
    endinterface endmodule endpackage endprimitive endprogram endproperty endsequence
    endspecify endtable endtask enum event eventually expect export extends extern final
    first_match for force foreach forever fork forkjoin function generate genvar global highz0
    highz1 if iff ifnone ignore_bins illegal_bins implements implies import incdir include
    initial inout input inside instance int integer interconnect interface intersect join
    join_any join_none large let liblist library local localparam logic longint macromodule
    matches medium modport module nand negedge nettype new nexttime nmos nor noshowcancelled
    not notif0 notif1 null or output package packed parameter pmos posedge primitive priority
    program property protected pull0 pull1 pulldown pullup pulsestyle_ondetect
    pulsestyle_onevent pure rand randc randcase randsequence rcmos real realtime ref reg
    reject_on release repeat restrict return rnmos rpmos rtran rtranif0 rtranif1 s_always
    s_eventually s_nexttime s_until s_until_with scalared sequence shortint shortreal
    showcancelled signed small soft solve specify specparam static string strong strong0
    strong1 struct super supply0 supply1 sync_accept_on sync_reject_on table tagged task this
    throughout time timeprecision timeunit tran tranif0 tranif1 tri tri0 tri1 triand trior
    trireg type typedef union unique unique0 unsigned until until_with untyped use uwire var
    vectored virtual void wait wait_order wand weak weak0 weak1 while wildcard wire with
    within wor xnor xor
"""
KEYWORDS = frozenset(_RESERVED.split())
# Module and file names are made of a design's and a layer's; some tools stop at 127 characters.
_LONGEST = 48


def identifier(text: str) -> str:
    """Return *text* as an identifier: ``fc/1`` gives ``fc1``, ``dense_3`` gives ``dense3``.

    Only ASCII letters, digits and single inner underscores survive; a number at the end loses its
    underscore, because ``_3`` and ``_q3`` mark repeated and delayed signals; a reserved word gets
    ``_layer``.
    """
    name = re.sub(r"[^A-Za-z0-9]+", "_", text).strip("_")[:_LONGEST].rstrip("_")
    name = re.sub(r"_(q?\d+)$", r"\1", name) or "layer"
    if name[0].isdigit():
        name = "layer" + name
    return name + "_layer" if name in KEYWORDS else name


class Names:
    """Source of identifiers, each handed out once; the same requests give the same names.

    Names are compared without case, because files are named after modules.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = {name.lower() for name in taken}

    def take(self, text: str, prefix: str = "") -> str:
        """Return a fresh identifier for *text*; with *prefix*, ``prefix + name`` is what is unique.

        A name that is taken gets a letter, not a number: ``fc1`` becomes ``fc1b``.
        """
        base = identifier(text)
        name, count = base, 1
        while (prefix + name).lower() in self._taken:
            count += 1
            name = base + _letters(count)
        self._taken.add((prefix + name).lower())
        return name


def _letters(number: int) -> str:
    """Return 1 -> a, 2 -> b, 26 -> z, 27 -> aa."""
    text = ""
    while number:
        number, digit = divmod(number - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


def element(name: str, index: Iterable[int]) -> str:
    """Return the label of an element of a tensor: ``relu2[7]``, ``conv1[0,3,2]``."""
    return f"{name}[{','.join(str(int(i)) for i in index)}]"


def node_name(name: str) -> str:
    """Return a legal identifier made of a model's name."""
    text = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_") or "layer"
    return text if text[0].isalpha() else f"l{text}"
