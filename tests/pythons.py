# SPDX-License-Identifier: Apache-2.0
"""Every version of Python that the package is for: what can be installed, and what its tests say.

Run by ``make test-pythons``; with ``--resolve`` (part of ``make test-ci``) nothing is installed.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
EXTRAS = "sim,synth,pack,explore,codec,dev"  # the others pin Python 3.11
TESTS = "not (ci or slow or fuzz or vendor or keras)"


def requirements() -> list[str]:
    """Return what the core and its simulations need."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return [*project["dependencies"], *project["optional-dependencies"]["sim"]]


def resolves(version: str) -> bool:
    """Tell whether the core and its simulations can be installed from wheels alone."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "--dry-run", "--only-binary", ":all:", "--python-version", version,
            "--target", folder, *requirements(),
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(f"Python {version}: {done.stderr}")
    return done.returncode == 0


def interpreter(version: str) -> str | None:
    """Return an interpreter of that version: on the path, or of pyenv."""
    places = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/python"))
    for found in (shutil.which(f"python{version}"), *map(str, places)):
        if found is None:
            continue
        words = [found, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.stdout.strip() == version:  # the name alone may lead nowhere
            return found
    return None


def tested(version: str, python: str) -> bool:
    """Run the quick tests in an environment of their own, and tell whether they pass."""
    home = ROOT / "out" / "pythons" / version
    inside = str(home / "bin" / "python")
    install = [inside, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = (
        [python, "-m", "venv", str(home)],
        [*install, "--editable", f".[{EXTRAS}]"],
        [inside, "-m", "pytest", "-q", "-n", "2", "--dist", "loadfile", "-m", TESTS],
    )
    return all(subprocess.run(step, cwd=ROOT, check=False).returncode == 0 for step in steps)


def main() -> int:
    """Resolve for every version; without ``--resolve`` also test on those that are here."""
    failed = [version for version in VERSIONS if not resolves(version)]
    print(f"core and simulation from wheels: Python {', '.join(VERSIONS)}; failed: {failed}")
    if "--resolve" in sys.argv[1:]:
        return len(failed)
    lacking = []
    for version in VERSIONS:
        python = interpreter(version)
        if python is None:
            lacking.append(version)
        elif not tested(version, python):
            failed.append(version)
    print(f"no interpreter here: {', '.join(lacking) or 'none lacks'}; failed: {failed}")
    return len(failed)


if __name__ == "__main__":
    sys.exit(main())
