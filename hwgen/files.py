# SPDX-License-Identifier: Apache-2.0
"""Files: sets of them in memory, output folders written whole or not at all, bytes of JSON and npz.

`FileSet` and `write_files` are the only places that write what a user keeps.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import tempfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from hwgen.errors import ConfigError

MARKER = "manifest.json"  # a folder with one is ours to replace
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class FileSet:
    """Relative POSIX paths and their bytes, sorted by path.

    Attributes:
        files: pairs of path and content.
    """

    files: tuple[tuple[str, bytes], ...] = ()

    def __post_init__(self) -> None:
        files = tuple(sorted(self.files))
        object.__setattr__(self, "files", files)
        paths = [path for path, _ in files]
        assert len(set(paths)) == len(paths), "two files of one path"
        for path in paths:
            pure = PurePosixPath(path)
            strange = pure.is_absolute() or ".." in pure.parts or "\\" in path or path == "."
            assert path == str(pure), f"no plain path: {path!r}"
            assert not strange, f"no relative path: {path!r}"

    @classmethod
    def of(cls, files: Mapping[str, bytes | str]) -> FileSet:
        """Return a set from a table; text is stored as UTF-8."""
        return cls(
            tuple((p, c.encode() if isinstance(c, str) else c) for p, c in files.items()),
        )

    def __or__(self, other: FileSet) -> FileSet:
        """Return both together; no path may be in both."""
        return FileSet(self.files + other.files)

    def __iter__(self) -> Iterator[tuple[str, bytes]]:
        return iter(self.files)

    def __getitem__(self, path: str) -> bytes:
        for name, content in self.files:
            if name == path:
                return content
        raise KeyError(path)

    @property
    def paths(self) -> tuple[str, ...]:
        """The paths, sorted."""
        return tuple(path for path, _ in self.files)

    def digest(self) -> str:
        """Return the SHA-256 over all paths and contents."""
        total = hashlib.sha256()
        for path, content in self.files:
            total.update(f"{path}\0{len(content)}\0".encode())
            total.update(content)
        return total.hexdigest()

    def write(self, folder: Path | str, keep: Iterable[str] = ()) -> Path:
        """Write every file below *folder* and return it; on any failure nothing has changed.

        The files are written to a temporary sibling, which then takes the folder's name. An
        existing folder is replaced only if it is empty or was made by hwgen; the paths in *keep*
        stay.

        Raises:
            ConfigError: the folder is someone else's, or cannot be written.
        """
        target = Path(folder).absolute()
        made: list[Path] = []
        scratch: Path | None = None
        done = False
        try:
            refuse_foreign(target)
            _make_parents(target.parent, made)
            scratch = Path(tempfile.mkdtemp(prefix=".hwgen-", dir=target.parent))
            fresh = scratch / "new"
            fresh.mkdir()
            for path, content in self.files:
                file = fresh / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            for path in keep:
                (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(target / path, fresh / path, follow_symlinks=False)
            _replace(target, fresh, scratch / "old")
            done = True
        except OSError as error:
            raise ConfigError(
                f"the output folder cannot be written ({error.strerror or error})",
                str(folder),
                "choose another folder with -o, or make its parent writable",
            ) from error
        finally:
            _tidy(scratch, [] if done else made, done)
        return target


def _tidy(scratch: Path | None, made: list[Path], done: bool) -> None:
    """Remove the scratch folder, and the parents that were made for nothing."""
    if scratch is not None:
        shutil.rmtree(scratch if done else scratch / "new", ignore_errors=True)
        # Not empty now: an old build whose name could not be given back. It stays.
        with contextlib.suppress(OSError):
            scratch.rmdir()
    for parent in reversed(made):
        with contextlib.suppress(OSError):
            parent.rmdir()


def refuse_foreign(target: Path) -> None:
    """Raise unless *target* is absent, empty or a folder that hwgen built.

    Raises:
        ConfigError: it is someone else's.
    """
    if not os.path.lexists(target):
        return
    hint = "choose another folder with -o, or remove this one yourself"
    if target.is_symlink() or not target.is_dir():
        raise ConfigError("the output must be a folder, and this is none", str(target), hint)
    if not any(target.iterdir()):
        return
    try:
        manifest = json.loads((target / MARKER).read_bytes())
    except (OSError, ValueError):
        manifest = None
    ours = isinstance(manifest, dict) and {"hwgen", "schema", "files"} <= set(manifest)
    if not ours:
        raise ConfigError(
            f"the folder is not empty and has no {MARKER} of hwgen, so it is not overwritten",
            str(target),
            hint,
        )


def refuse_in_build(path: Path, option: str) -> None:
    """Raise if a place that a user names lies in a build: nothing but verbs writes there.

    Raises:
        ConfigError: it does.
    """
    for folder in path.absolute().parents:
        if os.path.isfile(folder / MARKER) and os.path.isfile(folder / "design.json"):
            raise ConfigError(
                f"{path} lies in the build {folder}, which is hwgen's own",
                option,
                "choose a place outside of it",
            )


def _make_parents(folder: Path, made: list[Path]) -> None:
    """Create *folder*; what had to be made is added to *made*, outermost first."""
    missing: list[Path] = []
    while not folder.exists():
        missing.insert(0, folder)
        folder = folder.parent
    for path in missing:
        path.mkdir()
        made.append(path)


def _replace(target: Path, fresh: Path, old: Path) -> None:
    """Give *fresh* the name *target*; what was there becomes *old*, or comes back on failure."""
    there = target.exists()
    if there:
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if there:
            old.rename(target)
        raise


def npz_bytes(arrays: Mapping[str, npt.NDArray[Any]]) -> bytes:
    """Return an ``.npz`` of *arrays*; equal arrays give equal bytes on any machine.

    Members are sorted, dated 1980 and stored without compression, whose result depends on the zlib
    at hand.
    """
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            member = io.BytesIO()
            np.lib.format.write_array(  # type: ignore[no-untyped-call]
                member, np.asarray(arrays[name], order="C"), version=(1, 0), allow_pickle=False
            )
            info = zipfile.ZipInfo(f"{name}.npy", _ZIP_EPOCH)
            info.create_system = 3  # the same on every host
            info.external_attr = 0o644 << 16
            archive.writestr(info, member.getvalue())
    return out.getvalue()


def json_bytes(value: Any) -> bytes:
    """Return *value* as indented JSON with a final newline, keys in the order given.

    Lists of plain values stay on one line, so that long interval lists are readable and diff well.
    """
    return (_json(value, "") + "\n").encode()


def _json(value: Any, indent: str) -> str:
    inner = indent + "  "
    if isinstance(value, Mapping) and value:
        items = [f"{inner}{json.dumps(str(k))}: {_json(v, inner)}" for k, v in value.items()]
        return "{\n" + ",\n".join(items) + f"\n{indent}}}"
    nested = isinstance(value, list | tuple) and any(
        isinstance(v, Mapping | list | tuple) for v in value
    )
    if nested:
        flat = [json.dumps(v, allow_nan=False) for v in value]
        if all(len(text) < 60 for text in flat):
            lines = [inner + text for text in flat]
        else:
            lines = [inner + _json(v, inner) for v in value]
        return "[\n" + ",\n".join(lines) + f"\n{indent}]"
    return json.dumps(value, allow_nan=False)


def write_files(files: Mapping[Path, bytes], option: str) -> None:
    """Write every file under its name; what was there stays until all are complete.

    Args:
        files: path to content.
        option: what the user named them with, for messages. A place that was named with an option
            must not lie in a build.

    Raises:
        ConfigError: a place cannot be written, or holds something that is no file.
    """
    names = " and ".join(str(path) for path in files)
    if option.startswith("--"):
        for path in files:
            refuse_in_build(path, option)
    scratch: list[Path] = []
    kept: list[tuple[Path, Path]] = []
    done: list[Path] = []

    def beside(path: Path) -> Path:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".hwgen-")
        os.close(handle)
        scratch.append(Path(name))
        return scratch[-1]

    try:
        for path in files:
            if path.exists() and not path.is_file():  # a folder, or a device such as /dev/null
                raise OSError(0, "this is no regular file")
        fresh = {path: beside(path) for path in files}
        for path, content in files.items():
            fresh[path].write_bytes(content)
            fresh[path].chmod(0o644)
        for path, ready in fresh.items():
            if path.exists():
                old = beside(path)
                os.replace(path, old)
                kept.append((old, path))
            os.replace(ready, path)
            done.append(path)
    except OSError as error:
        raise ConfigError(
            f"{names} cannot be written ({error.strerror or error})",
            option,
            "choose a place you can write to",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            if len(done) < len(files):
                for path in done:
                    path.unlink()
                for old, path in kept:
                    os.replace(old, path)
        for path in scratch:
            with contextlib.suppress(OSError):
                path.unlink()


_HOLE = re.compile(r"@\{(\w+)\}")


def fill_template(template: str, **values: str) -> str:
    """Return *template* with every hole filled.

    A hole that stands alone on its line takes that line's indent for every line of its value, and
    vanishes with its line when the value is empty.

    >>> fill_template("a = @{x};", x="1")
    'a = 1;'
    """
    names = set(_HOLE.findall(template))
    assert names == set(values), f"holes and values differ: {sorted(names ^ set(values))}"
    out = []
    for line in template.splitlines():
        alone = re.fullmatch(r"(\s*)@\{(\w+)\}", line)
        if alone:
            value = values[alone[2]].splitlines()
            out += [alone[1] + part if part else "" for part in value]
        else:
            out.append(_HOLE.sub(lambda match: values[match[1]], line))
    return "\n".join(out) + ("\n" if template.endswith("\n") else "")


def make_folder(folder: Path) -> None:
    """Make a folder of a build.

    Raises:
        ConfigError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder} cannot be made ({error.strerror or error})",
            "OUT",
            "make the build folder writable, or copy it to where you can write",
        ) from error
