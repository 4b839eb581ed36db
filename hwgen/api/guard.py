# SPDX-License-Identifier: Apache-2.0
"""Guard of build folders: one verb at a time, and a rebuild that loses nothing of the user's."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from hwgen.errors import ConfigError
from hwgen.files import MARKER, FileSet, refuse_foreign, refuse_in_build

LOCK = ".hwgen-lock"
# What verbs leave in a build: of the report and of simulations it is made again, of the others it
# may have taken hours.
_AGAIN = ("report.", "sim/build/", LOCK)
_COSTLY = ("synth/", "ip/")


@contextlib.contextmanager
def at_work(folder: Path, verb: str) -> Iterator[None]:
    """Hold a build for one verb; another one that would write into it is refused meanwhile.

    Args:
        folder: of the build.
        verb: what to call this one, such as ``hwgen sim``.

    Raises:
        ConfigError: another verb is at work there; its name is in the message.
    """
    try:
        import fcntl

        handle = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except (ImportError, OSError):  # Windows, or a folder that cannot be written: told later
        yield
        return
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = os.read(handle, 200).decode("utf-8", "replace").strip() or "another verb"
            raise ConfigError(
                f"{other} is at work on this build",
                str(folder),
                "wait until it has ended, or work on a copy of the folder",
            ) from None
        os.truncate(handle, 0)
        os.pwrite(handle, f"{verb} (process {os.getpid()})".encode(), 0)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                (folder / LOCK).unlink()
    finally:
        os.close(handle)


def write_build(files: FileSet, out: Path, overwrite: bool) -> None:
    """Write a build; what an earlier one left in its folder and is not its own stays.

    Args:
        files: of the build.
        out: its folder.
        overwrite: lose what would be lost, instead of refusing.

    Raises:
        ConfigError: the folder is someone else's, lies in another build, is the one that the shell
            is in, or holds what would be lost: edited files, or results of another design.
    """
    target = out.absolute()
    check_place(target)
    if not os.path.isfile(target / MARKER):  # a name may be too long to ask
        files.write(out)
        return
    with at_work(target, "hwgen build"):
        kept, lost = _judged(target, files)
        if lost and not overwrite:
            shown = ", ".join(lost[:3]) + (f" and {len(lost) - 3} more" if len(lost) > 3 else "")
            raise ConfigError(
                f"the folder holds what a rebuild would lose: {shown}",
                str(out),
                "--overwrite replaces it; or choose another folder with -o",
            )
        files.write(out, keep=kept)


def check_place(target: Path) -> None:
    """Refuse a folder that a build cannot be written to, before the work begins.

    Raises:
        ConfigError: as `write_build`.
    """
    with contextlib.suppress(OSError):
        here = Path.cwd()
        if target.resolve() == here or target.resolve() in here.parents:
            raise ConfigError(
                "the output folder would replace the one that you are in",
                str(target),
                "name a folder below it, such as -o out",
            )
    refuse_foreign(target)
    refuse_in_build(target, "--out")


def _judged(target: Path, files: FileSet) -> tuple[list[str], list[str]]:
    """Return the paths that stay, and those that would be lost."""
    known = _manifest(target)
    fresh = {path: hashlib.sha256(content).hexdigest() for path, content in files}
    same_rtl = _rtl(known) == _rtl(fresh)
    kept, lost = [], []
    for file in sorted(target.rglob("*")):
        path = file.relative_to(target).as_posix()
        if not (file.is_file() or file.is_symlink()) or path == MARKER or path.startswith(_AGAIN):
            continue
        if "__pycache__" in file.parts:
            continue
        if path in known:
            changed = hashlib.sha256(file.read_bytes()).hexdigest() != known[path]
            lost += [f"{path} (edited)"] if changed else []
        elif path.startswith(_COSTLY) and not same_rtl:
            lost.append(f"{path} (of another design)")
        elif path in fresh:
            lost.append(path)
        else:
            kept.append(path)
    return kept, lost


def _manifest(folder: Path) -> Mapping[str, str]:
    found = json.loads((folder / MARKER).read_text("utf-8"))["files"]
    return {str(path): str(value) for path, value in found.items()}


def _rtl(digests: Mapping[str, str]) -> Mapping[str, str]:
    return {path: value for path, value in digests.items() if path.startswith("rtl/")}
