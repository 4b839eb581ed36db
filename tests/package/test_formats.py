# SPDX-License-Identifier: Apache-2.0
"""Every packaging format for every kind of core: one that lists itself is held to all this."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hwgen import paths
from hwgen.package.build import CHOICES, FORMATS, choices_of, package
from hwgen.package.codec_engine.ip import codec_ip
from hwgen.package.formats import Format
from hwgen.package.ip_core import IpCore
from tests.package.codec_package import KINDS
from tests.package.codec_package import package as codec_packaged
from tests.package.conftest import Packed

KINDS_OF_CORE = ("network", "engine")


@pytest.fixture(scope="module")
def cores(tiny: Packed, tmp_path_factory: pytest.TempPathFactory) -> dict[str, IpCore]:
    assert "planned" in KINDS
    engine = codec_packaged(tmp_path_factory.mktemp("engine"), "planned")
    return {"network": tiny.whole, "engine": codec_ip(engine.core)}


@pytest.mark.parametrize("kind", KINDS_OF_CORE)
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_a_format_adds_files_of_its_own(form: Format, kind: str, cores: dict[str, IpCore]) -> None:
    core = cores[kind]
    if form.optional and form.name not in choices_of(core):
        return  # this kind of core cannot have it, which the command line says
    asked = [form.name] if form.optional else []
    whole = package(core, asked)
    assert package(core, asked) == whole  # the same core gives the same bytes
    if form.optional:
        plain = package(core, [])
        assert set(whole.paths) > set(plain.paths)
    text = b"".join(content for _, content in whole)
    for place in (str(paths.rtl()), str(Path.home()), "/tmp/"):
        assert place.encode() not in text
    assert not re.search(rb"20\d\d-\d\d-\d\d[T ]\d\d:", text)
    assert all(not Path(path).is_absolute() and ".." not in path for path in whole.paths)


def test_formats_have_names_of_their_own() -> None:
    names = [form.name for form in FORMATS]
    assert len(set(names)) == len(names)
    assert set(CHOICES) == {form.name for form in FORMATS if form.optional}


@pytest.mark.parametrize("kind", KINDS_OF_CORE)
def test_a_file_belongs_to_one_format(kind: str, cores: dict[str, IpCore]) -> None:
    core = cores[kind]
    owner: dict[str, str] = {}
    for form in FORMATS:
        if form.optional and form.name not in choices_of(core):
            continue
        part = form.files(core)
        for path in part.paths:
            assert path not in owner, f"{path} is of {owner[path]} and of {form.name}"
            owner[path] = form.name
        core = core.with_part(part.paths, form.section(core))
