# SPDX-License-Identifier: Apache-2.0
"""Slang as a reader of our SystemVerilog: what it complains about, in this process.

All its warnings are on. Those below are off, each for the reason beside it; the dialect forbids
none of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pyslang import Diagnostic, analysis, driver

WAIVED = {
    # A size cast of an int parameter, such as `4'(Depth)`, is signed and stands beside unsigned
    # words. Both sides have the same width (width warnings are on), so the sign changes no bit.
    "sign-compare": "same width",
    "sign-conversion": "same width",
    "arith-op-mismatch": "same width",
    "bitwise-op-mismatch": "same width",
    "case-type": "same width",
    # A cast that is needed at one width does nothing at another.
    "useless-cast": "only at some parameters",
    # A shift register of one place: what is shifted out is all of it, and 0 is what remains.
    "shift-count-overflow": "0 is meant",
    # A design ships two tops, and a file of the one is not read for the other.
    "unused-def": "two tops",
    # The body of a loop or a generate block has names of its own.
    "shadow-value": "blocks are small",
}
OPTIONS = (
    "-Weverything",
    *(f"-Wno-{name}" for name in WAIVED),
    # hwg_codec_table fills its memory in an `initial` block: FPGA tools read one beside always_ff.
    "--allow-dup-initial-drivers",
)


def complaints(
    files: Sequence[Path], top: str, params: Mapping[str, int | str], *defines: str
) -> list[str]:
    """Return what slang has to say when it reads files and elaborates *top*.

    Args:
        files: sources, any order.
        top: the module to elaborate.
        params: parameters of the top.
        defines: macros that are set.
    """
    given = [f'-G "{name}={value}"' for name, value in params.items()]
    command = ["slang", *OPTIONS, *(f"-D{d}" for d in defines), *given, f"--top {top}"]
    slang = driver.Driver()
    slang.addStandardArgs()
    assert slang.parseCommandLine(" ".join([*command, *(f'"{file}"' for file in files)]))
    assert slang.processOptions()
    assert slang.parseAllSources()
    compilation = slang.createCompilation()
    found = list(compilation.getAllDiagnostics())
    compilation.freeze()
    manager = analysis.AnalysisManager(slang.analysisOptions)
    manager.analyze(compilation)
    found += manager.getDiagnostics()
    return list(dict.fromkeys(_texts(slang, found)))


def _texts(slang: driver.Driver, found: Sequence[Diagnostic]) -> Iterator[str]:
    for diagnostic in found:
        code, place = diagnostic.code, diagnostic.location
        if slang.diagEngine.getSeverity(code, place).name == "Ignored":
            continue
        text = slang.diagEngine.formatMessage(diagnostic)
        if text.startswith("variable 'unused"):
            continue  # the dialect's sink of bits that nothing reads
        file = Path(slang.sourceManager.getFileName(place)).name
        yield f"{file}:{slang.sourceManager.getLineNumber(place)}: {text}"
