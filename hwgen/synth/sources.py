# SPDX-License-Identifier: Apache-2.0
"""Part of a build's RTL: what one module needs and nothing else, its text being its identity.

Comments are left out, because a banner names the model, and so are constants and modules that are
not used. A layer whose logic did not change thus has the same text in the next build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hwgen.errors import ConfigError

_COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|//[^\n]*|/\*.*?\*/', re.S)
_PACKAGE = re.compile(r"^package\s+(\w+);(.*)^endpackage", re.S | re.M)
_CONSTANT = re.compile(r"^\s*localparam\b[^;]*?\b(\w+)\s*=[^;]*;\n?", re.M)
_WORD = re.compile(r"[A-Za-z_]\w*")
_HEADER = re.compile(r"^module\s+\w+.*?^\);\n", re.S | re.M)


@dataclass(frozen=True)
class Part:
    """A module with what it needs.

    Attributes:
        top: the module.
        texts: sources in dependency order.
    """

    top: str
    texts: tuple[str, ...]

    def write(self, folder: Path) -> list[Path]:
        """Write the sources into *folder* and return them in order."""
        files = [folder / f"s{i}.sv" for i in range(len(self.texts))]
        for file, text in zip(files, self.texts, strict=True):
            file.write_text(text, encoding="utf-8")
        return files


def clean(text: str) -> str:
    """Return a source without comments, blank lines and blanks at the ends of lines."""
    bare = _COMMENT.sub(lambda match: match[1] or " ", text)
    return "".join(f"{line.rstrip()}\n" for line in bare.splitlines() if line.strip())


class Sources:
    """Sources of a build, one module or package a file, file and module of one name.

    Args:
        files: in dependency order.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self._text = {path.stem: clean(path.read_text("utf-8")) for path in files}
        self._words = {name: frozenset(_WORD.findall(t)) for name, t in self._text.items()}

    def with_texts(self, texts: Mapping[str, str]) -> Sources:
        """Return these and other sources, module to text, behind them."""
        made = Sources([])
        made._text = {**self._text, **{name: clean(text) for name, text in texts.items()}}
        made._words = {name: frozenset(_WORD.findall(t)) for name, t in made._text.items()}
        return made

    def text(self, module: str) -> str:
        """Return the text of a module, comments left out.

        Raises:
            ConfigError: there is no such module.
        """
        if module not in self._text:
            raise ConfigError(f"the RTL has no module {module}", "rtl/files.f", "build it again")
        return self._text[module]

    @property
    def modules(self) -> tuple[str, ...]:
        """Names of the modules and packages, in order."""
        return tuple(self._text)

    def part(self, top: str, boxes: Iterable[str] = ()) -> Part:
        """Return a module with what it needs.

        Args:
            top: the module.
            boxes: modules of which the ports alone are kept, as black boxes.

        Raises:
            ConfigError: there is no such module.
        """
        self.text(top)  # it is there
        closed = frozenset(boxes)
        needed: set[str] = set()
        waiting = [top]
        while waiting:
            name = waiting.pop()
            if name not in needed:
                needed.add(name)
                if name not in closed:
                    waiting += [w for w in self._words[name] if w in self._text]
        # A black box reads no package: the widths of its ports are plain numbers.
        readers = [n for n in needed - closed if not _PACKAGE.search(self._text[n])]
        open_words = frozenset[str]().union(*(self._words[n] for n in readers))
        texts = []
        for name in self._text:
            if name in needed:
                text = self._text[name]
                texts.append(_shell(text, name) if name in closed else _used(text, open_words))
        return Part(top, tuple(texts))


def _used(text: str, words: frozenset[str]) -> str:
    """Return a package with the constants that are read; other sources as they are."""
    package = _PACKAGE.search(text)
    if package is None:
        return text
    texts = {match[1]: match[0] for match in _CONSTANT.finditer(package[2])}
    kept, waiting = set[str](), sorted(words & set(texts))
    while waiting:  # a constant may be made of others
        name = waiting.pop()
        if name not in kept:
            kept.add(name)
            waiting += [word for word in _WORD.findall(texts[name]) if word in texts]
    body = _CONSTANT.sub(lambda match: match[0] if match[1] in kept else "", package[2])
    return f"{text[: package.start(2)]}{body}{text[package.end(2) :]}"


def _shell(text: str, name: str) -> str:
    """Return a module's header alone."""
    header = _HEADER.search(text)
    if header is None:
        raise ConfigError(f"module {name} has no header of hwgen's form", "rtl", "build it again")
    return f"(* blackbox *)\n{header[0]}endmodule\n"
